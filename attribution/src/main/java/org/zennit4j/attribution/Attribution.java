/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Propagation;

/**
 * The result of an attribution: the model's output and the relevance of its inputs.
 *
 * <p>Owned by the caller, who closes it; so are its tensors: they are freed by {@link #close()} or
 * with the caller's innermost pointer scope, whichever comes first; take a copy of what has to live
 * longer. They may be used in any thread, one at a time.
 */
public final class Attribution implements AutoCloseable {
  private final Tensor output;
  private final List<Tensor> relevances;
  private final List<LayerRelevance> layers;
  private final Map<String, Rule> rules;
  private final List<String> warnings;
  private final List<Propagation> propagations;
  private final List<Tensor> tokens;
  private final boolean scoped;
  private final Leaks.Trace trace;
  private List<Double> convergenceDelta = List.of();
  private boolean closed;

  /** Takes over tensors that were kept. */
  Attribution(
      Tensor output,
      List<Tensor> relevances,
      List<LayerRelevance> layers,
      Map<String, Rule> rules,
      List<String> warnings,
      List<Propagation> propagations,
      List<Tensor> tokens) {
    this(output, relevances, layers, rules, warnings, propagations, tokens, true);
  }

  private Attribution(
      Tensor output,
      List<Tensor> relevances,
      List<LayerRelevance> layers,
      Map<String, Rule> rules,
      List<String> warnings,
      List<Propagation> propagations,
      List<Tensor> tokens,
      boolean scoped) {
    this.output = output;
    this.tokens = tokens;
    this.relevances = relevances;
    this.layers = layers;
    this.scoped = scoped;
    // In a scope the tensors are the scope's.
    boolean owner = !scoped || !propagations.isEmpty() || PointerScope.getInnerScope() == null;
    this.trace = owner ? Leaks.of(this, "an attribution") : Leaks.none();
    if (scoped) {
      tensors().forEach(Natives::handOver);
    }
    this.rules = rules;
    this.warnings = List.copyOf(warnings);
    this.propagations = propagations;
  }

  /**
   * Makes the result of a method of one's own. It outlives the scope in which the tensors were
   * made, and belongs to no scope: it has to be closed.
   *
   * @param output what was explained
   * @param relevance the relevance of the input
   * @param warnings one sentence each, perhaps none
   * @return a result that closes both tensors
   */
  public static Attribution of(Tensor output, Tensor relevance, List<String> warnings) {
    return new Attribution(
        Natives.keep(output),
        List.of(Natives.keep(relevance)),
        List.of(),
        Map.of(),
        warnings,
        List.of(),
        List.of(),
        /* scoped= */ false);
  }

  /**
   * Makes a result out of kept tensors, which it takes over.
   *
   * @param output what was explained
   * @param relevance the relevance of the input
   * @param layers relevances at layers
   * @param rules layer name to rule
   * @param warnings one sentence each, perhaps none
   * @return a result that closes all tensors
   */
  public static Attribution ofKept(
      Tensor output,
      Tensor relevance,
      List<LayerRelevance> layers,
      Map<String, Rule> rules,
      List<String> warnings) {
    return new Attribution(
        output, List.of(relevance), layers, rules, warnings, List.of(), List.of());
  }

  /**
   * The output that was explained, for the clean input.
   *
   * @return of the model's output shape and dtype
   */
  public Tensor output() {
    checkOpen();
    return output;
  }

  /**
   * The relevance of the first input.
   *
   * @return of the input's shape, in the model's dtype; null if it is no floating tensor, see
   *     {@link #tokens()}
   */
  public Tensor relevance() {
    checkOpen();
    return relevances.get(0);
  }

  /**
   * The relevances of all inputs.
   *
   * @return one for each input, of its shape; null for inputs that are no floating tensors
   */
  public List<Tensor> relevances() {
    checkOpen();
    return relevances;
  }

  /**
   * The relevances of token ids and other indices, which have none of their own: that of the vector
   * which an embedding gives for each of them, summed over the vector's axis. The whole vectors'
   * relevance is that at the embedding's layer.
   *
   * @return one for each input, of the input's shape where it goes into the embedding as it is (of
   *     an embedding bag: one number for each bag), in the model's dtype; null for other inputs;
   *     none at all where the attributor gives none
   */
  public List<Tensor> tokens() {
    checkOpen();
    return tokens;
  }

  /**
   * The relevances at the layers that were asked for.
   *
   * @return one for each call, in the order of execution
   */
  public List<LayerRelevance> layers() {
    checkOpen();
    return layers;
  }

  /**
   * The relevance at the first call of a layer.
   *
   * @param name the layer's name
   * @return empty if the layer was not asked for or never called
   */
  public Optional<LayerRelevance> at(String name) {
    return layers().stream().filter(l -> l.layer().equals(name)).findFirst();
  }

  /**
   * Which layer had which rule.
   *
   * @return layer name to rule
   */
  public Map<String, Rule> rules() {
    return rules;
  }

  /**
   * How far the relevance of integrated gradients is from what it should add up to: its sum minus
   * f(input) - f(baseline), f the sum of output times target. More steps make it smaller.
   *
   * @return one number for each sample; none unless {@link
   *     IntegratedGradients.Settings#convergenceDelta()} asks for it
   */
  public List<Double> convergenceDelta() {
    return convergenceDelta;
  }

  /** The same result, of which the distance from completeness is known. */
  Attribution withConvergenceDelta(List<Double> found) {
    convergenceDelta = List.copyOf(found);
    return this;
  }

  /**
   * What is unusual about the model, the composite or this input.
   *
   * @return one sentence each, perhaps none
   */
  public List<String> warnings() {
    return warnings;
  }

  private void checkOpen() {
    if (closed) {
      throw trace.refusal("the attribution was closed");
    }
  }

  /**
   * Takes the relevance of the first input out of the result, and closes the result.
   *
   * @return the relevance, in the caller's innermost scope, to be closed by the caller
   */
  public Tensor takeRelevance() {
    checkOpen();
    Tensor taken = relevances.get(0);
    close(1);
    return scoped ? taken : Natives.handOver(taken);
  }

  private List<Tensor> tensors() {
    List<Tensor> all = new ArrayList<>(relevances);
    all.add(output);
    all.addAll(tokens);
    for (LayerRelevance layer : layers) {
      all.addAll(layer.inputs());
      all.addAll(layer.outputs());
    }
    return all;
  }

  /** Frees all tensors; closing twice is harmless. */
  @Override
  public void close() {
    close(0);
  }

  private void close(int from) {
    if (closed) {
      return;
    }
    closed = true;
    trace.close();
    List<Tensor> all = tensors();
    for (Tensor tensor : all.subList(from, all.size())) {
      if (tensor != null) {
        tensor.close();
      }
    }
    propagations.forEach(Propagation::close);
  }

  /** The shapes of output and relevances, and how many warnings there are; no values. */
  @Override
  public String toString() {
    return "Attribution[output "
        + shape(output)
        + ", relevance "
        + relevances.stream().map(Attribution::shape).collect(Collectors.joining(", "))
        + ", "
        + warnings().size()
        + (warnings().size() == 1 ? " warning]" : " warnings]");
  }

  private static String shape(Tensor tensor) {
    return tensor == null || tensor.isNull() ? "none" : Arrays.toString(tensor.shape());
  }
}
