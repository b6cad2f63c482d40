/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.zennit4j.graph.Operators;

/**
 * Which of LibTorch's operators have no derivative: quantised ones, and those of other libraries
 * that only compute. LibTorch itself lets nothing pass through them, so that all relevance would be
 * zero without a word.
 */
public final class Derivatives {
  /** How the names of those in the namespace {@code aten} begin. */
  private static final List<String> CUTTING =
      List.of("aten::quantize", "aten::_quantize", "aten::fbgemm_");

  private static final String ADVICE =
      "take the model as it was before it was quantized or prepared for inference";

  private static final Map<String, Boolean> KNOWN = new ConcurrentHashMap<>();

  private Derivatives() {}

  /**
   * Asks LibTorch's registry.
   *
   * @param name the qualified name
   * @param overload the overload's name, "" for the first
   * @return whether the operator computes tensors to which no gradient flows back; false for those
   *     that nobody registered
   */
  public static boolean isMissing(String name, String overload) {
    if (name.startsWith("prim::")) {
      return false;
    }
    if (name.startsWith("aten::")) {
      return isFused(name) || CUTTING.stream().anyMatch(name::startsWith);
    }
    return KNOWN.computeIfAbsent(name + "." + overload, key -> fallsBack(name, overload));
  }

  /**
   * What to tell about a model that holds such an operator.
   *
   * @param module the path of the module that runs it
   * @param name the qualified name
   * @return a sentence
   */
  public static String finding(String module, String name) {
    return isFused(name)
        ? "the model was traced with gradients off: attention is one opaque operator; trace it with gradients on"
        : "module '" + module + "' runs " + name + ", which has no derivative: " + ADVICE;
  }

  /**
   * What to tell where relevance cannot pass such an operator.
   *
   * @param name the qualified name
   * @return a sentence without the place
   */
  public static String refusal(String name) {
    return name
        + " has no derivative, so that no relevance gets through; "
        + (isFused(name) ? "trace the model with gradients on, or script it" : ADVICE);
  }

  /** What tracing with gradients off makes of a transformer. */
  private static boolean isFused(String name) {
    return Operators.of(name).is(Operators.Kind.FUSED_ENCODER);
  }

  /** Operators without a kernel of their own for the gradient run one that is everybody's. */
  private static boolean fallsBack(String name, String overload) {
    try (PointerScope scope = new PointerScope();
        BytePointer table =
            Dispatcher.singleton().findSchemaOrThrow(name, overload).dumpComputedTable()) {
      return table
          .getString()
          .lines()
          .anyMatch(line -> line.startsWith("AutogradCPU:") && line.contains("[backend fallback]"));
    } catch (RuntimeException e) {
      return false;
    }
  }
}
