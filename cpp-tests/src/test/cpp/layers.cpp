/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "layers.h"

namespace oracle {

namespace {

Tensor attribute(const torch::jit::Module& module, const std::string& name) {
  if (!module.hasattr(name) || !module.attr(name).isTensor()) {
    return Tensor();
  }
  return module.attr(name).toTensor().detach();
}

Parameters parameters_of(const torch::jit::Module& module) {
  return {attribute(module, "weight"), attribute(module, "bias")};
}

std::vector<int64_t> integers(const torch::jit::Module& module, const std::string& name, size_t count) {
  c10::IValue value = module.type()->getConstant(name);
  if (value.isInt()) {
    return std::vector<int64_t>(count, value.toInt());
  }
  std::vector<int64_t> result;
  for (const c10::IValue& element : value.toTupleRef().elements()) {
    result.push_back(element.toInt());
  }
  return result;
}

/** The convolution that a module is; none if it pads in another way than with equal rows of zeros. */
std::optional<LinearMap::Convolution> convolution_of(const torch::jit::Module& module, const Tensor& weight) {
  if (module.type()->getConstant("padding_mode").toStringRef() != "zeros") {
    return std::nullopt;
  }
  size_t dimensions = weight.dim() - 2;
  LinearMap::Convolution c;
  c.stride = integers(module, "stride", dimensions);
  c.dilation = integers(module, "dilation", dimensions);
  c.output_padding = integers(module, "output_padding", dimensions);
  c.groups = module.type()->getConstant("groups").toInt();
  c.transposed = module.attr("transposed").toBool();
  if (!module.type()->getConstant("padding").isString()) {
    c.padding = integers(module, "padding", dimensions);
    return c;
  }
  c.padding.assign(dimensions, 0);
  if (module.type()->getConstant("padding").toStringRef() == "same") {
    for (size_t i = 0; i < dimensions; i++) {
      int64_t total = c.dilation[i] * (weight.size(i + 2) - 1);
      if (total % 2 != 0) {
        return std::nullopt;
      }
      c.padding[i] = total / 2;
    }
  }
  return c;
}

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

/** The module's own forward, run with other parameters. */
std::shared_ptr<Layer> scripted(const torch::jit::Module& module) {
  return std::make_shared<FunctionLayer>(parameters_of(module), [module](const Tensor& x, const Parameters& p) {
    torch::jit::Module copy = module.copy();
    for (const auto& [name, value] : {std::pair{"weight", p.weight}, {"bias", p.bias}}) {
      Tensor own = attribute(module, name);
      if (own.defined()) {
        copy.setattr(name, value.defined() ? value : torch::zeros_like(own));
      }
    }
    return copy.forward({x}).toTensor();
  });
}

std::shared_ptr<Layer> function(FunctionLayer::Function f) {
  return std::make_shared<FunctionLayer>(Parameters(), std::move(f));
}

}  // namespace

Tensor LinearMap::forward(const Tensor& x, const Parameters& p) const {
  if (!convolution_) {
    return p.bias.defined() ? at::linear(x, p.weight, p.bias) : at::linear(x, p.weight);
  }
  const Convolution& c = *convolution_;
  std::optional<Tensor> bias;
  if (p.bias.defined()) {
    bias = p.bias;
  }
  return at::convolution(
      x, p.weight, bias, c.stride, c.padding, c.dilation, c.transposed, c.output_padding, c.groups);
}

Tensor LinearMap::adjoint(const Tensor& q, const Tensor& x, const Parameters& p) const {
  if (!convolution_) {
    return at::matmul(q, p.weight);
  }
  const Convolution& c = *convolution_;
  return std::get<0>(at::convolution_backward(
      q, x, p.weight, std::nullopt, c.stride, c.padding, c.dilation, c.transposed, c.output_padding, c.groups,
      {true, false, false}));
}

Tensor FunctionLayer::adjoint(const Tensor& q, const Tensor& x, const Parameters& p) const {
  torch::AutoGradMode on(true);
  Tensor leaf = x.detach().requires_grad_(true);
  return torch::autograd::grad({function_(leaf, p)}, {leaf}, {q})[0];
}

std::string class_name(const torch::jit::Module& module) {
  return module.type()->name()->name();
}

std::shared_ptr<Layer> layer_of(const torch::jit::Module& module) {
  std::string name = class_name(module);
  if (name == "Linear") {
    return std::make_shared<LinearMap>(parameters_of(module), std::nullopt);
  }
  if (starts_with(name, "Conv")) {
    Parameters p = parameters_of(module);
    std::optional<LinearMap::Convolution> c = convolution_of(module, p.weight);
    if (c) {
      return std::make_shared<LinearMap>(p, c);
    }
  }
  if (name == "ReLU") {
    return function([](const Tensor& x, const Parameters&) { return at::relu(x); });
  }
  if (name == "Dropout") {
    return function([](const Tensor& x, const Parameters&) { return x; });
  }
  if (name == "MaxPool2d") {
    std::vector<int64_t> kernel = integers(module, "kernel_size", 2);
    std::vector<int64_t> stride = integers(module, "stride", 2);
    std::vector<int64_t> padding = integers(module, "padding", 2);
    std::vector<int64_t> dilation = integers(module, "dilation", 2);
    bool ceil = module.type()->getConstant("ceil_mode").toBool();
    return function([=](const Tensor& x, const Parameters&) {
      return at::max_pool2d(x, kernel, stride, padding, dilation, ceil);
    });
  }
  if (name == "AdaptiveAvgPool2d" && module.type()->hasConstant("output_size")) {
    std::vector<int64_t> size = integers(module, "output_size", 2);
    return function([=](const Tensor& x, const Parameters&) { return at::adaptive_avg_pool2d(x, size); });
  }
  return scripted(module);
}

std::shared_ptr<Layer> merged(const torch::jit::Module& convolution, const torch::jit::Module& norm) {
  Parameters p = parameters_of(convolution);
  Parameters n = parameters_of(norm);
  double eps = norm.type()->getConstant("eps").toDouble();
  Tensor mean = attribute(norm, "running_mean");
  Tensor scale = n.weight.div(attribute(norm, "running_var").add(eps).sqrt());
  std::vector<int64_t> shape(p.weight.dim(), 1);
  shape[0] = -1;
  Tensor shifted = p.bias.defined() ? p.bias.sub(mean) : mean.neg();
  Parameters both = {p.weight.mul(scale.view(shape)), shifted.mul(scale).add(n.bias)};
  return std::make_shared<LinearMap>(both, convolution_of(convolution, p.weight));
}

}  // namespace oracle
