/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.lang.System.Logger.Level;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.model.ScriptModel;

/**
 * SignXAI's functions: one name, one call.
 *
 * <p>Every call prepares its method anew; who explains many inputs makes a {@link MethodAnalyzer}
 * once. Inputs are neither changed nor closed; resulting tensors are the caller's. What is unusual
 * about an input is logged as a warning by {@code org.zennit4j.analyzers}. Thread-safe.
 */
public final class SignXai {
  private static final System.Logger LOG = System.getLogger("org.zennit4j.analyzers");
  private static final int BATCH = 16;

  private SignXai() {}

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @return the relevance, to be closed by the caller
   */
  public static Tensor calculateRelevanceMap(ScriptModel model, Tensor input, String methodName) {
    return calculateRelevanceMap(model, input, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @param options the method's options
   * @return the relevance, to be closed by the caller
   */
  public static Tensor calculateRelevanceMap(
      ScriptModel model, Tensor input, String methodName, MethodOptions options) {
    return explain(model, input, methodName, null, options);
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample
   * @param model the model
   * @return the relevance, to be closed by the caller
   */
  public static Tensor calculateRelevanceMap(String methodName, Tensor input, ScriptModel model) {
    return calculateRelevanceMap(model, input, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample
   * @param model the model
   * @param options the method's options
   * @return the relevance, to be closed by the caller
   */
  public static Tensor calculateRelevanceMap(
      String methodName, Tensor input, ScriptModel model, MethodOptions options) {
    return calculateRelevanceMap(model, input, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @return the relevance in row-major order
   */
  public static float[] calculateRelevanceMap(
      ScriptModel model, float[] input, long[] shape, String methodName) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static float[] calculateRelevanceMap(
      ScriptModel model, float[] input, long[] shape, String methodName, MethodOptions options) {
    return (float[]) onArray(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @return the relevance in row-major order
   */
  public static float[] calculateRelevanceMap(
      String methodName, float[] input, long[] shape, ScriptModel model) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static float[] calculateRelevanceMap(
      String methodName, float[] input, long[] shape, ScriptModel model, MethodOptions options) {
    return calculateRelevanceMap(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @return the relevance in row-major order
   */
  public static double[] calculateRelevanceMap(
      ScriptModel model, double[] input, long[] shape, String methodName) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static double[] calculateRelevanceMap(
      ScriptModel model, double[] input, long[] shape, String methodName, MethodOptions options) {
    return (double[]) onArray(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @return the relevance in row-major order
   */
  public static double[] calculateRelevanceMap(
      String methodName, double[] input, long[] shape, ScriptModel model) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static double[] calculateRelevanceMap(
      String methodName, double[] input, long[] shape, ScriptModel model, MethodOptions options) {
    return calculateRelevanceMap(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @return the relevance in row-major order
   */
  public static FloatBuffer calculateRelevanceMap(
      ScriptModel model, FloatBuffer input, long[] shape, String methodName) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static FloatBuffer calculateRelevanceMap(
      ScriptModel model,
      FloatBuffer input,
      long[] shape,
      String methodName,
      MethodOptions options) {
    return (FloatBuffer) onArray(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @return the relevance in row-major order
   */
  public static FloatBuffer calculateRelevanceMap(
      String methodName, FloatBuffer input, long[] shape, ScriptModel model) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static FloatBuffer calculateRelevanceMap(
      String methodName,
      FloatBuffer input,
      long[] shape,
      ScriptModel model,
      MethodOptions options) {
    return calculateRelevanceMap(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @return the relevance in row-major order
   */
  public static DoubleBuffer calculateRelevanceMap(
      ScriptModel model, DoubleBuffer input, long[] shape, String methodName) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param methodName the method's name
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static DoubleBuffer calculateRelevanceMap(
      ScriptModel model,
      DoubleBuffer input,
      long[] shape,
      String methodName,
      MethodOptions options) {
    return (DoubleBuffer) onArray(model, input, shape, methodName, options);
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @return the relevance in row-major order
   */
  public static DoubleBuffer calculateRelevanceMap(
      String methodName, DoubleBuffer input, long[] shape, ScriptModel model) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order
   * @param shape its shape
   * @param model the model
   * @param options the method's options
   * @return the relevance in row-major order
   */
  public static DoubleBuffer calculateRelevanceMap(
      String methodName,
      DoubleBuffer input,
      long[] shape,
      ScriptModel model,
      MethodOptions options) {
    return calculateRelevanceMap(model, input, shape, methodName, options);
  }

  /**
   * Explains several inputs in batches.
   *
   * @param model the model
   * @param inputs one sample each, without batch; shapes may differ
   * @param methodName the method's name
   * @return one relevance for each input, to be closed by the caller
   */
  public static List<Tensor> calculateRelevanceMaps(
      ScriptModel model, List<Tensor> inputs, String methodName) {
    return calculateRelevanceMaps(model, inputs, methodName, MethodOptions.none());
  }

  /**
   * Explains several inputs in batches.
   *
   * @param model the model
   * @param inputs one sample each, without batch; shapes may differ
   * @param methodName the method's name
   * @param options the method's options; a list of targets has one for each input
   * @return one relevance for each input, to be closed by the caller
   */
  public static List<Tensor> calculateRelevanceMaps(
      ScriptModel model, List<Tensor> inputs, String methodName, MethodOptions options) {
    return Batches.explain(model, inputs, methodName, options);
  }

  /**
   * Explains several inputs in batches.
   *
   * @param methodName the method's name
   * @param inputs one sample each, without batch; shapes may differ
   * @param model the model
   * @return one relevance for each input, to be closed by the caller
   */
  public static List<Tensor> calculateRelevanceMaps(
      String methodName, List<Tensor> inputs, ScriptModel model) {
    return calculateRelevanceMaps(model, inputs, methodName, MethodOptions.none());
  }

  /**
   * Explains several inputs in batches.
   *
   * @param methodName the method's name
   * @param inputs one sample each, without batch; shapes may differ
   * @param model the model
   * @param options the method's options; a list of targets has one for each input
   * @return one relevance for each input, to be closed by the caller
   */
  public static List<Tensor> calculateRelevanceMaps(
      String methodName, List<Tensor> inputs, ScriptModel model, MethodOptions options) {
    return calculateRelevanceMaps(model, inputs, methodName, options);
  }

  /**
   * Explains several inputs in batches.
   *
   * @param model the model
   * @param inputs one sample each: float[], double[], FloatBuffers or DoubleBuffers
   * @param shape the shape of each sample
   * @param methodName the method's name
   * @param <A> the kind of array or buffer
   * @return one relevance for each input
   */
  public static <A> List<A> calculateRelevanceMaps(
      ScriptModel model, List<A> inputs, long[] shape, String methodName) {
    return calculateRelevanceMaps(model, inputs, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains several inputs in batches.
   *
   * @param model the model
   * @param inputs one sample each: float[], double[], FloatBuffers or DoubleBuffers
   * @param shape the shape of each sample
   * @param methodName the method's name
   * @param options the method's options; a list of targets has one for each input
   * @param <A> the kind of array or buffer
   * @return one relevance for each input
   */
  public static <A> List<A> calculateRelevanceMaps(
      ScriptModel model, List<A> inputs, long[] shape, String methodName, MethodOptions options) {
    return onArrays(model, inputs, shape, methodName, options);
  }

  /**
   * Explains several inputs in batches.
   *
   * @param methodName the method's name
   * @param inputs one sample each: float[], double[], FloatBuffers or DoubleBuffers
   * @param shape the shape of each sample
   * @param model the model
   * @param <A> the kind of array or buffer
   * @return one relevance for each input
   */
  public static <A> List<A> calculateRelevanceMaps(
      String methodName, List<A> inputs, long[] shape, ScriptModel model) {
    return calculateRelevanceMaps(model, inputs, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains several inputs in batches.
   *
   * @param methodName the method's name
   * @param inputs one sample each: float[], double[], FloatBuffers or DoubleBuffers
   * @param shape the shape of each sample
   * @param model the model
   * @param options the method's options; a list of targets has one for each input
   * @param <A> the kind of array or buffer
   * @return one relevance for each input
   */
  public static <A> List<A> calculateRelevanceMaps(
      String methodName, List<A> inputs, long[] shape, ScriptModel model, MethodOptions options) {
    return calculateRelevanceMaps(model, inputs, shape, methodName, options);
  }

  private static Object onArray(
      ScriptModel model, Object input, long[] shape, String methodName, MethodOptions options) {
    try (PointerScope scope = new PointerScope()) {
      Tensor x = Buffers.tensor(input, shape);
      return Buffers.like(input, calculateRelevanceMap(model, x, methodName, options));
    }
  }

  @SuppressWarnings("unchecked")
  private static <A> List<A> onArrays(
      ScriptModel model, List<A> inputs, long[] shape, String methodName, MethodOptions options) {
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> tensors = new ArrayList<>();
      inputs.forEach(input -> tensors.add(Buffers.tensor(input, shape)));
      List<Tensor> maps = calculateRelevanceMaps(model, tensors, methodName, options);
      List<A> result = new ArrayList<>();
      for (int i = 0; i < maps.size(); i++) {
        result.add((A) Buffers.like(inputs.get(i), maps.get(i)));
      }
      return result;
    }
  }

  /**
   * Explains the most likely class.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @return the relevance, to be closed by the caller
   */
  public static Tensor explain(ScriptModel model, Tensor input, String methodName) {
    return explain(model, input, methodName, null, MethodOptions.none());
  }

  /**
   * Explains outputs.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @param target a class, an int[] or list of classes, "max_activation", "all", a tensor of the
   *     output's shape, a {@link Target}, or null for what the options say
   * @return the relevance, to be closed by the caller
   */
  public static Tensor explain(ScriptModel model, Tensor input, String methodName, Object target) {
    return explain(model, input, methodName, target, MethodOptions.none());
  }

  /**
   * Explains outputs.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @param target a class, an int[] or list of classes, "max_activation", "all", a tensor of the
   *     output's shape, a {@link Target}, or null for what the options say
   * @param options the method's options
   * @return the relevance, to be closed by the caller
   */
  public static Tensor explain(
      ScriptModel model, Tensor input, String methodName, Object target, MethodOptions options) {
    MethodOptions given = BuiltInAnalyzer.orNone(options);
    MethodOptions all = target == null ? given : given.with(MethodOption.TARGET, target);
    try (MethodAnalyzer analyzer = new MethodAnalyzer(model, methodName, all)) {
      return relevance(analyzer, input);
    }
  }

  /** The relevance alone; what is unusual is logged. */
  static Tensor relevance(Analyzer analyzer, Tensor input) {
    Attribution attribution = analyzer.attribute(input);
    attribution.warnings().forEach(warning -> LOG.log(Level.WARNING, warning));
    return attribution.takeRelevance();
  }

  /**
   * Explains with the options of a preset.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @param preset one of {@link #presets()}
   * @return the relevance, to be closed by the caller
   */
  public static Tensor explainWithPreset(
      ScriptModel model, Tensor input, String methodName, String preset) {
    return explainWithPreset(model, input, methodName, preset, MethodOptions.none());
  }

  /**
   * Explains with the options of a preset.
   *
   * @param model the model
   * @param input a batch or one sample
   * @param methodName the method's name
   * @param preset one of {@link #presets()}
   * @param options the method's options, which win
   * @return the relevance, to be closed by the caller
   */
  public static Tensor explainWithPreset(
      ScriptModel model, Tensor input, String methodName, String preset, MethodOptions options) {
    MethodOptions all = Presets.apply(preset, parse(methodName), BuiltInAnalyzer.orNone(options));
    return explain(model, input, methodName, null, all);
  }

  /**
   * The names of the presets.
   *
   * @return the names, sorted
   */
  public static List<String> presets() {
    return Presets.names();
  }

  /**
   * The usual methods; every other sentence of the grammar works too.
   *
   * @return the names, sorted
   */
  public static List<String> listMethods() {
    return MethodName.listed();
  }

  /**
   * What a method is: formula, parameters with defaults, modifiers, paper.
   *
   * @param methodName the method's name
   * @return the description
   */
  public static MethodInfo methodInfo(String methodName) {
    return MethodInfo.of(methodName);
  }

  /**
   * Takes a method's name apart.
   *
   * @param methodName the method's name
   * @return what it says
   */
  public static MethodName parse(String methodName) {
    return MethodName.parse(methodName);
  }

  /**
   * The rules of an LRP or Deep Taylor method as a composite for attributors.
   *
   * @param methodName the method's name
   * @param options the method's options
   * @return the composite
   * @throws Zennit4jException if the method has no rules
   */
  public static Composite composite(String methodName, MethodOptions options) {
    ResolvedMethod method = ResolvedMethod.of(methodName, BuiltInAnalyzer.orNone(options));
    if (method.rules().isEmpty() && method.composite().isEmpty()) {
      throw new Zennit4jException(
          method.name() + " has no rules: only LRP and Deep Taylor names are composites");
    }
    // The tensors of bounds live as long as the composite is reachable.
    return MethodComposites.of(method, 0, new OwnedTensors());
  }

  /**
   * Makes a model that ends before its trailing softmax or log-softmax, wherever that is defined; a
   * model without one is returned equal in function.
   *
   * @param model the model, never changed
   * @return a new model, to be closed by the caller; independent of the first
   */
  public static ScriptModel removeSoftmax(ScriptModel model) {
    return TrailingSoftmax.remove(model);
  }

  /**
   * The sign of each value: +1 from 0 on, else -1.
   *
   * @param x any tensor
   * @return of that shape, to be closed by the caller
   */
  public static Tensor calculateSignMu(Tensor x) {
    return calculateSignMu(x, 0.0);
  }

  /**
   * The sign of each value with respect to a threshold: +1 where it reaches mu, else -1.
   *
   * @param x any tensor
   * @param mu a number, a tensor that broadcasts, or null for 0
   * @return of that shape, to be closed by the caller
   */
  public static Tensor calculateSignMu(Tensor x, Object mu) {
    return calculateSignMu(x, mu, -1, 1);
  }

  /**
   * One of two values for each value of a tensor.
   *
   * @param x any tensor
   * @param mu the threshold: a number, a tensor that broadcasts, or null for the middle between
   *     vlow and vhigh
   * @param vlow the value below mu
   * @param vhigh the value from mu on
   * @return of that shape, to be closed by the caller; float64 if x holds no floating numbers
   */
  public static Tensor calculateSignMu(Tensor x, Object mu, double vlow, double vhigh) {
    if (!(vlow < vhigh)) {
      throw new Zennit4jException(
          "vlow must be below vhigh, not " + Texts.number(vlow) + " and " + Texts.number(vhigh));
    }
    Tensor result;
    try (PointerScope scope = new PointerScope()) {
      Tensor values = x.is_floating_point() ? x.detach() : x.to(ScalarType.Double);
      Object threshold = mu == null ? (vlow + vhigh) / 2 : mu;
      Tensor reached;
      if (threshold instanceof Number number) {
        reached = values.ge(new Scalar(number.doubleValue()));
      } else if (threshold instanceof Tensor tensor) {
        try {
          reached = values.ge(tensor.to(values.device(), values.scalar_type()).expand_as(values));
        } catch (RuntimeException e) {
          throw new ShapeException(
              "mu of shape "
                  + Arrays.toString(tensor.shape())
                  + " does not broadcast to "
                  + Arrays.toString(x.shape()),
              e);
        }
      } else {
        throw new Zennit4jException("mu must be a number, a tensor or null");
      }
      Tensor high = torch.full_like(values, new Scalar(vhigh));
      result = Natives.keep(high.masked_fill(reached.logical_not(), new Scalar(vlow)));
    }
    return Natives.handOver(result);
  }

  /**
   * The five most likely classes.
   *
   * @param predictions logits or probabilities of shape (batch, classes) or (classes)
   * @param names the names of the classes, or null
   * @return for each sample the classes, the most likely first
   */
  public static List<List<Prediction>> decodePredictions(Tensor predictions, List<String> names) {
    return decodePredictions(predictions, 5, names);
  }

  /**
   * The most likely classes.
   *
   * @param predictions logits or probabilities of shape (batch, classes) or (classes); a softmax is
   *     taken if they are no probabilities
   * @param top how many classes
   * @param names the names of the classes, or null; those that are missing are {@code
   *     class_<index>}
   * @return for each sample the classes, the most likely first
   */
  public static List<List<Prediction>> decodePredictions(
      Tensor predictions, int top, List<String> names) {
    if (top < 1) {
      throw new Zennit4jException("top must be at least 1, not " + top);
    }
    if (predictions.dim() < 1 || predictions.dim() > 2 || predictions.numel() == 0) {
      throw new ShapeException(
          "predictions must have the shape (batch, classes), not "
              + Arrays.toString(predictions.shape()));
    }
    double[] values;
    int classes = (int) predictions.size(predictions.dim() - 1);
    try (PointerScope scope = new PointerScope()) {
      Tensor p = predictions.detach().to(ScalarType.Double);
      if (!p.isfinite().all().item_bool()) {
        throw new Zennit4jException("the predictions hold NaN or infinity");
      }
      values = Buffers.doubles(areProbabilities(p) ? p : torch.softmax(p, p.dim() - 1));
    }
    List<List<Prediction>> result = new ArrayList<>();
    for (int row = 0; row * classes < values.length; row++) {
      int from = row * classes;
      result.add(
          IntStream.range(0, classes)
              .mapToObj(c -> new Prediction(c, name(names, c), values[from + c]))
              .sorted(Comparator.comparingDouble(Prediction::probability).reversed())
              .limit(top)
              .toList());
    }
    return result;
  }

  private static boolean areProbabilities(Tensor p) {
    if (p.min().item_double() < 0 || p.max().item_double() > 1) {
      return false;
    }
    double furthest = p.sum(p.dim() - 1).sub(new Scalar(1)).abs().max().item_double();
    return furthest <= 1e-3;
  }

  private static String name(List<String> names, int index) {
    return names != null && index < names.size() && names.get(index) != null
        ? names.get(index)
        : "class_" + index;
  }

  /** Several samples, in batches of equal shape. */
  private static final class Batches {
    private Batches() {}

    static List<Tensor> explain(
        ScriptModel model, List<Tensor> inputs, String methodName, MethodOptions given) {
      MethodOptions options = BuiltInAnalyzer.orNone(given);
      List<Tensor> kept = new ArrayList<>();
      try {
        MethodOptions batched = options.with(MethodOption.BATCHED, true);
        for (int from = 0; from < inputs.size(); ) {
          int to = end(inputs, from, options);
          MethodOptions own =
              batched.with(MethodOption.TARGET, target(options, from, to, inputs.size()));
          try (PointerScope scope = new PointerScope();
              MethodAnalyzer analyzer = new MethodAnalyzer(model, methodName, own)) {
            Tensor batch =
                torch.stack(new TensorVector(inputs.subList(from, to).toArray(Tensor[]::new)), 0);
            Tensor maps = relevance(analyzer, batch);
            for (int i = 0; i < to - from; i++) {
              kept.add(Natives.keep(maps.select(0, i).clone()));
            }
          }
          from = to;
        }
      } catch (RuntimeException e) {
        kept.forEach(Natives::release);
        throw e;
      }
      kept.forEach(Natives::handOver);
      return List.copyOf(kept);
    }

    private static int end(List<Tensor> inputs, int from, MethodOptions options) {
      check(inputs.get(from), from);
      int limit = options.has(MethodOption.NOISE) ? inputs.size() : from + BATCH;
      int to = from + 1;
      while (to < Math.min(limit, inputs.size())) {
        check(inputs.get(to), to);
        if (!Arrays.equals(inputs.get(to).shape(), inputs.get(from).shape())
            || inputs.get(to).scalar_type().intern() != inputs.get(from).scalar_type().intern()) {
          break;
        }
        to++;
      }
      return to;
    }

    private static void check(Tensor input, int index) {
      if (input == null || input.isNull() || !input.defined()) {
        throw new Zennit4jException("input " + index + " is null or was closed");
      }
    }

    /** The part of a list of targets that belongs to some inputs. */
    private static Object target(MethodOptions options, int from, int to, int count) {
      Object target = options.get(MethodOption.TARGET).orElse(null);
      if (target instanceof List<?> classes) {
        if (classes.size() != count) {
          throw new ShapeException(classes.size() + " targets are given for " + count + " inputs");
        }
        return classes.subList(from, to);
      }
      if (target instanceof Tensor seed && seed.dim() == 2 && seed.size(0) == count) {
        return seed.narrow(0, from, to - (long) from);
      }
      return target;
    }
  }
}
