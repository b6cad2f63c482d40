/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.NonFinite;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.runtime.LayerRelevance;

/**
 * How much relevance arrives at each layer, how much it passes on, and to what the rest is lost.
 *
 * <p>All numbers are sums over all elements of all samples, in double precision, in the unit of the
 * relevance. Immutable and thread-safe; holds no native memory.
 */
public final class Conservation {
  /**
   * A call of a layer.
   *
   * @param layer the layer's name, empty for the whole model
   * @param call which of the layer's calls, from 0 on
   * @param arrives the sum of the relevance of its outputs
   * @param passes the sum of the relevance that it gives to its inputs
   * @param loss to what relevance is lost; empty if the layer has no rule of its own
   * @param shape of its first output; empty if it is not known
   */
  public record Row(
      String layer,
      int call,
      double arrives,
      double passes,
      Optional<Loss> loss,
      List<Long> shape) {
    /**
     * Makes a row.
     *
     * @param layer {@link #layer()}
     * @param call {@link #call()}
     * @param arrives {@link #arrives()}
     * @param passes {@link #passes()}
     * @param loss {@link #loss()}
     * @param shape {@link #shape()}, copied
     */
    public Row {
      shape = List.copyOf(shape);
    }

    /**
     * What is not passed on.
     *
     * @return negative where more is passed on than arrived
     */
    public double lost() {
      return arrives - passes;
    }

    /**
     * The share of the relevance that is passed on.
     *
     * @return 1 where the sum is kept; NaN or infinite where nothing arrived
     */
    public double kept() {
      return passes / arrives;
    }
  }

  /** Less than this share of what started is rounding. */
  private static final double NOTICEABLE = 1e-9;

  private final List<Row> rows;
  private final double input;
  private final Optional<NonFinite> firstNotFinite;

  /** The layers in which no others are looked at. */
  private final Set<String> operators;

  /** The modules that hold others. */
  private final Set<String> blocks;

  private Conservation(
      List<Row> rows, double input, Optional<NonFinite> firstNotFinite, Program program) {
    this.rows = List.copyOf(rows);
    this.input = input;
    this.firstNotFinite = firstNotFinite;
    this.operators = new HashSet<>();
    this.blocks = new HashSet<>();
    program.functionalLayers().forEach(layer -> operators.add(layer.name()));
    for (Layer layer : program.layers()) {
      if (!layer.leaf() && !layer.name().isEmpty()) {
        blocks.add(layer.name());
      } else if (!layer.types().isEmpty()) {
        operators.add(layer.name());
      }
    }
  }

  /**
   * Explains the most likely class of each sample.
   *
   * @param plan any open plan
   * @param input a batch for a model with one input
   * @return where relevance is lost
   */
  public static Conservation of(Plan plan, Tensor input) {
    return of(plan, List.of(input), Target.top1(), AttributionOptions.defaults());
  }

  /**
   * Explains a target in one pass, with each rule asked twice: as it is, and with biases that count
   * as zero. The plan is canonized and prepared a second time for it.
   *
   * @param plan any open plan
   * @param inputs one for each argument of the model; read only
   * @param target where relevance starts
   * @param options how to explain; the rows are all layers, whichever they choose
   * @return where relevance is lost
   */
  public static Conservation of(
      Plan plan, List<Tensor> inputs, Target target, AttributionOptions options) {
    Losses losses = new Losses(plan.composite());
    try (PointerScope scope = new PointerScope();
        Plan watched = Plan.of(plan.model(), losses);
        Gradient gradient = new Gradient(watched);
        Attribution result =
            gradient.attribute(inputs, target, options.withLayers(layer -> true))) {
      boolean finite =
          result.relevances().stream().allMatch(r -> r == null || r.isfinite().all().item_bool());
      Optional<NonFinite> first =
          finite ? Optional.empty() : NonFinite.find(watched, inputs, target::apply, options);
      List<Row> rows = new ArrayList<>();
      for (LayerRelevance call : result.layers()) {
        rows.add(row(call, losses.of(watched.program(), call.layer(), call.call())));
      }
      return new Conservation(rows, Losses.sum(result.relevances()), first, watched.program());
    }
  }

  private static Row row(LayerRelevance call, Optional<Loss> loss) {
    Optional<Tensor> first = call.outputs().stream().filter(t -> t != null).findFirst();
    return new Row(
        call.layer(),
        call.call(),
        Losses.sum(call.outputs()),
        Losses.sum(call.inputs()),
        loss,
        first.map(t -> Arrays.stream(t.shape()).boxed().toList()).orElse(List.of()));
  }

  /**
   * The calls of all layers, those inside of others included.
   *
   * @return in the order of execution; relevance passes them from the last to the first
   */
  public List<Row> rows() {
    return rows;
  }

  /**
   * The operators without a rule, and modules of a type without one, that created or lost
   * relevance; most of them should get a rule.
   *
   * @return by the size of {@link Row#lost()}, the largest first; perhaps none
   */
  public List<Row> costs() {
    double started = root().map(Row::arrives).map(Math::abs).orElse(1.0);
    return rows.stream()
        .filter(row -> operators.contains(row.layer()) && row.loss().isEmpty())
        .filter(row -> !(Math.abs(row.lost()) <= NOTICEABLE * started))
        .sorted(Comparator.comparingDouble((Row row) -> -Math.abs(row.lost())))
        .toList();
  }

  /**
   * The calls of modules that hold others.
   *
   * @return in the order in which relevance passes them, a block before those inside of it
   */
  public List<Row> blocks() {
    List<Row> found = new ArrayList<>();
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (blocks.contains(rows.get(i).layer())) {
        found.add(rows.get(i));
      }
    }
    return found;
  }

  /**
   * The first call of a layer.
   *
   * @param layer the layer's name, empty for the whole model
   * @return empty if it was never called
   */
  public Optional<Row> at(String layer) {
    return rows.stream().filter(r -> r.layer().equals(layer)).findFirst();
  }

  /**
   * The whole model as one row: the relevance that started, and the relevance that was passed on.
   *
   * @return empty if the model itself was not called as a layer
   */
  public Optional<Row> root() {
    return at("");
  }

  /**
   * The shape of a layer's first output.
   *
   * @param layer the layer's name
   * @return of the first call for which it is known; or empty
   */
  public Optional<List<Long>> shape(String layer) {
    return rows.stream()
        .filter(r -> r.layer().equals(layer) && !r.shape().isEmpty())
        .map(Row::shape)
        .findFirst();
  }

  /**
   * The relevance of the model's inputs.
   *
   * @return the sum over all of them
   */
  public double input() {
    return input;
  }

  /**
   * Where NaN or infinity appears first.
   *
   * @return empty if all relevance of the inputs is finite
   */
  public Optional<NonFinite> firstNotFinite() {
    return firstNotFinite;
  }
}
