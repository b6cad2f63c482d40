# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""Holds attn_lrp against the explicit rules of LXT, on small networks of the transformers library, layer by layer.

It is no part of the build. It needs lxt 2.1, which can be imported with transformers 4 only:

    python3 -m venv /tmp/lxt && /tmp/lxt/bin/pip install lxt==2.1 transformers==4.57.6 torch==2.10.0 numpy
    /tmp/lxt/bin/python examples/lxt/compare.py FOLDER [--zennit4j bin/zennit4j]

FOLDER then holds the networks (traced, float64), LXT's relevances and index.json, which `zennit4j run` reads; with --zennit4j
it is run, and the largest difference of each layer is printed. requests/src/test/resources/golden-lxt is such a folder.

The networks are those of transformers, unchanged: each function that they call is exchanged for LXT's function of the same
meaning while they run. LXT adds its epsilon whatever the sign of the denominator; it is given 1e-20 here, as attn_lrp has it, and
the column "default" says how far LXT with its own numbers (1e-6 and 1e-8) is from that. Its RMSNorm computes in float32 whatever it
is given; here it is computed in float64, with LXT's rule.
"""
import argparse
import contextlib
import json
import math
import pathlib
import subprocess
import zipfile

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from lxt.explicit import functional as lf
from lxt.explicit import rules
from torch.overrides import TorchFunctionMode
from transformers.models.llama.modeling_llama import LlamaRMSNorm

SIZES = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2)
TINY = 1e-20
ADD = {torch.add, torch.Tensor.add, torch.Tensor.__add__, torch.Tensor.__radd__, torch.Tensor.__iadd__, torch.Tensor.add_}
MUL = {torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__, torch.Tensor.__imul__}
DIV = {torch.div, torch.Tensor.div, torch.Tensor.__truediv__, torch.Tensor.__div__}
NEG = {torch.neg, torch.Tensor.neg, torch.Tensor.__neg__}
MATMUL = {torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.bmm}
SOFTMAX = {F.softmax, torch.softmax, torch.Tensor.softmax}
ACTIVATIONS = {F.gelu, F.silu, F.relu, torch.tanh, torch.Tensor.tanh, torch._C._nn.gelu, torch._C._nn.silu}


class Explicit(TorchFunctionMode):
    """Calls LXT's explicit rules in the place of functions; epsilon None keeps LXT's own."""

    def __init__(self, epsilon):
        super().__init__()
        self.epsilon = epsilon

    def eps(self, own):
        return own if self.epsilon is None else self.epsilon

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = [a for a in args if isinstance(a, torch.Tensor)]
        if not any(a.requires_grad for a in given):
            return func(*args, **kwargs)
        a, b = args[0], args[1] if len(args) > 1 else None
        if func in (F.linear, torch._C._nn.linear):
            bias = args[2] if len(args) > 2 else kwargs.get("bias")
            return lf.linear_epsilon(a, b, bias, self.eps(1e-6))
        if func in MATMUL:
            return lf.matmul(a, b, False, self.eps(1e-8))
        if func in ADD and len(given) == 2:
            return lf.add2(a, b, False, self.eps(1e-8))
        if func in MUL:
            return lf.mul2(a, b)
        if func in DIV:
            return lf.mul2(a, 1 / b)
        if func in NEG:
            return lf.mul2(a, -1)
        if func in SOFTMAX:
            return lf.softmax(a, kwargs.get("dim", b), kwargs.get("dtype"))
        if func in (F.layer_norm, torch.layer_norm):
            given = dict(zip(("weight", "bias", "eps"), args[2:]), **kwargs)
            weight, bias, eps = given.get("weight"), given.get("bias"), given.get("eps", 1e-5)
            return lf.layer_norm_grad_fn.apply(a, weight, bias, eps, self.eps(1e-6))
        if func in ACTIVATIONS:
            return rules.identity(lambda x: func(x, *args[1:], **kwargs), a)
        if func in (F.conv2d, torch.conv2d):
            return rules.epsilon_lrp(lambda x: func(x, *args[1:], **kwargs), self.eps(1e-8), a)
        return func(*args, **kwargs)


class Double(TorchFunctionMode):
    """Transformers computes softmax and rotary angles in float32 whatever it is given; here in float64."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in SOFTMAX and kwargs.get("dtype") == torch.float32:
            kwargs["dtype"] = None
        if func is torch.Tensor.float:
            return args[0].double()
        return func(*args, **kwargs)


class IdentityRms(torch.autograd.Function):
    """LXT's rms_norm_identity without its detour through float32."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps))

    @staticmethod
    def backward(ctx, relevance):
        return relevance, None, None


class Net(torch.nn.Module):
    def __init__(self, model, kind):
        super().__init__()
        self.model = model
        self.kind = kind
        self.register_buffer("seen", torch.tensor([[1, 1, 1, 1, 0]]))
        # Given whole: the way in which transformers makes a causal mask cannot be traced.
        later = torch.full((1, 1, 5, 5), -math.inf).triu(1) if kind == "llama" else torch.zeros(1)
        self.register_buffer("causal", later.double())
        self.register_buffer("positions", torch.arange(5)[None])

    def forward(self, x):
        if self.kind == "vit":
            return self.model(pixel_values=x).logits
        if self.kind == "bert":
            return self.model(inputs_embeds=x, attention_mask=self.seen).logits
        more = dict(attention_mask=self.causal, position_ids=self.positions, use_cache=False)
        return self.model(inputs_embeds=x, **more).logits[:, -1]


def plain_rms(self, x):
    """As in transformers, but in the dtype of its input."""
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def build(kind, attention):
    more = dict(attn_implementation=attention)
    if kind == "vit":
        config = transformers.ViTConfig(**SIZES, intermediate_size=12, image_size=6, patch_size=3, num_labels=4, **more)
        model = transformers.ViTForImageClassification(config)
    elif kind == "bert":
        config = transformers.BertConfig(
            **SIZES, intermediate_size=12, vocab_size=7, max_position_embeddings=6, num_labels=4, **more
        )
        model = transformers.BertForSequenceClassification(config)
    else:
        config = transformers.LlamaConfig(
            **SIZES, intermediate_size=12, vocab_size=7, num_key_value_heads=1, max_position_embeddings=6, **more
        )
        model = transformers.LlamaForCausalLM(config)
    generator = torch.Generator().manual_seed(len(kind))
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias"):
            parameter.data = 0.1 * noise
        elif parameter.dim() == 1:
            parameter.data = 1 + 0.2 * noise
        else:
            # Scores of some size, so that the attention is not uniform.
            sharp = 2 if any(part in name for part in ("query", "key", "q_proj", "k_proj")) else 1
            parameter.data = sharp * noise / math.sqrt(parameter[0].numel())
    for module in model.modules():
        if isinstance(module, LlamaRMSNorm):
            module.forward = plain_rms.__get__(module)
    return Net(model.double().eval(), kind).double().eval()


def watch(net, found):
    """Keeps the relevance at the outputs of all modules that make one tensor."""
    handles = []

    def hook(name):
        def keep(module, inputs, output):
            first = output[0] if isinstance(output, tuple) else output
            if isinstance(first, torch.Tensor) and first.requires_grad:
                # retain_grad would keep what LXT's layer norm differentiates inside of its own backward.
                first.register_hook(lambda r: found.__setitem__(name, r.clone()))

        return keep

    for name, module in net.named_modules():
        if name and not isinstance(module, (torch.nn.Dropout, torch.nn.Identity)):
            handles.append(module.register_forward_hook(hook(name)))
    return handles


@contextlib.contextmanager
def identity_rms(net):
    norms = [m for m in net.modules() if isinstance(m, LlamaRMSNorm)]
    for m in norms:
        m.forward = lambda x, m=m: IdentityRms.apply(x, m.weight, m.variance_epsilon)
    try:
        yield
    finally:
        for m in norms:
            m.forward = plain_rms.__get__(m)


def explain(net, x, epsilon):
    found = {}
    handles = watch(net, found)
    leaf = x.clone().requires_grad_()
    with identity_rms(net), Explicit(epsilon), Double():
        output = net(leaf)
    seed = torch.zeros_like(output)
    best = output.argmax(1, keepdim=True)
    seed.scatter_(1, best, output.detach().gather(1, best))
    output.backward(seed)
    for handle in handles:
        handle.remove()
    layers = {name: found[name] for name, _ in net.named_modules() if name in found}
    return output.detach(), seed, leaf.grad, layers


def save(traced, file):
    """Without the places in Python's sources, which are half of the file."""
    whole = file.with_suffix(".whole")
    traced.save(str(whole))
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(file, "w") as write:
        for entry in read.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                write.writestr(entry, read.read(entry))
    whole.unlink()


def gap(a, b):
    return float(np.abs(a - b).max() / np.abs(b).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--zennit4j", help="the launcher, to be run on what was written")
    options = parser.parse_args()
    (options.folder / "models").mkdir(parents=True, exist_ok=True)
    (options.folder / "data").mkdir(exist_ok=True)
    models, cases, by_default = {}, [], {}
    for kind in ("vit", "bert", "llama"):
        net = build(kind, "eager")
        for parameter in net.parameters():
            parameter.requires_grad_(False)
        generator = torch.Generator().manual_seed(1)
        shape = (1, 3, 6, 6) if kind == "vit" else (1, 5, 8)
        x = torch.randn(shape, generator=generator).double()
        with torch.no_grad(), Double():
            plain = net(x)
        output, seed, relevance, layers = explain(net, x, TINY)
        assert (plain - output).abs().max() < 1e-12, kind
        _, _, other, others = explain(net, x, None)
        by_default[kind] = gap(other.numpy(), relevance.numpy())
        arrays = {"input": x, "seed": seed, "output": output, "relevance_0": relevance}
        names = {}
        for name, r in layers.items():
            arrays["layer_" + name.replace(".", "_")] = r
            names[name] = {"input": None, "output": "layer_" + name.replace(".", "_")}
        np.savez_compressed(options.folder / "data" / f"{kind}.npz", **{k: v.numpy() for k, v in arrays.items()})
        for attention in ("eager", "sdpa"):
            other_net = build(kind, attention)
            with Double():
                traced = torch.jit.trace(other_net, x, check_trace=False)
            save(traced, options.folder / "models" / f"{kind}-{attention}.pt")
            models[f"{kind}-{attention}"] = {"scripted": None, "traced": f"models/{kind}-{attention}.pt"}
            cases.append(
                {
                    "id": f"{kind}-{attention}",
                    "group": "lxt",
                    "model": f"{kind}-{attention}",
                    "data": f"data/{kind}.npz",
                    "dtype": "float64",
                    "inputs": ["input"],
                    "target": {"seed": "seed"},
                    "attributor": {"type": "gradient"},
                    "composite": {"type": "named", "name": "attn_lrp"},
                    "expect": {"output": "output", "relevance": ["relevance_0"], "layers": names},
                    "tolerance": {"of_maximum": 1e-12},
                }
            )
    index = {
        "format": 1,
        "title": "AttnLRP of small networks of the transformers library",
        "reference": "the explicit rules of LXT 2.1 in double precision; made by examples/lxt/compare.py",
        "models": models,
        "cases": cases,
    }
    (options.folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    if not options.zennit4j:
        return
    result = options.folder / "zennit4j"
    subprocess.run([options.zennit4j, "run", str(options.folder / "index.json"), "--output", str(result)], check=True)
    for case in cases:
        arrays = np.load(options.folder / case["data"])
        folder = result / case["id"]
        print(f"{case['id']}: output {gap(np.load(folder / 'output.npy'), arrays['output']):.1e}, relevance "
              f"{gap(np.load(folder / 'relevance.0.npy'), arrays['relevance_0']):.1e}, default "
              f"{by_default[case['id'].split('-')[0]]:.1e}")
        for name, files in case["expect"]["layers"].items():
            file = folder / f"layer.{name}.output.npy"
            wanted = arrays[files["output"]]
            found = np.load(file).reshape(wanted.shape) if file.exists() else None
            sums = f"sum {wanted.sum():9.5f}"
            print(f"  {name:60s} {sums} {'missing' if found is None else f'{gap(found, wanted):.1e}'}")


if __name__ == "__main__":
    main()
