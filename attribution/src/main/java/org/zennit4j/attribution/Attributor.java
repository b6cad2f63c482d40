/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Precision;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Layer;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Meter;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/**
 * Explains outputs of a model: runs its plan on an input and gives relevance.
 *
 * <p>Thread-safe: several threads may attribute with one attributor at once. Inputs are never
 * changed, kept or closed. Owned by who makes it, who closes it before its plan; most hold nothing,
 * and closing them does nothing.
 */
public abstract class Attributor implements AutoCloseable {
  private final Plan plan;
  private final boolean owner;
  private final BatchChoice batches = new BatchChoice();

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   */
  protected Attributor(Plan plan) {
    this.plan = Objects.requireNonNull(plan, "the plan is null");
    this.owner = false;
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers and rules
   */
  protected Attributor(ScriptModel model, Composite composite) {
    this.plan = Plan.of(model, composite);
    this.owner = true;
  }

  /**
   * What the attributor runs.
   *
   * @return the plan
   */
  public final Plan plan() {
    return plan;
  }

  /**
   * Explains the most likely class of each sample.
   *
   * @param input a batch, of the model's dtype and device
   * @return the result, to be closed by the caller
   */
  public final Attribution attribute(Tensor input) {
    return attribute(input, Target.top1());
  }

  /**
   * Explains an output.
   *
   * @param input a batch, of the model's dtype and device
   * @param target where relevance starts
   * @return the result, to be closed by the caller
   * @throws ShapeException if input or target do not fit the model
   */
  public final Attribution attribute(Tensor input, Target target) {
    Objects.requireNonNull(input, "the input is null");
    Objects.requireNonNull(target, "the target is null");
    return attribute(List.of(input), target, AttributionOptions.defaults());
  }

  /**
   * Explains an output of a model with several inputs.
   *
   * @param inputs one tensor for each argument of the model
   * @param target where relevance starts
   * @param options layers, output, checks, progress
   * @return the result, to be closed by the caller
   * @throws ShapeException if inputs or target do not fit the model
   * @throws CancelledException if the listener cancels, the thread is interrupted, or the time
   *     limit is over
   * @throws Zennit4jException if a rule or hook fails, or if a value is not finite and that is
   *     checked
   */
  public abstract Attribution attribute(
      List<Tensor> inputs, Target target, AttributionOptions options);

  /** What one pass gives; all tensors are kept and belong to the receiver. */
  record Pass(
      Tensor output,
      List<Tensor> relevances,
      List<LayerRelevance> layers,
      List<Propagation> propagations,
      List<String> notes,
      List<Tensor> tokens) {
    Pass(
        Tensor output,
        List<Tensor> relevances,
        List<LayerRelevance> layers,
        List<Propagation> propagations,
        List<String> notes) {
      this(output, relevances, layers, propagations, notes, List.of());
    }

    Pass(
        Tensor output,
        List<Tensor> relevances,
        List<LayerRelevance> layers,
        List<Propagation> propagations) {
      this(output, relevances, layers, propagations, List.of());
    }

    /** The same with the relevances of token ids. */
    Pass withTokens(List<Tensor> found) {
      return new Pass(output, relevances, layers, propagations, notes, found);
    }

    void releaseTensors() {
      Natives.release(output);
      relevances.forEach(Natives::release);
      tokens.forEach(Natives::release);
      for (LayerRelevance layer : layers) {
        layer.inputs().forEach(Natives::release);
        layer.outputs().forEach(Natives::release);
      }
    }

    void release() {
      releaseTensors();
      propagations.forEach(Propagation::close);
    }

    /**
     * Changes the relevances, and those of layers if asked to; this pass must not be used any more.
     */
    Pass mapped(BiFunction<Tensor, Integer, Tensor> change, boolean layersToo) {
      boolean done = false;
      List<Tensor> made = new ArrayList<>();
      try (PointerScope scope = new PointerScope()) {
        List<Tensor> inputs = mapped(relevances, change, made);
        List<LayerRelevance> others = new ArrayList<>();
        for (LayerRelevance layer : layersToo ? layers : List.<LayerRelevance>of()) {
          others.add(
              new LayerRelevance(
                  layer.layer(),
                  layer.call(),
                  mapped(layer.inputs(), change, made),
                  mapped(layer.outputs(), change, made)));
        }
        Pass result =
            new Pass(
                Natives.keep(output), inputs, layersToo ? others : List.of(), propagations, notes);
        done = true;
        releaseTensors();
        return result;
      } finally {
        if (!done) {
          made.forEach(Natives::release);
          release();
        }
      }
    }

    private static List<Tensor> mapped(
        List<Tensor> tensors, BiFunction<Tensor, Integer, Tensor> change, List<Tensor> made) {
      List<Tensor> result = new ArrayList<>();
      for (int i = 0; i < tensors.size(); i++) {
        Tensor tensor = tensors.get(i);
        Tensor changed = tensor == null ? null : Natives.keep(change.apply(tensor, i));
        made.add(changed);
        result.add(changed);
      }
      return result;
    }
  }

  /** When an attribution that begins now has to stop, as {@link System#nanoTime()}. */
  static long deadline(AttributionOptions options) {
    return options
        .timeLimit()
        .map(limit -> System.nanoTime() + limit.toNanos())
        .orElse(Long.MAX_VALUE);
  }

  /**
   * How many copies of an input run at once.
   *
   * @param wanted a number, or {@link BatchChoice#AUTOMATIC}
   * @param inputs one copy
   * @param output what the model makes of it
   * @param recorded whether copies run backward too
   */
  final int batchSize(
      int wanted,
      List<Tensor> inputs,
      Tensor output,
      boolean recorded,
      AttributionOptions options,
      long deadline) {
    return wanted != BatchChoice.AUTOMATIC
        ? wanted
        : batches.of(this, inputs, output, recorded, options, deadline);
  }

  /** Runs forward once, and hands the chosen output, detached, to somebody. */
  final void forward(
      List<Tensor> inputs, AttributionOptions options, long deadline, Consumer<Tensor> use) {
    forward(inputs, options, PropagationOptions.defaults().withDeadline(deadline), use);
  }

  /** The same, while a meter counts. */
  final void forward(
      List<Tensor> inputs,
      AttributionOptions options,
      long deadline,
      Meter meter,
      Consumer<Tensor> use) {
    PropagationOptions how = PropagationOptions.defaults().withDeadline(deadline);
    forward(inputs, options, how.withMeter(meter), use);
  }

  private void forward(
      List<Tensor> inputs,
      AttributionOptions options,
      PropagationOptions how,
      Consumer<Tensor> use) {
    try (PointerScope scope = new PointerScope();
        Propagation propagation = plan.propagate(how)) {
      List<Tensor> outputs = propagation.forward(inputs);
      use.accept(outputs.get(selected(outputs, options)).detach());
    }
  }

  /** Runs forward and backward once; the target gets the chosen output, detached. */
  final Pass pass(
      List<Tensor> inputs,
      UnaryOperator<Tensor> target,
      AttributionOptions options,
      long deadline) {
    return pass(plan::propagate, inputs, target, options, deadline);
  }

  /** The same with the relevances of token ids. */
  final Pass passWithTokens(
      List<Tensor> inputs,
      UnaryOperator<Tensor> target,
      AttributionOptions options,
      long deadline) {
    return pass(plan::propagate, inputs, target, options, deadline, true);
  }

  /** The same with a propagation of one's own. */
  final Pass pass(
      Function<PropagationOptions, Propagation> start,
      List<Tensor> inputs,
      UnaryOperator<Tensor> target,
      AttributionOptions options,
      long deadline) {
    return pass(start, inputs, target, options, deadline, false);
  }

  private Pass pass(
      Function<PropagationOptions, Propagation> start,
      List<Tensor> inputs,
      UnaryOperator<Tensor> target,
      AttributionOptions options,
      long deadline,
      boolean tokens) {
    PropagationOptions how =
        PropagationOptions.defaults()
            .withDeadline(deadline)
            .withCapture(options.layers())
            .withCreateGraph(options.createGraph());
    if (options.layers() instanceof LayerNames names) {
      names.check(plan.program());
    }
    Propagation propagation = start.apply(how);
    boolean done = false;
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> outputs = propagation.record(inputs);
      int selected = selected(outputs, options);
      Tensor chosen = outputs.get(selected);
      Tensor detached = chosen.detach();
      List<Tensor> seeds = new ArrayList<>();
      for (int i = 0; i < outputs.size(); i++) {
        seeds.add(i == selected ? target.apply(detached) : null);
      }
      List<Tensor> relevances = propagation.backward(seeds);
      if (options.checkFinite() && !NonFinite.isFinite(List.of(chosen))) {
        // Which class is the most likely one is then arbitrary, however finite its relevance.
        throw new Zennit4jException(
            "the model's output holds NaN or infinity"
                + NonFinite.clause(NonFinite.find(plan, inputs, target, options)));
      }
      if (options.checkFinite() && !NonFinite.isFinite(relevances)) {
        throw notFinite(NonFinite.clause(NonFinite.find(plan, inputs, target, options)));
      }
      Pass result =
          new Pass(
              Natives.keep(options.createGraph() ? new Tensor(chosen) : detached),
              copies(relevances),
              propagation.layerRelevances().stream()
                  .map(
                      l ->
                          new LayerRelevance(
                              l.layer(), l.call(), copies(l.inputs()), copies(l.outputs())))
                  .toList(),
              options.createGraph() ? List.of(propagation) : List.of(),
              propagation.findings(),
              tokens ? copies(propagation.tokens()) : List.of());
      done = true;
      return result;
    } finally {
      if (!done || !options.createGraph()) {
        propagation.close();
      }
    }
  }

  /** The position of the output that is explained. */
  static int selected(List<Tensor> outputs, AttributionOptions options) {
    if (outputs.isEmpty()) {
      throw new ShapeException("the model gives no floating tensor that could be explained");
    }
    int chosen = options.outputSelector().applyAsInt(outputs);
    if (chosen < 0 || chosen >= outputs.size()) {
      throw new ShapeException(
          "output " + chosen + " was selected, but the model gives " + outputs.size() + " tensors");
    }
    return chosen;
  }

  /** Fails if relevances at layers were asked for. */
  final void refuseLayers(AttributionOptions options, String why) {
    List<Layer> all = new ArrayList<>(plan.program().layers());
    all.addAll(plan.program().functionalLayers());
    for (Layer layer : all) {
      if (options.layers().test(layer)) {
        throw new Zennit4jException(
            "there is no relevance at layer '" + layer.name() + "': " + why);
      }
    }
  }

  /** Fails if the relevance is to be differentiated. */
  static void refuseGraph(AttributionOptions options, String why) {
    if (options.createGraph()) {
      throw new Zennit4jException(why + ", so that its relevance cannot be differentiated");
    }
  }

  /** Fails if no input has values that can be changed little by little. */
  static void refuseIndices(List<Tensor> inputs) {
    if (!inputs.isEmpty() && inputs.stream().noneMatch(Tensor::is_floating_point)) {
      throw new Zennit4jException(
          "none of the inputs is floating, and this attributor changes the values of its inputs, which token ids have"
              + " not; use the attributor gradient, whose relevance starts at the embedding");
    }
  }

  static List<Tensor> copies(List<Tensor> tensors) {
    List<Tensor> result = new ArrayList<>();
    for (Tensor tensor : tensors) {
      result.add(tensor == null ? null : Natives.keep(new Tensor(tensor)));
    }
    return result;
  }

  static Zennit4jException notFinite(String where) {
    return new Zennit4jException("the relevance holds NaN or infinity" + where);
  }

  /** What a pass backward would have noticed about relevance that came without one. */
  static List<String> notes(Tensor output, List<Tensor> relevances) {
    return Precision.finding(List.of(output), relevances, /* rules= */ 0).stream().toList();
  }

  /** Makes the result out of kept tensors, which it takes over; checks them first if asked to. */
  final Attribution result(Pass pass, List<Tensor> inputs, AttributionOptions options) {
    if (options.checkFinite() && !NonFinite.isFinite(pass.relevances())) {
      pass.release();
      // Each pass was finite: it came from a product with the input, or a sum was too large.
      throw notFinite(
          NonFinite.isFinite(inputs)
              ? "; it arose where the passes were put together"
              : ", first in the model's input");
    }
    if (options.checkFinite() && !NonFinite.isFinite(List.of(pass.output()))) {
      pass.release();
      throw new Zennit4jException(
          "the model's output holds NaN or infinity"
              + NonFinite.clause(NonFinite.forward(plan, inputs)));
    }
    return new Attribution(
        pass.output(),
        pass.relevances(),
        pass.layers(),
        plan.rules(),
        Stream.concat(plan.findings().stream(), pass.notes().stream()).distinct().toList(),
        pass.propagations(),
        pass.tokens());
  }

  /** Tells the listener that a pass is done. */
  static void progress(AttributionOptions options, int done, int total) {
    if (!options.listener().onProgress(done, total)) {
      throw new CancelledException(done, total);
    }
  }

  /** Closes the plan if the attributor made it itself. */
  @Override
  public void close() {
    if (owner) {
      plan.close();
    }
  }
}
