/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.NonFinite;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerRelevance;

/**
 * What SignXAI's analyzers have in common: a method with its options, prepared for one model.
 *
 * <p>Inputs may be batches or single samples, see {@link MethodOption#BATCHED}; they are cast to
 * the model's dtype and device. The relevance has the input's shape, only that of Grad-CAM has one
 * channel. Immutable and thread-safe. Does not own its model, which must stay open.
 */
public abstract class BuiltInAnalyzer implements Analyzer {
  private final ResolvedMethod method;
  private final InputReader reader;
  private final PreparedMethod prepared;
  private final Leaks.Trace trace;
  private volatile boolean closed;

  BuiltInAnalyzer(ScriptModel model, ResolvedMethod method) {
    this.method = method;
    this.reader = new InputReader(model, method.batched());
    this.prepared = PreparedMethod.of(model, method);
    this.trace = Leaks.of(this, "an analyzer " + method.name());
  }

  BuiltInAnalyzer(ScriptModel model, String name, MethodOptions options) {
    this(model, ResolvedMethod.of(name, orNone(options)));
  }

  /**
   * The method with its options.
   *
   * @return the method
   */
  public final ResolvedMethod method() {
    return method;
  }

  @Override
  public final Attribution attribute(Tensor input, Target target) {
    return attribute(input, target, AttributionOptions.defaults());
  }

  /**
   * Explains outputs.
   *
   * @param input a batch or one sample; neither changed nor closed
   * @param target which outputs; null for what the options say, by default the most likely class
   * @param options layers whose relevances are kept (an error where the method says nothing about
   *     them), the output that is explained, progress, time limit
   * @return relevance, output and warnings, to be closed by the caller
   */
  public final Attribution attribute(Tensor input, Target target, AttributionOptions options) {
    if (closed) {
      throw trace.refusal("the analyzer " + method.name() + " was closed");
    }
    if (options.createGraph()) {
      throw new Zennit4jException(
          method.name()
              + ": the relevance of a method cannot be differentiated; use an attributor, with"
              + " SignXai.composite where the method has rules");
    }
    Kept kept;
    try (PointerScope scope = new PointerScope()) {
      InputReader.Batch batch = reader.read(input);
      Tensor x = batch.tensor();
      if (method.name().requiresSeries() && x.dim() != 3) {
        throw new ShapeException(
            method.name() + " takes series of shape (batch, channels, time), not " + shape(input));
      }
      Target chosen = target == null ? Targets.of(method.target()) : target;
      AttributionOptions how =
          options
              .withOutputSelector(outputs -> selected(outputs, options, x))
              .withCheckFinite(false); // its own check is below
      try (Attribution base =
          prepared.attributor().attribute(List.of(x), prepared.start().apply(chosen), how)) {
        Tensor map = modified(base.relevance(), x);
        if (!method.allowNonFinite() && !map.isfinite().all().item_bool()) {
          throw new Zennit4jException(
              method.name()
                  + ": the relevance holds NaN or infinity"
                  + whereNotFinite(x, chosen).map(p -> ", first in " + p.phrase()).orElse("")
                  + "; set allow_non_finite = true to get it as it is");
        }
        kept = Kept.of(base, map, batch.single());
      }
    }
    return Attribution.ofKept(
        kept.output(), kept.relevance(), kept.layers(), kept.rules(), kept.warnings());
  }

  /** Copies of handles that outlive the scope of a pass. */
  private record Kept(
      Tensor output,
      Tensor relevance,
      List<LayerRelevance> layers,
      Map<String, Rule> rules,
      List<String> warnings) {
    static Kept of(Attribution base, Tensor map, boolean single) {
      Tensor output = base.output();
      return new Kept(
          keep(single ? output.squeeze(0) : output),
          keep(single ? map.squeeze(0) : map),
          base.layers().stream()
              .map(l -> new LayerRelevance(l.layer(), l.call(), all(l.inputs()), all(l.outputs())))
              .toList(),
          base.rules(),
          base.warnings());
    }

    private static List<Tensor> all(List<Tensor> tensors) {
      List<Tensor> result = new ArrayList<>();
      tensors.forEach(t -> result.add(t == null ? null : keep(t)));
      return result;
    }

    private static Tensor keep(Tensor tensor) {
      return Natives.keep(new Tensor(tensor));
    }
  }

  /** The output that is explained, which must be of the shape (batch, classes). */
  private static int selected(List<Tensor> outputs, AttributionOptions options, Tensor x) {
    int index = options.outputSelector().applyAsInt(outputs);
    if (index >= 0 && index < outputs.size()) {
      Tensor output = outputs.get(index);
      // Several copies of the input may run at once.
      if (output.dim() != 2 || output.size(0) % x.size(0) != 0) {
        throw new ShapeException(
            "the model's output must have the shape (batch, classes), here ("
                + x.size(0)
                + ", ...), but it has "
                + shape(output)
                + " for an input of "
                + shape(x));
      }
    }
    return index;
  }

  private Optional<NonFinite> whereNotFinite(Tensor x, Target target) {
    return NonFinite.find(
        prepared.plan(), List.of(x), target::apply, AttributionOptions.defaults());
  }

  private static String shape(Tensor tensor) {
    return java.util.Arrays.toString(tensor.shape());
  }

  private Tensor modified(Tensor map, Tensor x) {
    Tensor result = map;
    if (method.timesInput()) {
      result = result.mul(x);
    }
    Optional<Object> threshold = method.signThreshold();
    if (threshold.isPresent()) {
      result = result.mul(sign(x, threshold.get()));
    }
    return result;
  }

  /** +1 where x reaches mu, else -1. */
  static Tensor sign(Tensor x, Object mu) {
    Tensor reached =
        mu instanceof Number number
            ? x.ge(new Scalar(number.doubleValue()))
            : x.ge(OwnedTensors.like(mu, x, "mu"));
    return reached.to(x.scalar_type()).mul_(new Scalar(2)).sub_(new Scalar(1));
  }

  @Override
  public final void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      trace.close();
    }
    prepared.close();
  }

  @Override
  public final String toString() {
    return getClass().getSimpleName() + "(" + method + ")";
  }

  static MethodOptions with(MethodOptions options, Map<String, Object> arguments) {
    return MethodOptions.from(arguments).with(orNone(options));
  }

  static MethodOptions with(MethodOptions options, String key, Object value) {
    return MethodOptions.none().with(key, value).with(orNone(options));
  }

  /** Null is no option, as where a constructor takes null for an argument. */
  static MethodOptions orNone(MethodOptions options) {
    return options == null ? MethodOptions.none() : options;
  }
}
