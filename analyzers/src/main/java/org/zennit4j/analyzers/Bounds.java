/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Vectors;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.SignThreshold;

/** Numbers, lists of numbers and tensors of options as bounds and thresholds of rules. */
final class Bounds {
  private Bounds() {}

  /** A bound; a tensor is the caller's. */
  static Bound bound(Object value, MethodOption option) {
    if (value instanceof Number number) {
      return Bound.of(number.doubleValue());
    }
    return value instanceof List<?> numbers
        ? Bound.of(OwnedTensors.doubles(numbers))
        : Bound.of(tensor(value, option));
  }

  /** A threshold; a tensor is the caller's. */
  static SignThreshold threshold(Object value, MethodOption option) {
    if (value instanceof Number number) {
      return SignThreshold.of(number.doubleValue());
    }
    return value instanceof List<?> numbers
        ? SignThreshold.of(OwnedTensors.doubles(numbers))
        : SignThreshold.of(tensor(value, option));
  }

  /** Fails unless low is below high everywhere. */
  static void checkOrder(MethodName name, Object low, Object high) {
    if (low instanceof Tensor || high instanceof Tensor) {
      checkTensors(Map.of(MethodOption.LOW, low, MethodOption.HIGH, high));
      return;
    }
    List<?> lows = low instanceof List<?> list ? list : List.of(low);
    List<?> highs = high instanceof List<?> list ? list : List.of(high);
    if (lows.size() > 1 && highs.size() > 1 && lows.size() != highs.size()) {
      throw new Zennit4jException(
          name + ": low has " + lows.size() + " values, high has " + highs.size());
    }
    for (int i = 0; i < Math.max(lows.size(), highs.size()); i++) {
      Object lowest = lows.get(lows.size() == 1 ? 0 : i);
      Object highest = highs.get(highs.size() == 1 ? 0 : i);
      if (lowest instanceof Double below && highest instanceof Double above && below >= above) {
        throw new Zennit4jException(
            name + ": low must be below high, not " + Texts.show(low) + " and " + Texts.show(high));
      }
    }
  }

  private static void checkTensors(Map<MethodOption, Object> bounds) {
    boolean ordered;
    try (PointerScope scope = new PointerScope()) {
      Tensor low = values(bounds.get(MethodOption.LOW), MethodOption.LOW);
      Tensor high = values(bounds.get(MethodOption.HIGH), MethodOption.HIGH);
      ordered = !low.ge(high).any().item_bool();
    } catch (Zennit4jException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new Zennit4jException("the bounds low and high do not have fitting shapes", e);
    }
    if (!ordered) {
      throw new Zennit4jException("low must be below high everywhere");
    }
  }

  private static Tensor values(Object value, MethodOption option) {
    if (value instanceof Number number) {
      return Vectors.of(List.of(number));
    }
    return value instanceof List<?> numbers
        ? Vectors.of(OwnedTensors.doubles(numbers))
        : tensor(value, option).to(ScalarType.Double).cpu();
  }

  private static Tensor tensor(Object value, MethodOption option) {
    if (!(value instanceof Tensor tensor)) {
      throw new Zennit4jException(
          "option " + option.key() + " must be a number, a list of numbers or a tensor");
    }
    if (tensor.isNull() || !tensor.defined()) {
      throw new Zennit4jException(
          "option " + option.key() + ": the tensor was closed before it was used");
    }
    return tensor;
  }
}
