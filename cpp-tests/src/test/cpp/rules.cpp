/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules.h"

#include <map>
#include <mutex>

namespace oracle {

namespace {

Tensor positive_part(const Tensor& x) { return x.clamp_min(0); }

Tensor negative_part(const Tensor& x) { return x.clamp_max(0); }

/** +1 where x reaches the threshold, else -1. */
Tensor sign_of(const Tensor& x, const Tensor& threshold) {
  return x.ge(threshold).to(x.scalar_type()).mul_(2).sub_(1);
}

Tensor sign_of(const Tensor& x, double threshold = 0) { return x.ge(threshold).to(x.scalar_type()).mul_(2).sub_(1); }

bool is_nonnegative(const Tensor& x) { return x.numel() > 0 && x.min().item<double>() >= 0; }

Tensor apply(Tensor (*change)(const Tensor&), const Tensor& parameter) {
  return parameter.defined() ? change(parameter) : parameter;
}

Parameters apply(Tensor (*change)(const Tensor&), const Parameters& p) {
  return {apply(change, p.weight), apply(change, p.bias)};
}

Parameters without_bias(const Parameters& p) { return {p.weight, Tensor()}; }

/** s(z): z + epsilon sign(z), or sign(z) max(|z|, epsilon); epsilon may be relative to the size of z. */
class Stabilizer {
 public:
  explicit Stabilizer(double epsilon) : epsilon_(epsilon) {}

  Stabilizer(const json& rule, const std::string& key) : epsilon_(1e-6) {
    if (!rule.contains(key)) {
      return;
    }
    const json& value = rule[key];
    if (value.is_number()) {
      epsilon_ = value;
      return;
    }
    epsilon_ = value.value("epsilon", 1e-6);
    clip_ = value.value("clip", false);
    norm_scale_ = value.value("norm_scale", false);
    if (value.contains("dim") && !value["dim"].is_null()) {
      dim_ = value["dim"].get<std::vector<int64_t>>();
    }
  }

  Tensor operator()(const Tensor& z) const {
    if (!norm_scale_) {
      return clip_ ? sign_of(z).mul(z.abs().clamp_min(epsilon_)) : z.add(sign_of(z).mul_(epsilon_));
    }
    std::vector<int64_t> dims;
    for (int64_t i = 1; i < z.dim(); i++) {
      dims.push_back(i);
    }
    Tensor squares = z.mul(z);
    Tensor scale = dim_ || !dims.empty() ? at::mean(squares, dim_.value_or(dims), true).sqrt() : squares.sqrt();
    Tensor scaled = scale.mul(epsilon_);
    return clip_ ? sign_of(z).mul(at::maximum(z.abs(), scaled)) : z.add(sign_of(z).mul(scaled));
  }

 private:
  double epsilon_;
  bool clip_ = false;
  bool norm_scale_ = false;
  std::optional<std::vector<int64_t>> dim_;
};

/** What the rules with parameters have in common. */
class ParameterRule : public Rule {
 protected:
  ParameterRule(const json& spec, std::shared_ptr<Layer> layer, const std::string& stabilizer = "stabilizer")
      : Rule(std::move(layer)), linear_(dynamic_cast<const LinearMap*>(&this->layer())), s_(spec, stabilizer) {
    if (spec.contains("zero_params")) {
      const json& names = spec["zero_params"];
      for (auto [name, zero] : {std::pair{"weight", &zero_weight_}, {"bias", &zero_bias_}}) {
        if (names.is_string()) {
          *zero = names.get<std::string>().find(name) != std::string::npos;
        } else {
          *zero = std::find(names.begin(), names.end(), name) != names.end();
        }
      }
    }
  }

  /** The modified parameters, those that count as zero set to zero. */
  Parameters zeroed(const Parameters& p) const {
    return {
        zero_weight_ && p.weight.defined() ? at::zeros_like(p.weight) : p.weight,
        zero_bias_ && p.bias.defined() ? at::zeros_like(p.bias) : p.bias};
  }

  /** The layer's own output with the parameters that count. */
  Tensor output(const Tensor& x, const Tensor& z, const Parameters& p) const {
    return zero_weight_ || zero_bias_ ? layer().forward(x, p) : z;
  }

  /** Whether no parameter counts as zero. */
  bool all_count() const { return !zero_weight_ && !zero_bias_; }

  /** Whether the second halves of the rules, for negative inputs, can be left out. */
  bool first_halves_suffice(const Tensor& x) const { return linear_ != nullptr && is_nonnegative(x); }

  /** A tensor that depends on the shape of one sample only. */
  Tensor for_shape(const Tensor& x, const std::function<Tensor()>& make) const {
    std::vector<int64_t> shape = x.sizes().slice(1).vec();
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = shapes_.find(shape);
    return found != shapes_.end() ? found->second : shapes_.emplace(shape, make()).first->second;
  }

  /** Null where the layer is no linear map. */
  const LinearMap* linear_;
  Stabilizer s_;

 private:
  bool zero_weight_ = false;
  bool zero_bias_ = false;
  mutable std::mutex mutex_;
  mutable std::map<std::vector<int64_t>, Tensor> shapes_;
};

/** R_x = x * W^T(R / s(z)) by share of the output; with the default stabilizer, Z and Norm. */
class Share : public ParameterRule {
 public:
  Share(const json& spec, std::shared_ptr<Layer> layer, const std::string& stabilizer = "stabilizer")
      : ParameterRule(spec, std::move(layer), stabilizer), p_(zeroed(this->layer().parameters())) {}

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    return x.mul(layer().adjoint(r.div(s_(output(x, z, p_))), x, p_));
  }

 protected:
  Parameters p_;
};

/** Epsilon; small matrix products of rows, a classifier's last layers, share out in double precision. */
class Epsilon : public Share {
 public:
  Epsilon(const json& spec, std::shared_ptr<Layer> layer) : Share(spec, std::move(layer), "epsilon") {
    if (linear_ != nullptr && !linear_->is_convolution() && p_.weight.scalar_type() == torch::kFloat &&
        p_.weight.numel() <= 1 << 22) {
      wide_.weight = p_.weight.to(torch::kDouble);
    }
  }

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    if (!wide_.weight.defined() || x.dim() > 2) {
      return Share::relevance(x, z, r);
    }
    Tensor q = r.to(torch::kDouble).div(s_(output(x, z, p_).to(torch::kDouble)));
    return x.mul(layer().adjoint(q, x, wide_)).to(x.scalar_type());
  }

 private:
  Parameters wide_;
};

/** R_x = x * W^T(R / (z + e sign(z))) with e = factor * std(x) of each sample; where e is 0, s(z). */
class StdxEpsilon : public ParameterRule {
 public:
  StdxEpsilon(const json& spec, std::shared_ptr<Layer> layer)
      : ParameterRule(spec, std::move(layer)),
        factor_(spec.value("factor", 0.25)),
        p_(zeroed(this->layer().parameters())) {}

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    std::vector<int64_t> axes;
    for (int64_t i = x.dim() > 1 ? 1 : 0; i < x.dim(); i++) {
      axes.push_back(i);
    }
    Tensor constant = at::amax(x, axes).eq(at::amin(x, axes));
    Tensor deviation = at::std(x, axes, /*unbiased=*/false).masked_fill(constant, 0);
    Tensor own = output(x, z, p_);
    std::vector<int64_t> shape(own.dim(), 1);
    if (x.dim() > 1) {
      shape[0] = x.size(0);
    }
    Tensor e = deviation.mul(factor_).reshape(shape);
    Tensor denominator = at::where(e.eq(0), s_(own), own.add(sign_of(own).mul_(e)));
    return x.mul(layer().adjoint(r.div(denominator), x, p_));
  }

 private:
  double factor_;
  Parameters p_;
};

/** R_x = sign(x - mu) * W^T(R / s(z)); SIGN has mu = 0. */
class SignMu : public ParameterRule {
 public:
  SignMu(const json& spec, std::shared_ptr<Layer> layer, const Arrays& arrays)
      : ParameterRule(spec, std::move(layer)), p_(zeroed(this->layer().parameters())) {
    if (spec.contains("mu") && spec["mu"].is_string()) {
      mu_ = arrays.get(spec["mu"]);
    } else {
      number_ = spec.value("mu", 0.0);
    }
  }

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    Tensor signs = mu_.defined() ? sign_of(x, mu_.to(x.scalar_type())) : sign_of(x, number_);
    return signs.mul_(layer().adjoint(r.div(s_(output(x, z, p_))), x, p_));
  }

 private:
  double number_ = 0;
  Tensor mu_;
  Parameters p_;
};

/** R_x = x+ * W+^T(q) + x- * W-^T(q), q = R / s(W+ x+ + W- x- + b+). */
class ZPlus : public ParameterRule {
 public:
  ZPlus(const json& spec, std::shared_ptr<Layer> layer)
      : ParameterRule(spec, std::move(layer)),
        plus_(zeroed(apply(positive_part, this->layer().parameters()))),
        minus_(without_bias(zeroed(apply(negative_part, this->layer().parameters())))) {}

  Tensor relevance(const Tensor& x, const Tensor&, const Tensor& r) const override {
    if (first_halves_suffice(x)) {
      return x.mul(layer().adjoint(r.div(s_(layer().forward(x, plus_))), x, plus_));
    }
    Tensor xp = positive_part(x);
    Tensor xm = negative_part(x);
    Tensor q = r.div(s_(layer().forward(xp, plus_).add(layer().forward(xm, minus_))));
    return xp.mul(layer().adjoint(q, xp, plus_)).add(xm.mul(layer().adjoint(q, xm, minus_)));
  }

 private:
  Parameters plus_;
  Parameters minus_;
};

/** R_x = alpha * [ZPlus] - beta * [the same with W- x+ + W+ x- + b-]. */
class AlphaBeta : public ParameterRule {
 public:
  AlphaBeta(const json& spec, std::shared_ptr<Layer> layer)
      : ParameterRule(spec, std::move(layer)),
        alpha_(spec.value("alpha", 2.0)),
        beta_(spec.value("beta", 1.0)),
        plus_(zeroed(apply(positive_part, this->layer().parameters()))),
        minus_(zeroed(apply(negative_part, this->layer().parameters()))) {}

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    const Tensor& weight = layer().parameters().weight;
    bool many = weight.defined() && weight.numel() / weight.size(0) >= 64;
    if (beta_ != 0 && many && all_count() && first_halves_suffice(x)) {
      // What the negative weights give is what the positive ones leave of the output.
      Tensor zp = layer().forward(x, plus_);
      Tensor zm = z.sub(zp);
      Tensor activating = layer().adjoint(r.div(s_(zp)), x, plus_).mul(alpha_);
      return x.mul(activating).sub(x.mul(layer().adjoint(r.div(s_(zm)), x, minus_).mul(beta_)));
    }
    Tensor activating = part(x, r, plus_, minus_).mul(alpha_);
    return beta_ == 0 ? activating : activating.sub(part(x, r, minus_, plus_).mul(beta_));
  }

 private:
  Tensor part(const Tensor& x, const Tensor& r, const Parameters& on_plus, const Parameters& on_minus) const {
    if (first_halves_suffice(x)) {
      return x.mul(layer().adjoint(r.div(s_(layer().forward(x, on_plus))), x, on_plus));
    }
    Tensor xp = positive_part(x);
    Tensor xm = negative_part(x);
    Parameters second = without_bias(on_minus);
    Tensor q = r.div(s_(layer().forward(xp, on_plus).add(layer().forward(xm, second))));
    return xp.mul(layer().adjoint(q, xp, on_plus)).add(xm.mul(layer().adjoint(q, xm, second)));
  }

  double alpha_;
  double beta_;
  Parameters plus_;
  Parameters minus_;
};

/**
 * Where z > 0, (W + g W+) on x+ and (W + g W-) on x- with b + g b+; where z < 0, the two weights exchanged, with
 * b + g b-; z = 0 passes nothing.
 */
class Gamma : public ParameterRule {
 public:
  Gamma(const json& spec, std::shared_ptr<Layer> layer)
      : ParameterRule(spec, std::move(layer)),
        plus_(zeroed(strengthened(positive_part, spec.value("gamma", 0.25)))),
        minus_(zeroed(strengthened(negative_part, spec.value("gamma", 0.25)))),
        positive_(apply(positive_part, this->layer().parameters())),
        gamma_(spec.value("gamma", 0.25)) {}

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    bool suffices = first_halves_suffice(x);
    if (suffices && all_count()) {
      Tensor zp = layer().forward(x, positive_);
      Tensor raised = z.add(zp.mul(gamma_));
      Tensor lowered = z.add(z.sub(zp).mul(gamma_));
      Tensor upper = r.mul(z.gt(0)).div(s_(raised));
      Tensor lower = r.mul(z.lt(0)).div(s_(lowered));
      return x.mul(layer().adjoint(upper, x, plus_)).add(x.mul(layer().adjoint(lower, x, minus_)));
    }
    Tensor xp = suffices ? x : positive_part(x);
    Tensor xm = suffices ? Tensor() : negative_part(x);
    return part(xp, xm, r.mul(z.gt(0)), plus_, minus_).add(part(xp, xm, r.mul(z.lt(0)), minus_, plus_));
  }

 private:
  Parameters strengthened(Tensor (*half)(const Tensor&), double gamma) const {
    const Parameters& p = layer().parameters();
    Parameters h = apply(half, p);
    return {
        p.weight.defined() ? p.weight.add(h.weight, gamma) : Tensor(),
        p.bias.defined() ? p.bias.add(h.bias, gamma) : Tensor()};
  }

  Tensor part(
      const Tensor& xp, const Tensor& xm, const Tensor& r, const Parameters& on_plus,
      const Parameters& on_minus) const {
    Tensor z = layer().forward(xp, on_plus);
    if (!xm.defined()) {
      return xp.mul(layer().adjoint(r.div(s_(z)), xp, on_plus));
    }
    Parameters second = without_bias(on_minus);
    Tensor q = r.div(s_(z.add(layer().forward(xm, second))));
    return xp.mul(layer().adjoint(q, xp, on_plus)).add(xm.mul(layer().adjoint(q, xm, second)));
  }

  Parameters plus_;
  Parameters minus_;
  Parameters positive_;
  double gamma_;
};

/** R_x = x * W^T q - low * W+^T q - high * W-^T q, q = R / s(z - (W+ low + b+) - (W- high + b-)). */
class ZBox : public ParameterRule {
 public:
  ZBox(const json& spec, std::shared_ptr<Layer> layer, const Arrays& arrays)
      : ParameterRule(spec, std::move(layer)),
        low_(bound(spec["low"], arrays)),
        high_(bound(spec["high"], arrays)),
        constant_(spec["low"].is_number() && spec["high"].is_number() && linear_ != nullptr),
        p_(zeroed(this->layer().parameters())),
        plus_(zeroed(apply(positive_part, this->layer().parameters()))),
        minus_(zeroed(apply(negative_part, this->layer().parameters()))) {}

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    Tensor low = like(low_, x);
    Tensor high = like(high_, x);
    Tensor bounds = constant_ ? for_shape(x, [&] { return both(like(low_, x.narrow(0, 0, 1)), like(high_, x.narrow(0, 0, 1))); })
                              : both(low, high);
    Tensor q = r.div(s_(output(x, z, p_).sub(bounds)));
    return x.mul(layer().adjoint(q, x, p_))
        .sub(low.mul(layer().adjoint(q, low, plus_)))
        .sub(high.mul(layer().adjoint(q, high, minus_)));
  }

 private:
  static Tensor bound(const json& value, const Arrays& arrays) {
    return value.is_number() ? torch::tensor(value.get<double>(), torch::kDouble) : arrays.get(value);
  }

  /** Dimensions that are missing are at the end; a larger batch is cut. */
  static Tensor like(const Tensor& bound, const Tensor& x) {
    Tensor spread = bound.to(x.scalar_type());
    while (spread.dim() < x.dim()) {
      spread = spread.unsqueeze(-1);
    }
    return (spread.size(0) > x.size(0) ? spread.narrow(0, 0, x.size(0)) : spread).expand_as(x).contiguous();
  }

  Tensor both(const Tensor& low, const Tensor& high) const {
    return layer().forward(low, plus_).add(layer().forward(high, minus_));
  }

  Tensor low_;
  Tensor high_;
  bool constant_;
  Parameters p_;
  Parameters plus_;
  Parameters minus_;
};

/** R_x = (W²)^T(R / s(W² 1 + b²)). */
class WSquare : public ParameterRule {
 public:
  WSquare(const json& spec, std::shared_ptr<Layer> layer)
      : ParameterRule(spec, std::move(layer)),
        squares_(zeroed(apply([](const Tensor& p) { return p.mul(p); }, this->layer().parameters()))) {}

  Tensor relevance(const Tensor& x, const Tensor&, const Tensor& r) const override {
    Tensor denominator =
        for_shape(x, [&] { return s_(layer().forward(at::ones_like(x.narrow(0, 0, 1)), squares_)); });
    return layer().adjoint(r.div(denominator), at::ones_like(x), squares_);
  }

 private:
  Parameters squares_;
};

/** R_x = 1^T(R / s(1 1)): all weights one, no bias. All inputs of a group get the same, so that one channel does. */
class Flat : public ParameterRule {
 public:
  Flat(const json& spec, std::shared_ptr<Layer> layer)
      : ParameterRule(spec, std::move(layer)),
        ones_(without_bias(zeroed(apply([](const Tensor& p) { return at::ones_like(p); }, this->layer().parameters())))) {
    if (linear_ != nullptr && linear_->is_convolution() && !linear_->is_transposed()) {
      kernel_ = ones_.weight.narrow(0, 0, linear_->groups()).narrow(1, 0, 1).contiguous().to(torch::kDouble);
    }
  }

  Tensor relevance(const Tensor& x, const Tensor&, const Tensor& r) const override {
    if (kernel_.defined()) {
      return convolution(x, r);
    }
    if (linear_ != nullptr && !linear_->is_convolution()) {
      Tensor denominator = s_(at::linear(at::ones_like(x), ones_.weight.narrow(0, 0, 1)));
      return at::matmul(r.div(denominator), ones_.weight.narrow(1, 0, 1)).expand_as(x);
    }
    Tensor one = at::ones_like(x);
    return layer().adjoint(r.div(s_(layer().forward(one, ones_))), one, ones_);
  }

 private:
  /** One channel costs little, so that its sums can be in double precision. */
  Tensor convolution(const Tensor& x, const Tensor& r) const {
    int64_t groups = linear_->groups();
    int64_t per_group = x.size(1) / groups;
    Tensor sample = x.narrow(1, 0, groups);
    Parameters kernel = {kernel_, Tensor()};
    Tensor denominator = for_shape(x, [&] {
      Tensor counts = layer().forward(at::ones_like(sample.narrow(0, 0, 1)).to(torch::kDouble), kernel);
      return s_(counts.mul(static_cast<double>(per_group)));
    });
    Tensor q = r.unflatten(1, {groups, r.size(1) / groups}).sum({2}, false, torch::kDouble).div(denominator);
    return layer()
        .adjoint(q, sample.to(torch::kDouble), kernel)
        .to(x.scalar_type())
        .repeat_interleave(per_group, 1);
  }

  Parameters ones_;
  Tensor kernel_;
};

/** R_x = R. */
class Pass : public Rule {
 public:
  explicit Pass(std::shared_ptr<Layer> layer) : Rule(std::move(layer)) {}

  Tensor relevance(const Tensor&, const Tensor&, const Tensor& r) const override { return r; }
};

/** R_x = max(R, 0). */
class ReLUDeconvNet : public Rule {
 public:
  explicit ReLUDeconvNet(std::shared_ptr<Layer> layer) : Rule(std::move(layer)) {}

  Tensor relevance(const Tensor&, const Tensor&, const Tensor& r) const override { return positive_part(r); }
};

/** R_x = gradient * 1[R > 0]. */
class ReLUGuidedBackprop : public Rule {
 public:
  explicit ReLUGuidedBackprop(std::shared_ptr<Layer> layer) : Rule(std::move(layer)) {}

  Tensor relevance(const Tensor& x, const Tensor&, const Tensor& r) const override {
    return layer().adjoint(r, x, layer().parameters()).mul(r.gt(0));
  }
};

/** R_x = sigmoid(beta x) * R; x is the output where the layer overwrites its input. */
class ReLUBetaSmooth : public Rule {
 public:
  ReLUBetaSmooth(const json& spec, std::shared_ptr<Layer> layer, bool overwrites)
      : Rule(std::move(layer)), beta_(spec.value("beta_smooth", 10.0)), overwrites_(overwrites) {}

  Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const override {
    return (overwrites_ ? z : x).mul(beta_).sigmoid().mul(r);
  }

 private:
  double beta_;
  bool overwrites_;
};

/** Keeps a layer's input and output, and runs its rule in the backward pass. */
struct Explained : torch::autograd::Function<Explained> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Rule* rule) {
    Tensor z = rule->layer().forward(x, rule->layer().parameters());
    ctx->save_for_backward({x, z});
    ctx->saved_data["rule"] = reinterpret_cast<int64_t>(rule);
    return z;
  }

  static torch::autograd::tensor_list backward(
      torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list relevance) {
    torch::NoGradGuard off;
    auto saved = ctx->get_saved_variables();
    auto rule = reinterpret_cast<const Rule*>(ctx->saved_data["rule"].toInt());
    return {rule->relevance(saved[0].detach(), saved[1].detach(), relevance[0]), Tensor()};
  }
};

struct ExplainedSum : torch::autograd::Function<ExplainedSum> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& a, const Tensor& b, double epsilon) {
    Tensor z = a.add(b);
    ctx->save_for_backward({a, b, z});
    ctx->saved_data["epsilon"] = epsilon;
    return z;
  }

  static torch::autograd::tensor_list backward(
      torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list relevance) {
    torch::NoGradGuard off;
    auto saved = ctx->get_saved_variables();
    Stabilizer s(ctx->saved_data["epsilon"].toDouble());
    Tensor q = relevance[0].div(s(saved[2].detach()));
    return {saved[0].detach().mul(q), saved[1].detach().mul(q), Tensor()};
  }
};

}  // namespace

std::unique_ptr<Rule> bind_rule(const json& spec, std::shared_ptr<Layer> layer, bool overwrites, const Arrays& arrays) {
  std::string name = spec["rule"];
  if (name == "epsilon") return std::make_unique<Epsilon>(spec, layer);
  if (name == "norm" || name == "z") return std::make_unique<Share>(spec, layer);
  if (name == "stdx_epsilon") return std::make_unique<StdxEpsilon>(spec, layer);
  if (name == "sign" || name == "sign_mu") return std::make_unique<SignMu>(spec, layer, arrays);
  if (name == "zplus") return std::make_unique<ZPlus>(spec, layer);
  if (name == "alpha_beta") return std::make_unique<AlphaBeta>(spec, layer);
  if (name == "gamma") return std::make_unique<Gamma>(spec, layer);
  if (name == "zbox") return std::make_unique<ZBox>(spec, layer, arrays);
  if (name == "wsquare") return std::make_unique<WSquare>(spec, layer);
  if (name == "flat") return std::make_unique<Flat>(spec, layer);
  if (name == "pass") return std::make_unique<Pass>(layer);
  if (name == "relu_deconvnet") return std::make_unique<ReLUDeconvNet>(layer);
  if (name == "relu_guided_backprop") return std::make_unique<ReLUGuidedBackprop>(layer);
  if (name == "relu_beta_smooth") return std::make_unique<ReLUBetaSmooth>(spec, layer, overwrites);
  throw std::invalid_argument("there is no rule '" + name + "'");
}

Tensor explained(const Tensor& x, const Rule& rule) { return Explained::apply(x, &rule); }

Tensor explained_sum(const Tensor& a, const Tensor& b, double epsilon) { return ExplainedSum::apply(a, b, epsilon); }

}  // namespace oracle
