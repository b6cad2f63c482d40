/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules.h"

namespace oracle {

/** What a composite says about one layer after the other, in Zennit's order. */
class Composite {
 public:
  /** @param spec null for plain gradients, or a composite of the request format: named or a map; canonizers are not read */
  Composite(const json& spec, const Arrays& arrays);

  /** The rule for a layer; null for none. */
  std::unique_ptr<Rule> rule(
      const std::string& path, const std::string& class_name, std::shared_ptr<Layer> layer, bool overwrites);

  /** The stabilizer of Norm for residual sums; none where a sum passes its gradient. */
  std::optional<double> sum() const;

 private:
  std::optional<json> find(const json& map, const std::string& class_name) const;

  json name_map_ = json::array();
  json layer_map_ = json::array();
  json first_map_ = json::array();
  Arrays arrays_;
  bool first_ = true;
};

/** A scripted network, run by hand with a rule for each layer. */
class Network {
 public:
  virtual ~Network() = default;

  /** The output; its graph runs the rules. */
  virtual Tensor forward(const Tensor& x) const = 0;

  /**
   * torchvision's ResNets, with batch normalisations merged and a layer for each residual sum; otherwise modules that are
   * run one after the other, a flattening before the first matrix product.
   */
  static std::unique_ptr<Network> of(const torch::jit::Module& module, Composite composite);
};

/** A relevance and the output that it explains. */
struct Attribution {
  Tensor output;
  Tensor relevance;
};

/** Runs forward and backward; target makes the relevance of the output. */
Attribution attribute(
    const Network& network, const Tensor& x, const std::function<Tensor(const Tensor&)>& target);

/** Ones at these classes, one for each sample. */
Tensor one_hot(const Tensor& output, const std::vector<int64_t>& classes);

/** A scripted file, without the optimisations of LibTorch's own executor. */
torch::jit::Module load(const std::string& file);

}  // namespace oracle
