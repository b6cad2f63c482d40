/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.zennit4j.analyzers.MethodInfo;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.analyzers.MethodNameException;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.Layout;
import org.zennit4j.composites.PlanOptions;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.AttributorReader;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How to explain: with a composite and an attributor, or with a method of SignXAI. */
final class HowOptions {
  @Option(
      names = "--method",
      paramLabel = "NAME",
      description = "A method of 'zennit4j methods' instead of a composite.")
  private String method;

  @Mixin private CompositeOptions composite;

  @Option(
      names = "--attributor",
      paramLabel = "NAME",
      completionCandidates = AttributorNames.class,
      description =
          "What runs the composite, by default gradient; one of ${COMPLETION-CANDIDATES}.")
  private String attributor;

  @Option(
      names = "--option",
      paramLabel = "KEY=VALUE",
      description =
          "An option of the method ('zennit4j methods NAME' lists them) or of the attributor "
              + "('zennit4j attributors' lists them); may be repeated.")
  private Map<String, String> options = new LinkedHashMap<>();

  @Option(
      names = "--memory-format",
      paramLabel = "F",
      description =
          "Images in memory: contiguous (default), channels_last or auto; "
              + "channels_last is faster on the CPU and gives other last digits.")
  private Layout layout;

  @Option(
      names = "--save-memory",
      description =
          "Keep few values on the way to the output and compute the others again on the way back: less "
              + "memory, more time, the same numbers.")
  private boolean saveMemory;

  /** The attributors that there are, those of providers included. */
  static final class AttributorNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return AttributorReader.names().iterator();
    }
  }

  /** Complains about what does not go together or does not exist, before work begins. */
  void check() {
    check(List.of());
  }

  /** The same for several composites and methods beside each other. */
  void check(List<String> compared) {
    if (layout != null && method != null) {
      throw new UsageException("--memory-format cannot be used together with --method");
    }
    if (saveMemory && method != null) {
      throw new UsageException("--save-memory cannot be used together with --method");
    }
    List<String> methods =
        compared.stream().map(String::strip).filter(HowOptions::isMethod).toList();
    if (attributor == null && !methods.isEmpty()) {
      for (String key : options.keySet()) {
        if (methods.stream().noneMatch(name -> keys(name).contains(key))) {
          throw new UsageException(
              "none of " + String.join(", ", methods) + " has an option '" + key + "'");
        }
      }
    } else if (method != null) {
      composite.refuse("together with --method");
      if (attributor != null) {
        throw new UsageException("--attributor cannot be used together with --method");
      }
      MethodExplainer.parse(method);
    } else if (attributor == null && !options.isEmpty()) {
      throw new UsageException("--option needs --method or --attributor");
    } else {
      attributorChoice();
    }
  }

  /** Prepares what the user chose. */
  Explainer open(ScriptModel model, String defaultComposite, CompositeOptions.Defaults defaults) {
    if (method != null) {
      return new MethodExplainer(model, method, options, defaults.preprocessing());
    }
    return new PlanExplainer(
        model, composite.choose(defaultComposite, defaults), attributorChoice(), planOptions());
  }

  /** Prepares a composite, method or attributor by its name alone. */
  Explainer openNamed(ScriptModel model, String name, CompositeOptions.Defaults defaults) {
    if (CompositeRegistry.standard().names().contains(name)) {
      return new PlanExplainer(
          model, composite.named(name, defaults), attributorChoice(), planOptions());
    }
    Map<String, String> own = new LinkedHashMap<>(attributor == null ? options : Map.of());
    own.keySet().retainAll(isMethod(name) ? keys(name) : Set.of());
    return openNamed(model, name, own, composite, defaults);
  }

  /** The options that a method has. */
  private static Set<String> keys(String name) {
    return MethodInfo.of(MethodExplainer.parse(name)).parameters().stream()
        .map(MethodInfo.Parameter::key)
        .collect(Collectors.toSet());
  }

  /** The same with the defaults of all options of a method. */
  static Explainer openNamed(
      ScriptModel model,
      String name,
      CompositeOptions options,
      CompositeOptions.Defaults defaults) {
    return openNamed(model, name, Map.of(), options, defaults);
  }

  /**
   * Prepares a composite, method of SignXAI or attributor by its name, in this order, or
   * COMPOSITE+ATTRIBUTOR.
   *
   * @param texts options of a method
   * @param options canonizers
   */
  private static Explainer openNamed(
      ScriptModel model,
      String name,
      Map<String, String> texts,
      CompositeOptions options,
      CompositeOptions.Defaults defaults) {
    int plus = name.indexOf('+');
    String first = plus < 0 ? name : name.substring(0, plus);
    if (CompositeRegistry.standard().names().contains(first)) {
      String runs = plus < 0 ? "gradient" : name.substring(plus + 1);
      return new PlanExplainer(
          model, options.named(first, defaults), new AttributorChoice(runs, Map.of()));
    }
    boolean method = MethodName.listed().contains(name) || isMethod(name);
    if (!method && AttributorReader.names().contains(name)) {
      return new PlanExplainer(
          model, options.choose(null, defaults), new AttributorChoice(name, Map.of()));
    }
    return new MethodExplainer(model, name, texts, defaults.preprocessing());
  }

  private static boolean isMethod(String name) {
    try {
      MethodName.parse(name);
      return true;
    } catch (MethodNameException e) {
      return false;
    }
  }

  private PlanOptions planOptions() {
    return new PlanOptions(layout == null ? Layout.CONTIGUOUS : layout, saveMemory);
  }

  private AttributorChoice attributorChoice() {
    return attributor == null
        ? new AttributorChoice("gradient", Map.of())
        : new AttributorChoice(attributor, options);
  }

  boolean hasMethod() {
    return method != null;
  }

  CompositeOptions composite() {
    return composite;
  }
}
