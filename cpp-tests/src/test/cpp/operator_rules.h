/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

namespace oracle {

using torch::Tensor;

/** z + epsilon sign(z), sign(0) = +1. */
Tensor stabilized(const Tensor& z, double epsilon);

/** x (r - s sum(r)) over an axis; s is the softmax. Infinite x take nothing. */
Tensor softmax_rule(const Tensor& x, const Tensor& s, const Tensor& r, int64_t axis);

/** What the factors of z = a b get: half each, or all to one of them (0 or 1) and nothing to the other. */
std::vector<Tensor> matrix_product_rule(
    const Tensor& a, const Tensor& b, const Tensor& z, const Tensor& r, std::optional<int> signal, double epsilon);

/** What the factors of an elementwise product get. */
std::vector<Tensor> gate_rule(const Tensor& a, const Tensor& b, const Tensor& r, std::optional<int> signal);

/** Layer normalisation over the last axes, y = (x - mean) / d * weight + bias, with d constant; the weight may be undefined. */
Tensor layer_norm_rule(
    const Tensor& x, const Tensor& weight, const Tensor& y, const Tensor& r, int64_t axes, double eps, double epsilon);

/** Scaled dot product attention o = softmax(scale q k^T + mask) v: the relevances of q, k and v. */
std::vector<Tensor> attention_rule(
    const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& o, const Tensor& r, bool causal, bool constant,
    double epsilon);

/** Epsilon of a dense layer whose bias hands its share on to the inputs by the size of their contributions. */
Tensor epsilon_without_bias_rule(
    const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& z, const Tensor& r, double epsilon);

/** Local response normalisation over the channels, y = x / (k + alpha / size * sum of squares)^beta, expanded at x. */
Tensor local_response_norm_rule(
    const Tensor& x, const Tensor& r, int64_t size, double alpha, double beta, double k, double epsilon);

/** An LSTM of one layer from zero states, (time, batch, features), gates constant; r is that of the first result. */
Tensor lstm_rule(
    const Tensor& x, const Tensor& w, const Tensor& u, const Tensor& b, const Tensor& d, const Tensor& r,
    bool shares_bias, double epsilon);

/** The same for a GRU. */
Tensor gru_rule(
    const Tensor& x, const Tensor& w, const Tensor& u, const Tensor& b, const Tensor& d, const Tensor& r,
    bool shares_bias, double epsilon);

/** The same for a network without gates, with relu or tanh. */
Tensor plain_recurrent_rule(
    const Tensor& x, const Tensor& w, const Tensor& u, const Tensor& b, const Tensor& d, const Tensor& r,
    bool rectified, bool shares_bias, double epsilon);

}  // namespace oracle
