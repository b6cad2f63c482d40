/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * The general engine of rules, as Zennit's BasicHook: a rule is data, and this runs it on any
 * layer.
 *
 * <p>The layer is run once for each {@link Modification}, with modified input and parameters. The
 * gradient mapper makes of the relevance and the modified outputs one gradient for each output;
 * these are differentiated with respect to the modified inputs; the reducer makes the relevance of
 * the input out of inputs and gradients:
 *
 * <pre>
 *   z_k = output_k(layer(input_k(x); parameters_k(W)))
 *   q_k = mapper(R, z)_k
 *   g_k = (d z_k / d x_k)^T q_k
 *   R_x = reducer(x_1..x_n, g_1..g_n)
 * </pre>
 *
 * <p>A layer with several inputs gives each of them its own relevance. Immutable and thread-safe,
 * provided that the functions are.
 *
 * <p>See G. Montavon et al., Layer-wise relevance propagation: an overview, 2019.
 */
public final class BasicRule implements Rule {
  /**
   * One run of the layer.
   *
   * @param input changes each input; must keep its shape
   * @param parameters changes the parameters
   * @param output changes the output
   */
  public record Modification(
      UnaryOperator<Tensor> input, ParameterModifier parameters, UnaryOperator<Tensor> output) {
    /**
     * A run with an unmodified output.
     *
     * @param input changes each input
     * @param parameters changes the parameters
     */
    public Modification(UnaryOperator<Tensor> input, ParameterModifier parameters) {
      this(input, parameters, UnaryOperator.identity());
    }
  }

  /** Makes the gradients of the modified outputs. */
  @FunctionalInterface
  public interface GradientMapper {
    /**
     * Makes the gradients.
     *
     * @param relevance of an output
     * @param outputs the modified outputs, one for each modification, of the same shape
     * @return one gradient for each modification; null for zero
     */
    List<Tensor> apply(Tensor relevance, List<Tensor> outputs);
  }

  /** Makes the relevance of an input. */
  @FunctionalInterface
  public interface Reducer {
    /**
     * Makes the relevance.
     *
     * @param inputs the modified inputs, one for each modification, of the same shape
     * @param gradients the gradients with respect to them
     * @return the relevance, of that shape
     */
    Tensor apply(List<Tensor> inputs, List<Tensor> gradients);
  }

  private final String name;
  private final List<Modification> modifications;
  private final GradientMapper mapper;
  private final Reducer reducer;

  /**
   * Declares a rule.
   *
   * @param name its name
   * @param modifications the runs of the layer, at least one
   * @param mapper makes the gradients of the outputs
   * @param reducer makes the relevance of the input
   */
  public BasicRule(
      String name, List<Modification> modifications, GradientMapper mapper, Reducer reducer) {
    if (modifications.isEmpty()) {
      throw new RuleException("rule " + name + " needs at least one modification");
    }
    this.name = name;
    this.modifications = List.copyOf(modifications);
    this.mapper = mapper;
    this.reducer = reducer;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public LayerFunction bind(Region region) {
    return LayerFunction.reading(LayerFunction.Reads.INPUTS, this::backward);
  }

  private List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
    try (AutoGradMode on = new AutoGradMode(true)) {
      int runs = modifications.size();
      List<List<Tensor>> inputs = new ArrayList<>();
      List<List<Tensor>> outputs = new ArrayList<>();
      for (Modification modification : modifications) {
        List<Tensor> modified = new ArrayList<>();
        for (Tensor input : call.inputs()) {
          modified.add(leaf(modification.input().apply(input), call.createGraph()));
        }
        List<Tensor> results = new ArrayList<>();
        for (Tensor output : call.forward(modified, parameters(call.region(), modification))) {
          results.add(modification.output().apply(output));
        }
        inputs.add(modified);
        outputs.add(results);
      }
      List<Tensor> roots = new ArrayList<>();
      List<Tensor> seeds = new ArrayList<>();
      for (int j = 0; j < relevance.size(); j++) {
        if (relevance.get(j) != null) {
          int output = j;
          List<Tensor> ofOutput = outputs.stream().map(o -> o.get(output)).toList();
          List<Tensor> mapped =
              mapper.apply(relevance.get(j), call.createGraph() ? ofOutput : detached(ofOutput));
          for (int k = 0; k < runs; k++) {
            roots.add(ofOutput.get(k));
            seeds.add(mapped.get(k));
          }
        }
      }
      List<Tensor> leaves = inputs.stream().flatMap(List::stream).toList();
      List<Tensor> gradients = LayerCall.vectorJacobian(roots, leaves, seeds, call.createGraph());
      return reduce(call, inputs, gradients);
    }
  }

  private List<Tensor> reduce(LayerCall call, List<List<Tensor>> inputs, List<Tensor> gradients) {
    int count = call.inputs().size();
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<Tensor> ofInput = new ArrayList<>();
      List<Tensor> itsGradients = new ArrayList<>();
      for (int k = 0; k < modifications.size(); k++) {
        Tensor input = inputs.get(k).get(i);
        Tensor gradient = gradients.get(k * count + i);
        ofInput.add(call.createGraph() ? input : input.detach());
        itsGradients.add(
            gradient != null
                ? gradient
                : org.bytedeco.pytorch.global.torch.zeros_like(input.detach()));
      }
      result.add(reducer.apply(ofInput, itsGradients));
    }
    return result;
  }

  private static List<Tensor> detached(List<Tensor> tensors) {
    return tensors.stream().map(Tensor::detach).toList();
  }

  private static Tensor leaf(Tensor modified, boolean createGraph) {
    if (createGraph && modified.requires_grad()) {
      return modified.view_as(modified);
    }
    return modified.detach().requires_grad_(true);
  }

  private static Map<String, Tensor> parameters(Region region, Modification modification) {
    Map<String, Tensor> changed = new LinkedHashMap<>();
    region
        .parameters()
        .forEach(
            (name, tensor) -> {
              Tensor result = modification.parameters().apply(tensor, name);
              if (!result.equals(tensor)) {
                changed.put(name, result);
              }
            });
    return changed;
  }

  @Override
  public String toString() {
    return name;
  }
}
