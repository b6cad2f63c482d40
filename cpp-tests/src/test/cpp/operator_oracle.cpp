/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include <filesystem>
#include <fstream>
#include <iostream>

#include "arrays.h"
#include "operator_rules.h"
#include "rules.h"

using oracle::json;
using oracle::Tensor;

namespace {

std::vector<Tensor> relevances(const json& one, const std::vector<Tensor>& in, const Tensor& out, const Tensor& r) {
  std::string rule = one["rule"];
  double epsilon = one["epsilon"];
  std::optional<int> signal;
  if (one.contains("signal")) {
    signal = one["signal"].get<int>();
  }
  if (rule == "softmax") {
    return {oracle::softmax_rule(in[0], out, r, one["dim"].get<int64_t>())};
  }
  if (rule == "exp") {
    int64_t dim = one["dim"].get<int64_t>();
    return {oracle::softmax_rule(oracle::stabilized(in[0], epsilon), out / out.sum(dim, true), r, dim)};
  }
  if (rule == "matmul") {
    return oracle::matrix_product_rule(in[0], in[1], out, r, signal, epsilon);
  }
  if (rule == "mul") {
    return oracle::gate_rule(in[0], in[1], r, signal);
  }
  if (rule == "layer_norm") {
    Tensor weight = in.size() > 1 ? in[1] : Tensor();
    return {oracle::layer_norm_rule(in[0], weight, out, r, one["axes"].get<int64_t>(), one["eps"].get<double>(), epsilon)};
  }
  if (rule == "attention") {
    return oracle::attention_rule(
        in[0], in[1], in[2], out, r, one["causal"].get<bool>(), one["constant"].get<bool>(), epsilon);
  }
  if (rule == "epsilon_without_bias") {
    return {oracle::epsilon_without_bias_rule(in[0], in[1], in[2], out, r, epsilon)};
  }
  if (rule == "local_response_norm") {
    return {oracle::local_response_norm_rule(
        in[0], r, one["size"].get<int64_t>(), one["alpha"].get<double>(), one["beta"].get<double>(),
        one["k"].get<double>(), epsilon)};
  }
  bool shares_bias = one.value("shares_bias", false);
  if (rule == "lstm") {
    return {oracle::lstm_rule(in[0], in[1], in[2], in[3], in[4], r, shares_bias, epsilon)};
  }
  if (rule == "gru") {
    return {oracle::gru_rule(in[0], in[1], in[2], in[3], in[4], r, shares_bias, epsilon)};
  }
  if (rule == "rnn_tanh" || rule == "rnn_relu") {
    return {oracle::plain_recurrent_rule(
        in[0], in[1], in[2], in[3], in[4], r, rule == "rnn_relu", shares_bias, epsilon)};
  }
  throw std::runtime_error("no rule " + rule);
}

}  // namespace

/** Runs the rules of FOLDER/cases.json on the arrays in FOLDER: ID.in.K, ID.out, ID.r; writes ID.cpp.K. */
int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "operator_oracle FOLDER\n";
    return 2;
  }
  torch::InferenceMode guard;
  std::filesystem::path folder = argv[1];
  oracle::Arrays arrays(folder);
  for (const json& one : json::parse(std::ifstream(folder / "cases.json"))) {
    std::string id = one["id"];
    std::vector<Tensor> in;
    for (int k = 0; k < one["inputs"].get<int>(); k++) {
      in.push_back(arrays.get(id + ".in." + std::to_string(k) + ".npy"));
    }
    std::vector<Tensor> result = relevances(one, in, arrays.get(id + ".out.npy"), arrays.get(id + ".r.npy"));
    for (size_t k = 0; k < result.size(); k++) {
      oracle::write_npy(folder / (id + ".cpp." + std::to_string(k) + ".npy"), result[k].contiguous());
    }
  }
  return 0;
}
