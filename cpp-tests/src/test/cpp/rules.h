/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "arrays.h"
#include "layers.h"

namespace oracle {

using nlohmann::json;

/** A rule on a layer: how the relevance of the output becomes that of the input. Lives as long as its network. */
class Rule {
 public:
  virtual ~Rule() = default;

  /**
   * The relevance of the input.
   *
   * @param x the input
   * @param z the layer's own output
   * @param r the relevance of the output
   */
  virtual Tensor relevance(const Tensor& x, const Tensor& z, const Tensor& r) const = 0;

  const Layer& layer() const { return *layer_; }

 protected:
  explicit Rule(std::shared_ptr<Layer> layer) : layer_(std::move(layer)) {}

 private:
  std::shared_ptr<Layer> layer_;
};

/**
 * Makes a rule.
 *
 * @param spec a rule of the request format
 * @param layer what it is attached to
 * @param overwrites whether the layer overwrites its input with its output
 * @param arrays where the rule's arrays are found
 */
std::unique_ptr<Rule> bind_rule(const json& spec, std::shared_ptr<Layer> layer, bool overwrites, const Arrays& arrays);

/** Runs a rule's layer, so that backward runs the rule in place of the layer's gradient. */
Tensor explained(const Tensor& x, const Rule& rule);

/** a + b, whose relevance is shared out by Norm. */
Tensor explained_sum(const Tensor& a, const Tensor& b, double epsilon);

}  // namespace oracle
