/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "networks.h"

#include <set>

namespace oracle {

namespace {

bool is_of_type(const std::string& name, const std::string& type) {
  static const std::set<std::string> activations = {
      "ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU", "Tanh", "Sigmoid", "Softplus", "Hardswish", "PReLU"};
  if (type == "Activation") return activations.count(name) != 0;
  if (type == "Convolution") return name.rfind("Conv", 0) == 0;
  if (type == "Linear") return name == "Linear" || name.rfind("Conv", 0) == 0;
  if (type == "AvgPool") return name.find("AvgPool") != std::string::npos;
  if (type == "BatchNorm") return name.rfind("BatchNorm", 0) == 0;
  if (type == "Sum") return name == "Sum";
  if (type.rfind("torch.nn.", 0) == 0) return name == type.substr(9);
  throw std::invalid_argument("there is no type '" + type + "'");
}

json named(const std::string& name, json arguments = json::object()) {
  arguments["rule"] = name;
  return arguments;
}

json entry(const std::string& type, const json& rule) { return json::array({json::array({type}), rule}); }

/** One step of a network: a layer with its rule, or without one. */
class Step {
 public:
  Step(std::shared_ptr<Layer> layer, std::unique_ptr<Rule> rule) : layer_(std::move(layer)), rule_(std::move(rule)) {}

  Tensor operator()(const Tensor& x) const {
    return rule_ ? explained(x, *rule_) : layer_->forward(x, layer_->parameters());
  }

 private:
  std::shared_ptr<Layer> layer_;
  std::unique_ptr<Rule> rule_;
};

bool overwrites(const torch::jit::Module& module) {
  return module.type()->hasConstant("inplace") && module.type()->getConstant("inplace").toBool();
}

Step step(const torch::jit::Module& module, const std::string& path, Composite& composite) {
  std::shared_ptr<Layer> layer = layer_of(module);
  return Step(layer, composite.rule(path, class_name(module), layer, overwrites(module)));
}

class Chain : public Network {
 public:
  Chain(const torch::jit::Module& module, Composite composite) { append(module, "", composite); }

  Tensor forward(const Tensor& x) const override {
    Tensor y = x;
    for (const auto& [step, flatten] : steps_) {
      y = step(flatten && y.dim() == 4 ? y.flatten(1) : y);
    }
    return y;
  }

 private:
  void append(const torch::jit::Module& module, const std::string& path, Composite& composite) {
    std::string name = class_name(module);
    if (name != "Sequential" && name != "VGG") {
      steps_.emplace_back(step(module, path, composite), name == "Linear");
      return;
    }
    for (const auto& child : module.named_children()) {
      append(child.value, path.empty() ? child.name : path + "." + child.name, composite);
    }
  }

  std::vector<std::pair<Step, bool>> steps_;
};

/** Convolution, its batch normalisation merged into it. */
Step convolution(
    const torch::jit::Module& parent, const std::string& convolution, const std::string& norm,
    const std::string& path, Composite& composite) {
  std::shared_ptr<Layer> layer =
      merged(parent.attr(convolution).toModule(), parent.attr(norm).toModule());
  return Step(layer, composite.rule(path + convolution, "Conv2d", layer, false));
}

/** torchvision's bottleneck block. */
class Bottleneck {
 public:
  Bottleneck(const torch::jit::Module& module, const std::string& path, Composite& composite)
      : first_(convolution(module, "conv1", "bn1", path, composite)),
        second_(convolution(module, "conv2", "bn2", path, composite)),
        third_(convolution(module, "conv3", "bn3", path, composite)),
        relu_(step(module.attr("relu").toModule(), path + "relu", composite)),
        sum_(composite.sum()) {
    if (module.attr("downsample").isModule()) {
      shortcut_.emplace(convolution(module.attr("downsample").toModule(), "0", "1", path + "downsample.", composite));
    }
  }

  Tensor operator()(const Tensor& x) const {
    Tensor y = third_(relu_(second_(relu_(first_(x)))));
    Tensor other = shortcut_ ? (*shortcut_)(x) : x;
    return relu_(sum_ ? explained_sum(y, other, *sum_) : y.add(other));
  }

 private:
  Step first_, second_, third_, relu_;
  std::optional<Step> shortcut_;
  std::optional<double> sum_;
};

class ResNet : public Network {
 public:
  ResNet(const torch::jit::Module& module, Composite composite)
      : first_(convolution(module, "conv1", "bn1", "", composite)),
        relu_(step(module.attr("relu").toModule(), "relu", composite)),
        max_pool_(step(module.attr("maxpool").toModule(), "maxpool", composite)),
        avg_pool_(step(module.attr("avgpool").toModule(), "avgpool", composite)),
        last_(step(module.attr("fc").toModule(), "fc", composite)) {
    for (const std::string layer : {"layer1", "layer2", "layer3", "layer4"}) {
      for (const auto& block : module.attr(layer).toModule().named_children()) {
        blocks_.emplace_back(block.value, layer + "." + block.name + ".", composite);
      }
    }
  }

  Tensor forward(const Tensor& x) const override {
    Tensor y = max_pool_(relu_(first_(x)));
    for (const Bottleneck& block : blocks_) {
      y = block(y);
    }
    return last_(avg_pool_(y).flatten(1));
  }

 private:
  Step first_, relu_, max_pool_, avg_pool_, last_;
  std::vector<Bottleneck> blocks_;
};

}  // namespace

Composite::Composite(const json& spec, const Arrays& arrays) : arrays_(arrays) {
  if (spec.is_null()) {
    return;
  }
  std::string type = spec["type"];
  if (type != "named") {
    name_map_ = spec.value("name_map", name_map_);
    layer_map_ = spec.value("layer_map", layer_map_);
    first_map_ = spec.value("first_map", first_map_);
    return;
  }
  std::string name = spec["name"];
  json arguments = spec.value("args", json::object());
  json norms = json::array({entry("Sum", named("norm")), entry("AvgPool", named("norm"))});
  json base = norms;
  base.push_back(entry("Activation", named("pass")));
  base.push_back(entry("BatchNorm", named("pass")));
  base.push_back(entry("torch.nn.Linear", named("epsilon")));
  if (name == "epsilon_plus" || name == "epsilon_plus_flat") {
    layer_map_ = base;
    layer_map_.push_back(entry("Convolution", named("zplus")));
  } else if (name == "epsilon_alpha2_beta1" || name == "epsilon_alpha2_beta1_flat") {
    layer_map_ = base;
    layer_map_.push_back(entry("Convolution", named("alpha_beta", {{"alpha", 2}, {"beta", 1}})));
  } else if (name == "epsilon_gamma_box") {
    layer_map_ = base;
    layer_map_.push_back(entry("Convolution", named("gamma")));
    first_map_ = json::array({entry("Convolution", named("zbox", {{"low", arguments["low"]}, {"high", arguments["high"]}}))});
  } else if (name == "excitation_backprop") {
    layer_map_ = norms;
    layer_map_.push_back(entry("Linear", named("zplus")));
  } else if (name == "guided_backprop") {
    layer_map_ = json::array({entry("torch.nn.ReLU", named("relu_guided_backprop"))});
  } else if (name == "deconvnet") {
    layer_map_ = json::array({entry("torch.nn.ReLU", named("relu_deconvnet"))});
  } else if (name == "beta_smooth") {
    layer_map_ = json::array({entry("torch.nn.ReLU", named("relu_beta_smooth"))});
  } else {
    throw std::invalid_argument("there is no composite '" + name + "'");
  }
  if (name.size() > 5 && name.substr(name.size() - 5) == "_flat") {
    first_map_ = json::array({entry("Linear", named("flat"))});
  }
}

std::optional<json> Composite::find(const json& map, const std::string& class_name) const {
  for (const json& candidate : map) {
    for (const json& type : candidate[0]) {
      if (is_of_type(class_name, type)) {
        return candidate[1];
      }
    }
  }
  return std::nullopt;
}

std::unique_ptr<Rule> Composite::rule(
    const std::string& path, const std::string& class_name, std::shared_ptr<Layer> layer, bool overwrites) {
  std::optional<json> found;
  for (const json& candidate : name_map_) {
    if (std::find(candidate[0].begin(), candidate[0].end(), path) != candidate[0].end()) {
      found = candidate[1];
    }
  }
  if (!found && first_) {
    found = find(first_map_, class_name);
    first_ = first_ && !found;
  }
  if (!found) {
    found = find(layer_map_, class_name);
  }
  return found ? bind_rule(*found, layer, overwrites, arrays_) : nullptr;
}

std::optional<double> Composite::sum() const {
  std::optional<json> norm = find(layer_map_, "Sum");
  return norm ? std::optional<double>(norm->value("stabilizer", 1e-6)) : std::nullopt;
}

std::unique_ptr<Network> Network::of(const torch::jit::Module& module, Composite composite) {
  if (class_name(module) == "ResNet") {
    return std::make_unique<ResNet>(module, std::move(composite));
  }
  return std::make_unique<Chain>(module, std::move(composite));
}

Attribution attribute(
    const Network& network, const Tensor& x, const std::function<Tensor(const Tensor&)>& target) {
  torch::AutoGradMode on(true);
  Tensor leaf = x.detach().requires_grad_(true);
  Tensor output = network.forward(leaf);
  Tensor relevance = torch::autograd::grad({output}, {leaf}, {target(output.detach())})[0];
  return {output.detach(), relevance};
}

Tensor one_hot(const Tensor& output, const std::vector<int64_t>& classes) {
  Tensor index = torch::tensor(classes, torch::kLong).unsqueeze(1);
  return torch::zeros_like(output).scatter_(1, index, 1);
}

torch::jit::Module load(const std::string& file) {
  torch::jit::setGraphExecutorOptimize(false);
  torch::jit::Module module = torch::jit::load(file, torch::kCPU);
  module.eval();
  return module;
}

}  // namespace oracle
