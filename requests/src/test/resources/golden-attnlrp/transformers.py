"""Own program of the AttnLRP rules in gradient x input form, and the same networks in several spellings."""
import torch, math, numpy as np, os, sys
import torch.nn as nn, torch.nn.functional as F
torch.set_default_dtype(torch.float64); torch.manual_seed(0)
class Scale(torch.autograd.Function):   # gradient times a factor
    @staticmethod
    def forward(ctx,x,f): ctx.f=f; return x.clone()
    @staticmethod
    def backward(ctx,g): return g*ctx.f, None
class Ident(torch.autograd.Function):   # identity rule: gradient f(x)/x
    @staticmethod
    def forward(ctx,x,y): ctx.save_for_backward(x,y); return y.clone()
    @staticmethod
    def backward(ctx,g): x,y=ctx.saved_tensors; return g*y/x, None
def act(f,x): return Ident.apply(x,f(x).detach())
def ln(x,w,b,eps=1e-5):
    m=x.mean(-1,keepdim=True); s=(x.var(-1,unbiased=False,keepdim=True)+eps).sqrt().detach()
    y=(x-m)/s*w
    return y+b if b is not None else y
def rms(x,w,eps=1e-6): return x*torch.rsqrt(x.pow(2).mean(-1,keepdim=True)+eps).detach()*w
class Cfg: pass
def rope(x,cos,sin):
    h=x.shape[-1]//2; r=torch.cat((-x[...,h:],x[...,:h]),-1); return x*cos+r*sin
class Enc(nn.Module):
    """spelling: fused | parts | hand | einsum | baddbmm ; kind: bert|llama; mask: none|causal|bool|float"""
    def __init__(s,spelling,kind,mask,W,bias=True,heads=2,kv=2,d=8):
        super().__init__(); s.sp=spelling; s.kind=kind; s.mask=mask; s.h=heads; s.kv=kv; s.d=d
        for k,v in W.items(): s.register_buffer(k.replace('.','_'),v)
        T=5
        m=torch.zeros(T,T)
        if mask=='causal': mm=torch.ones(T,T,dtype=torch.bool).tril()
        elif mask=='bool':
            mm=torch.ones(T,T,dtype=torch.bool); mm[:,3]=False
        else: mm=torch.ones(T,T,dtype=torch.bool)
        s.register_buffer('bm',mm)
        fm=torch.zeros(T,T).masked_fill(~mm,float('-inf'))
        if mask=='float': fm=W['fm'].clone()
        s.register_buffer('fmask',fm); s.register_buffer('zb',torch.zeros(2*heads,T,T))
        hd=d//heads
        ang=torch.arange(T)[:,None]*torch.exp(-torch.arange(hd//2)/2.)[None]; ang=torch.cat((ang,ang),-1)
        s.register_buffer('cos',ang.cos()); s.register_buffer('sin',ang.sin())
    def norm(s,x,i,ref):
        w=getattr(s,f'n{i}w'); b=getattr(s,f'n{i}b')
        if s.kind=='llama':
            if ref: return rms(x,w)
            if s.sp=='fused': return F.rms_norm(x,(s.d,),w,1e-6)
            v=x.pow(2).mean(-1,keepdim=True)
            return w*(x*torch.rsqrt(v+1e-6))
        if ref: return ln(x,w,b)
        if s.sp=='hand':
            m=x.mean(-1,keepdim=True); c=x-m; v=c.pow(2).mean(-1,keepdim=True)
            return c/torch.sqrt(v+1e-5)*w+b
        if s.sp=='einsum':
            m=x.mean(-1,keepdim=True); v=x.var(-1,unbiased=False,keepdim=True)
            return (x-m)*torch.rsqrt(v+1e-5)*w+b
        return F.layer_norm(x,(s.d,),w,b)
    def attn(s,x,i,ref,cp):
        B,T,_=x.shape; hd=s.d//s.h
        q=F.linear(x,getattr(s,f'q{i}')).view(B,T,s.h,hd).transpose(1,2)
        k=F.linear(x,getattr(s,f'k{i}')).view(B,T,s.kv,hd).transpose(1,2)
        v=F.linear(x,getattr(s,f'v{i}')).view(B,T,s.kv,hd).transpose(1,2)
        if s.kind=='llama': q=rope(q,s.cos,s.sin); k=rope(k,s.cos,s.sin)
        if ref:
            if cp: q=q.detach(); k=k.detach()
            else: q=Scale.apply(q,.25); k=Scale.apply(k,.25); v=Scale.apply(v,.5)
        if s.sp=='fused' and not ref:
            m=None
            if s.mask=='bool': m=s.bm
            if s.mask=='float': m=s.fmask
            if s.kv!=s.h: o=F.scaled_dot_product_attention(q,k,v,attn_mask=m,is_causal=s.mask=='causal',enable_gqa=True)
            else: o=F.scaled_dot_product_attention(q,k,v,attn_mask=m,is_causal=s.mask=='causal')
        else:
            if s.kv!=s.h:
                g=s.h//s.kv
                if s.sp=='hand' and not ref:
                    k=k[:,:,None].expand(B,s.kv,g,T,hd).reshape(B,s.h,T,hd); v=v[:,:,None].expand(B,s.kv,g,T,hd).reshape(B,s.h,T,hd)
                else: k=k.repeat_interleave(g,1); v=v.repeat_interleave(g,1)
            if s.sp=='einsum' and not ref: a=torch.einsum('bhid,bhjd->bhij',q,k)/math.sqrt(hd)
            elif s.sp=='baddbmm' and not ref:
                z=s.zb
                a=torch.baddbmm(z,q.reshape(B*s.h,T,hd),k.reshape(B*s.h,T,hd).transpose(1,2),alpha=1/math.sqrt(hd)).view(B,s.h,T,T)
            elif s.sp=='hand' and not ref: a=(q*(1/math.sqrt(hd)))@k.transpose(-2,-1)
            else: a=q@k.transpose(-2,-1)*(1/math.sqrt(hd))
            if s.mask=='float':
                a=a+s.fmask
            elif s.mask!='none':
                a=a+s.fmask if s.sp=='hand' else a.masked_fill(~s.bm,float('-inf'))
            a=a.softmax(-1)
            if s.sp=='einsum' and not ref: o=torch.einsum('bhij,bhjd->bhid',a,v)
            elif s.sp=='baddbmm' and not ref: o=torch.bmm(a.view(B*s.h,T,T),v.reshape(B*s.h,T,hd)).view(B,s.h,T,hd)
            else: o=a@v
        return F.linear(o.transpose(1,2).reshape(B,T,s.d),getattr(s,f'o{i}'))
    def mlp(s,x,i,ref,cp):
        u=F.linear(x,getattr(s,f'u{i}'),getattr(s,f'ub{i}'))
        if s.kind=='llama':
            g=F.linear(x,getattr(s,f'g{i}'))
            if ref:
                g=act(F.silu,g)
                p= g.detach()*u if cp else Scale.apply(g*u,.5)
            elif s.sp=='hand': p=(g*torch.sigmoid(g))*u
            else: p=F.silu(g)*u
        else:
            if ref: p=act(F.gelu,u)
            elif s.sp=='hand': p=u*0.5*(1.0+torch.erf(u/math.sqrt(2.0)))
            elif s.sp=='einsum': p=0.5*u*(1.0+torch.erf(u*(1/math.sqrt(2.0))))
            else: p=F.gelu(u)
        return F.linear(p,getattr(s,f'd{i}'))
    def run(s,x,ref:bool,cp:bool):
        x=x+s.pos
        for i in range(2):
            x=x+s.attn(s.norm(x,2*i,ref),i,ref,cp)
            x=x+s.mlp(s.norm(x,2*i+1,ref),i,ref,cp)
        x=s.norm(x,4,ref)
        return F.linear(x.mean(1) if s.kind=='bert' else x[:,-1],s.head,s.headb)
    def forward(s,x): return s.run(x,False,False)
def weights(kind,d=8,kv=2,heads=2):
    W={}; n=lambda *sh: torch.randn(*sh)/math.sqrt(sh[-1])
    hd=d//heads
    for i in range(2):
        W[f'q{i}']=n(d,d)*2; W[f'k{i}']=n(kv*hd,d)*2; W[f'v{i}']=n(kv*hd,d); W[f'o{i}']=n(d,d)
        W[f'u{i}']=n(16,d); W[f'ub{i}']=torch.randn(16)*.1; W[f'd{i}']=n(d,16); W[f'g{i}']=n(16,d)
    for i in range(5): W[f'n{i}w']=1+.2*torch.randn(d); W[f'n{i}b']=.1*torch.randn(d)
    W['head']=n(4,d); W['headb']=torch.randn(4)*.1; W['pos']=.1*torch.randn(5,d); W['fm']=torch.randn(5,5)*.5
    W['fm'][0,3]=float('-inf')
    return W
cases=[]
for kind,mask,kv in [('bert','none',2),('bert','bool',2),('bert','float',2),('llama','causal',2),('llama','causal',1)]:
    torch.manual_seed(hash((kind,mask,kv))%1000 if False else len(cases))
    W=weights(kind,kv=kv); x=torch.randn(2,5,8)
    ref=Enc('parts',kind,mask,W,kv=kv)
    out={}
    for cp in (False,True):
        xx=x.clone().requires_grad_(); y=ref.run(xx,True,cp); t=y.argmax(1)
        g,=torch.autograd.grad(y.gather(1,t[:,None]).sum(),xx); out[cp]=(g*xx).detach()
    seed=torch.zeros_like(y).scatter(1,t[:,None],y.gather(1,t[:,None])).detach()
    for sp in ('fused','parts','hand','einsum','baddbmm'):
        m=Enc(sp,kind,mask,W,kv=kv).eval()
        assert (m(x)-y).abs().max()<1e-12,(kind,mask,sp)
        name=f'{kind}_{mask}_{kv}_{sp}'
        tr=torch.jit.trace(m,(x,)); tr.save(f'/tmp/at/{name}.pt')
        cases.append((name,))
        np.savez(f'/tmp/at/{name}.npz',x=x.numpy(),seed=seed.numpy(),attn_lrp=out[False].numpy(),cp_lrp=out[True].numpy(),y=y.detach().numpy())
print(len(cases))
