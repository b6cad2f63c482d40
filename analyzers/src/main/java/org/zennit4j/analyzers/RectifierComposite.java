/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Context;
import org.zennit4j.composites.Positions;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.rules.ReLUDeconvNet;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerFunction;

/**
 * Rules for ReLUs and ReLU6s, wherever they are: modules, functional, in place, as a clamp or a
 * hardtanh.
 *
 * @param method for messages
 * @param deconvNet whether negative gradients are dropped whatever the input; else guided
 *     backpropagation
 * @param allowOthers whether other activations take their gradient; else they are refused
 */
record RectifierComposite(String method, boolean deconvNet, boolean allowOthers)
    implements Composite {

  @Override
  public boolean functional() {
    return true;
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    OptionalDouble upper = rectifier(context.program(), layer);
    if (upper.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(deconvNet ? new ReLUDeconvNet() : new Guided(upper.getAsDouble()));
  }

  @Override
  public List<String> check(Program program) {
    boolean any = false;
    for (Region region : program.regions()) {
      if (!region.isOperator()) {
        continue;
      }
      Layer layer = Positions.layerOf(region);
      if (rectifier(program, layer).isPresent()) {
        any = true;
      } else if (!allowOthers && isActivation(layer)) {
        throw new Zennit4jException(
            method
                + " is defined for ReLU and ReLU6, but the model has the activation "
                + layer
                + "; set allow_other_activations = true to let such layers take their gradient");
      }
    }
    if (!any && !allowOthers) {
      throw new Zennit4jException(
          method
              + " is defined for ReLU and ReLU6, but the model has none; set"
              + " allow_other_activations = true to get the plain gradient");
    }
    return List.of();
  }

  private static boolean isActivation(Layer layer) {
    return layer.matches("Activation")
        || (layer.functional()
            && Operators.of(layer.className()).is(Operators.Kind.FURTHER_ACTIVATION));
  }

  /** Where a ReLU stops rising: infinity or 6; empty for anything else. */
  static OptionalDouble rectifier(Program program, Layer layer) {
    if (layer.matches("torch.nn.ReLU")) {
      return OptionalDouble.of(Double.POSITIVE_INFINITY);
    }
    if (layer.matches("torch.nn.ReLU6")) {
      return OptionalDouble.of(6);
    }
    boolean candidate = layer.functional() || isActivation(layer);
    if (!candidate) {
      return OptionalDouble.empty();
    }
    for (Region region : program.regions()) {
      if (region.isOperator() && Positions.layerOf(region) == layer) {
        OptionalDouble upper = rectifier(region);
        if (upper.isPresent()) {
          return upper;
        }
      }
    }
    return OptionalDouble.empty();
  }

  private static OptionalDouble rectifier(Region operator) {
    return switch (Operators.of(operator).name()) {
      case "relu" -> OptionalDouble.of(Double.POSITIVE_INFINITY);
      case "relu6" -> OptionalDouble.of(6);
      case "hardtanh" -> between(operator, "min_val", "max_val");
      case "clamp", "clamp_min" -> between(operator, "min", "max");
      case "threshold" ->
          is(operator.number("threshold"), 0) && is(operator.number("value"), 0)
              ? OptionalDouble.of(Double.POSITIVE_INFINITY)
              : OptionalDouble.empty();
      default -> OptionalDouble.empty();
    };
  }

  private static OptionalDouble between(Region operator, String low, String high) {
    OptionalDouble upper = operator.number(high);
    if (!is(operator.number(low), 0)) {
      return OptionalDouble.empty();
    }
    if (upper.isEmpty()) {
      return OptionalDouble.of(Double.POSITIVE_INFINITY);
    }
    return upper.getAsDouble() == 6 ? upper : OptionalDouble.empty();
  }

  private static boolean is(OptionalDouble number, double value) {
    return number.isPresent() && number.getAsDouble() == value;
  }

  /** The gradient where the input lies strictly inside and the gradient arrives positive. */
  private record Guided(double upper) implements Rule {
    @Override
    public String name() {
      return "relu_guided_backprop";
    }

    @Override
    public LayerFunction bind(Region region) {
      return (call, relevance) -> {
        Tensor r = relevance.get(0);
        Tensor z = call.inputs().get(0);
        Tensor passes = r.gt(new Scalar(0)).logical_and(z.gt(new Scalar(0)));
        if (Double.isFinite(upper)) {
          passes = passes.logical_and(z.lt(new Scalar(upper)));
        }
        return List.of(r.mul(passes));
      };
    }
  }
}
