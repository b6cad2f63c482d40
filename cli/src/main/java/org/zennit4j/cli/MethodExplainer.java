/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.analyzers.MethodNameException;
import org.zennit4j.analyzers.MethodOption;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.analyzers.ResolvedMethod;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.Program;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;

/** Explains with a method of SignXAI. */
final class MethodExplainer implements Explainer {
  private final ScriptModel model;
  private final MethodName name;
  private final MethodOptions options;
  private final MethodAnalyzer analyzer;

  /**
   * Prepares a method.
   *
   * @param texts options as they were typed
   * @param preprocessing gives the bounds of the input where the method needs them; may be null
   */
  MethodExplainer(
      ScriptModel model, String text, Map<String, String> texts, Preprocessing preprocessing) {
    this.model = model;
    this.name = parse(text);
    ResolvedMethod method;
    try {
      this.options = options(texts, preprocessing);
      method = ResolvedMethod.of(name, options);
    } catch (Zennit4jException e) {
      throw new UsageException(e.getMessage());
    }
    this.analyzer = new MethodAnalyzer(model, method);
  }

  private MethodOptions options(Map<String, String> texts, Preprocessing preprocessing) {
    MethodOptions read = MethodOptions.none();
    for (Map.Entry<String, String> option : texts.entrySet()) {
      read = read.withText(option.getKey(), option.getValue());
    }
    boolean bounded = read.has(MethodOption.LOW) || read.has(MethodOption.HIGH);
    if (preprocessing == null || bounded || !name.needsBounds() || name.suffixLow().isPresent()) {
      return read;
    }
    return read.with(MethodOption.LOW, bounds(preprocessing.low()))
        .with(MethodOption.HIGH, bounds(preprocessing.high()));
  }

  static MethodName parse(String text) {
    try {
      return MethodName.parse(text);
    } catch (MethodNameException e) {
      throw new UsageException(e.getMessage() + " (zennit4j methods lists all)");
    }
  }

  private static Object bounds(double[] values) {
    boolean equal = Arrays.stream(values).allMatch(v -> v == values[0]);
    return equal ? (Object) values[0] : Arrays.stream(values).boxed().toList();
  }

  @Override
  public Attribution explain(List<Tensor> inputs, Target target, AttributionOptions how) {
    if (inputs.size() != 1) {
      throw new ShapeException(
          "a method explains a model with one input, not "
              + inputs.size()
              + "; use --composite and --attributor");
    }
    return analyzer.attribute(inputs.get(0), target, how);
  }

  @Override
  public String title() {
    return name.canonical();
  }

  @Override
  public Map<String, Object> request() {
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("method", name.canonical());
    if (!options.isEmpty()) {
      request.put("options", options.asMap());
    }
    return request;
  }

  @Override
  public Program program() {
    return model.program();
  }

  @Override
  public void close() {
    analyzer.close();
  }
}
