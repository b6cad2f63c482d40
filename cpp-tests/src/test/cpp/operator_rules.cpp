/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "operator_rules.h"

#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace oracle {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Tensor finite(const Tensor& x) { return x.masked_fill(x.isinf(), 0); }

Tensor transposed(const Tensor& x) { return x.transpose(-2, -1); }

}  // namespace

Tensor stabilized(const Tensor& z, double epsilon) {
  return z.add(z.ge(0).to(z.scalar_type()).mul_(2).sub_(1).mul_(epsilon));
}

Tensor softmax_rule(const Tensor& x, const Tensor& s, const Tensor& r, int64_t axis) {
  return finite(x).mul(r.sub(s.mul(r.sum({axis}, true))));
}

std::vector<Tensor> matrix_product_rule(
    const Tensor& a, const Tensor& b, const Tensor& z, const Tensor& r, std::optional<int> signal, double epsilon) {
  Tensor q = r.div(stabilized(z, epsilon));
  if (!signal) {
    q = q.div(2);
  }
  Tensor of_a = a.mul(q.matmul(transposed(b)).sum_to_size(a.sizes()));
  Tensor of_b = b.mul(transposed(a).matmul(q).sum_to_size(b.sizes()));
  return {
      signal == 1 ? at::zeros_like(a) : of_a,
      signal == 0 ? at::zeros_like(b) : of_b,
  };
}

std::vector<Tensor> gate_rule(const Tensor& a, const Tensor& b, const Tensor& r, std::optional<int> signal) {
  Tensor part = signal ? r : r.div(2);
  return {
      signal == 1 ? at::zeros_like(a) : part.sum_to_size(a.sizes()),
      signal == 0 ? at::zeros_like(b) : part.sum_to_size(b.sizes()),
  };
}

Tensor layer_norm_rule(
    const Tensor& x, const Tensor& weight, const Tensor& y, const Tensor& r, int64_t axes, double eps,
    double epsilon) {
  std::vector<int64_t> last;
  for (int64_t i = x.dim() - axes; i < x.dim(); i++) {
    last.push_back(i);
  }
  Tensor rate = x.var(at::IntArrayRef(last), false, true).add(eps).rsqrt();
  Tensor c = r.div(stabilized(y, epsilon));
  if (weight.defined()) {
    c = c.mul(weight);
  }
  return x.mul(c.sub(c.mean(at::IntArrayRef(last), true)).mul(rate));
}

std::vector<Tensor> attention_rule(
    const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& o, const Tensor& r, bool causal, bool constant,
    double epsilon) {
  double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  Tensor scores = q.mul(scale).matmul(transposed(k));
  if (causal) {
    scores = scores.masked_fill(scores.new_ones({q.size(-2), k.size(-2)}).triu(1).to(at::kBool), -kInfinity);
  }
  Tensor weights = scores.softmax(-1);
  Tensor p = r.div(stabilized(o, epsilon));
  if (constant) {
    return {at::zeros_like(q), at::zeros_like(k), v.mul(transposed(weights).matmul(p))};
  }
  p = p.div(2);
  Tensor of_v = v.mul(transposed(weights).matmul(p));
  Tensor of_weights = weights.mul(p.matmul(transposed(v)));
  Tensor c = of_weights.sub(weights.mul(of_weights.sum({-1}, true))).mul(scale / 2);
  return {q.mul(c.matmul(k)), k.mul(transposed(c).matmul(q)), of_v};
}

Tensor epsilon_without_bias_rule(
    const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& z, const Tensor& r, double epsilon) {
  // Small matrices of a classifier are multiplied in double precision, as Epsilon does; not those that tokens pass.
  at::ScalarType dtype = x.dim() <= 2 ? at::kDouble : x.scalar_type();
  Tensor exact = r.to(dtype).div(stabilized(z.to(dtype), epsilon)).matmul(w.to(dtype));
  Tensor own = x.mul(exact).to(x.scalar_type());
  Tensor size = x.abs();
  Tensor weights = w.abs();
  Tensor n = torch::linear(size, weights);
  Tensor q = r.div(stabilized(z, epsilon));
  Tensor of_bias = q.mul(b).div(stabilized(n.add(b.abs()), epsilon));
  Tensor rest = of_bias.mul(b.abs()).sum({-1}, true);
  Tensor share = of_bias.add(rest.div(stabilized(n.sum({-1}, true), epsilon)));
  return own.add(size.mul(share.matmul(weights)));
}

namespace {

/** The sum of size channels, from one at an offset on; none beyond the ends. */
Tensor over_neighbours(const Tensor& x, int64_t offset, int64_t size) {
  int64_t channels = x.size(1);
  Tensor result;
  for (int64_t shift = offset; shift < offset + size; shift++) {
    int64_t gap = std::abs(shift);
    if (gap >= channels) {
      continue;
    }
    Tensor shifted = x;
    if (shift != 0) {
      std::vector<int64_t> shape = x.sizes().vec();
      shape[1] = gap;
      Tensor none = torch::zeros(shape, x.options());
      Tensor rest = x.narrow(1, std::max<int64_t>(shift, 0), channels - gap);
      shifted = shift > 0 ? torch::cat({rest, none}, 1) : torch::cat({none, rest}, 1);
    }
    result = result.defined() ? result + shifted : shifted;
  }
  return result;
}

}  // namespace

Tensor local_response_norm_rule(
    const Tensor& x, const Tensor& r, int64_t size, double alpha, double beta, double k, double epsilon) {
  double rate = alpha / static_cast<double>(size);
  Tensor square = x * x;
  Tensor sum = over_neighbours(square, -(size / 2), size);
  Tensor d = sum * rate + k;
  Tensor alone = x / (square * rate + k).pow(beta);
  Tensor slope = x * (-2 * beta * rate) / d.pow(beta + 1);
  Tensor q = r / stabilized(alone + slope * (sum - square), epsilon);
  Tensor given = q * slope;
  return alone * q + (over_neighbours(given, -((size - 1) / 2), size) - given) * square;
}

/** Relevance of an input and a hidden state from that of a signal w x + b + reset (u h + d), over its value. */
static std::pair<Tensor, Tensor> signal_rule(
    const Tensor& p, const Tensor& x, const Tensor& h, const Tensor& reset, const Tensor& w, const Tensor& u,
    const Tensor& b, const Tensor& d, bool shares_bias, double epsilon) {
  Tensor of_x = x.mul(p.matmul(w));
  Tensor of_h = h.mul(reset.mul(p).matmul(u));
  if (shares_bias) {
    Tensor bias = b.add(reset.mul(d));
    Tensor n = torch::linear(x.abs(), w.abs()).add(reset.mul(torch::linear(h.abs(), u.abs())));
    Tensor own = p.mul(bias).div(stabilized(n.add(bias.abs()), epsilon));
    Tensor rest = own.mul(bias.abs()).sum({-1}, true);
    Tensor q = own.add(rest.div(stabilized(n.sum({-1}, true), epsilon)));
    of_x = of_x.add(x.abs().mul(q.matmul(w.abs())));
    of_h = of_h.add(h.abs().mul(reset.mul(q).matmul(u.abs())));
  }
  return {of_x, of_h};
}

Tensor lstm_rule(
    const Tensor& x, const Tensor& w, const Tensor& u, const Tensor& b, const Tensor& d, const Tensor& r,
    bool shares_bias, double epsilon) {
  int64_t steps = x.size(0);
  int64_t width = u.size(1);
  std::vector<Tensor> hidden = {x.new_zeros({x.size(1), width})};
  std::vector<Tensor> cells = hidden;
  std::vector<Tensor> kept, fresh, signals;
  for (int64_t t = 0; t < steps; t++) {
    Tensor all = torch::linear(x.select(0, t), w, b).add(torch::linear(hidden.back(), u, d));
    auto gate = [&](int64_t k) { return all.narrow(-1, k * width, width); };
    signals.push_back(gate(2));
    kept.push_back(gate(1).sigmoid().mul(cells.back()));
    fresh.push_back(gate(0).sigmoid().mul(gate(2).tanh()));
    cells.push_back(kept.back().add(fresh.back()));
    hidden.push_back(gate(3).sigmoid().mul(cells.back().tanh()));
  }
  std::vector<Tensor> result(steps);
  Tensor of_hidden = at::zeros_like(hidden[0]);
  Tensor of_cell;
  for (int64_t t = steps - 1; t >= 0; t--) {
    Tensor all = of_hidden.add(r.select(0, t));
    all = of_cell.defined() ? all.add(of_cell) : all;
    Tensor q = all.div(stabilized(cells[t + 1], epsilon));
    of_cell = kept[t].mul(q);
    Tensor p = fresh[t].mul(q).div(stabilized(signals[t], epsilon));
    auto rows = [&](const Tensor& all) { return all.narrow(0, 2 * width, width); };
    std::tie(result[t], of_hidden) = signal_rule(
        p, x.select(0, t), hidden[t], at::ones_like(p), rows(w), rows(u), rows(b), rows(d), shares_bias, epsilon);
  }
  return torch::stack(result, 0);
}

Tensor gru_rule(
    const Tensor& x, const Tensor& w, const Tensor& u, const Tensor& b, const Tensor& d, const Tensor& r,
    bool shares_bias, double epsilon) {
  int64_t steps = x.size(0);
  int64_t width = u.size(1);
  std::vector<Tensor> hidden = {x.new_zeros({x.size(1), width})};
  std::vector<Tensor> fresh, kept, signals, resets;
  for (int64_t t = 0; t < steps; t++) {
    Tensor of_input = torch::linear(x.select(0, t), w, b);
    Tensor of_state = torch::linear(hidden.back(), u, d);
    auto gate = [&](const Tensor& all, int64_t k) { return all.narrow(-1, k * width, width); };
    Tensor update = gate(of_input, 1).add(gate(of_state, 1)).sigmoid();
    resets.push_back(gate(of_input, 0).add(gate(of_state, 0)).sigmoid());
    signals.push_back(gate(of_input, 2).add(resets.back().mul(gate(of_state, 2))));
    Tensor candidate = signals.back().tanh();
    fresh.push_back(candidate.sub(update.mul(candidate)));
    kept.push_back(update.mul(hidden.back()));
    hidden.push_back(fresh.back().add(kept.back()));
  }
  std::vector<Tensor> result(steps);
  Tensor of_hidden = at::zeros_like(hidden[0]);
  for (int64_t t = steps - 1; t >= 0; t--) {
    Tensor q = of_hidden.add(r.select(0, t)).div(stabilized(hidden[t + 1], epsilon));
    Tensor p = fresh[t].mul(q).div(stabilized(signals[t], epsilon));
    auto rows = [&](const Tensor& all) { return all.narrow(0, 2 * width, width); };
    std::tie(result[t], of_hidden) = signal_rule(
        p, x.select(0, t), hidden[t], resets[t], rows(w), rows(u), rows(b), rows(d), shares_bias, epsilon);
    of_hidden = of_hidden.add(kept[t].mul(q));
  }
  return torch::stack(result, 0);
}

Tensor plain_recurrent_rule(
    const Tensor& x, const Tensor& w, const Tensor& u, const Tensor& b, const Tensor& d, const Tensor& r,
    bool rectified, bool shares_bias, double epsilon) {
  std::vector<Tensor> hidden = {x.new_zeros({x.size(1), u.size(1)})};
  std::vector<Tensor> sums;
  for (int64_t t = 0; t < x.size(0); t++) {
    sums.push_back(torch::linear(x.select(0, t), w, b).add(torch::linear(hidden.back(), u, d)));
    hidden.push_back(rectified ? sums.back().relu() : sums.back().tanh());
  }
  std::vector<Tensor> result(x.size(0));
  Tensor of_hidden = at::zeros_like(hidden[0]);
  for (int64_t t = x.size(0) - 1; t >= 0; t--) {
    Tensor p = of_hidden.add(r.select(0, t)).div(stabilized(sums[t], epsilon));
    std::tie(result[t], of_hidden) =
        signal_rule(p, x.select(0, t), hidden[t], at::ones_like(p), w, u, b, d, shares_bias, epsilon);
  }
  return torch::stack(result, 0);
}

}  // namespace oracle
