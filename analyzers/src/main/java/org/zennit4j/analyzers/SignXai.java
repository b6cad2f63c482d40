/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
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
   * @param input a batch or one sample in row-major order: a float[], double[], FloatBuffer or
   *     DoubleBuffer
   * @param shape its shape
   * @param methodName the method's name
   * @param <A> the kind of array or buffer
   * @return the relevance in row-major order, in what the input was
   */
  public static <A> A calculateRelevanceMap(
      ScriptModel model, A input, long[] shape, String methodName) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param model the model
   * @param input a batch or one sample in row-major order: a float[], double[], FloatBuffer or
   *     DoubleBuffer
   * @param shape its shape
   * @param methodName the method's name
   * @param options the method's options
   * @param <A> the kind of array or buffer
   * @return the relevance in row-major order, in what the input was
   */
  public static <A> A calculateRelevanceMap(
      ScriptModel model, A input, long[] shape, String methodName, MethodOptions options) {
    try (PointerScope scope = new PointerScope()) {
      Tensor x = Buffers.tensor(input, shape);
      return Buffers.like(input, calculateRelevanceMap(model, x, methodName, options));
    }
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order: a float[], double[], FloatBuffer or
   *     DoubleBuffer
   * @param shape its shape
   * @param model the model
   * @param <A> the kind of array or buffer
   * @return the relevance in row-major order, in what the input was
   */
  public static <A> A calculateRelevanceMap(
      String methodName, A input, long[] shape, ScriptModel model) {
    return calculateRelevanceMap(model, input, shape, methodName, MethodOptions.none());
  }

  /**
   * Explains an input.
   *
   * @param methodName the method's name
   * @param input a batch or one sample in row-major order: a float[], double[], FloatBuffer or
   *     DoubleBuffer
   * @param shape its shape
   * @param model the model
   * @param options the method's options
   * @param <A> the kind of array or buffer
   * @return the relevance in row-major order, in what the input was
   */
  public static <A> A calculateRelevanceMap(
      String methodName, A input, long[] shape, ScriptModel model, MethodOptions options) {
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
    return SampleBatches.explain(model, inputs, methodName, BuiltInAnalyzer.orNone(options));
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
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> tensors = new ArrayList<>();
      inputs.forEach(input -> tensors.add(Buffers.tensor(input, shape)));
      List<Tensor> maps = calculateRelevanceMaps(model, tensors, methodName, options);
      List<A> result = new ArrayList<>();
      for (int i = 0; i < maps.size(); i++) {
        result.add(Buffers.like(inputs.get(i), maps.get(i)));
      }
      return result;
    }
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
    return SignMap.of(x, mu, vlow, vhigh);
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
    return Predictions.decode(predictions, top, names);
  }
}
