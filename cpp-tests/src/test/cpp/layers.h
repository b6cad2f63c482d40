/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <torch/script.h>
#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace oracle {

using torch::Tensor;

/** A layer's parameters; an undefined tensor is one that the layer does not have. */
struct Parameters {
  Tensor weight;
  Tensor bias;
};

/** What a rule attaches to: a map that can be run, and transposed, with other parameters. */
class Layer {
 public:
  virtual ~Layer() = default;

  /** The output for x with these parameters. */
  virtual Tensor forward(const Tensor& x, const Parameters& p) const = 0;

  /** The vector-Jacobian product of q at x with these parameters. */
  virtual Tensor adjoint(const Tensor& q, const Tensor& x, const Parameters& p) const = 0;

  const Parameters& parameters() const { return parameters_; }

 protected:
  explicit Layer(Parameters parameters) : parameters_(std::move(parameters)) {}

 private:
  Parameters parameters_;
};

/** A matrix product or a convolution of any kind, with zero padding. */
class LinearMap : public Layer {
 public:
  /** What a convolution has and a matrix product has not. */
  struct Convolution {
    std::vector<int64_t> stride, padding, dilation, output_padding;
    bool transposed;
    int64_t groups;
  };

  LinearMap(Parameters parameters, std::optional<Convolution> convolution)
      : Layer(std::move(parameters)), convolution_(std::move(convolution)) {}

  Tensor forward(const Tensor& x, const Parameters& p) const override;
  Tensor adjoint(const Tensor& q, const Tensor& x, const Parameters& p) const override;

  bool is_convolution() const { return convolution_.has_value(); }
  bool is_transposed() const { return convolution_ && convolution_->transposed; }
  int64_t groups() const { return convolution_ ? convolution_->groups : 1; }

 private:
  std::optional<Convolution> convolution_;
};

/** Any other layer, given as a function; autograd transposes it. */
class FunctionLayer : public Layer {
 public:
  using Function = std::function<Tensor(const Tensor&, const Parameters&)>;

  FunctionLayer(Parameters parameters, Function function)
      : Layer(std::move(parameters)), function_(std::move(function)) {}

  Tensor forward(const Tensor& x, const Parameters& p) const override { return function_(x, p); }
  Tensor adjoint(const Tensor& q, const Tensor& x, const Parameters& p) const override;

 private:
  Function function_;
};

/** The class of a scripted module without its package, such as "Conv2d". */
std::string class_name(const torch::jit::Module& module);

/** The layer that a module of a scripted network is. */
std::shared_ptr<Layer> layer_of(const torch::jit::Module& module);

/**
 * A convolution with the batch normalisation that follows it:
 * W' = W s and b' = s (b - mean) + beta with s = gamma / sqrt(variance + eps).
 */
std::shared_ptr<Layer> merged(const torch::jit::Module& convolution, const torch::jit::Module& norm);

}  // namespace oracle
