/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.LayerCall;
import org.zennit4j.bindings.LayerFunction;
import org.zennit4j.bindings.LinearMap;
import org.zennit4j.bindings.Natives;

/**
 * A fast path on one linear map. Keeps what does not depend on the input: modified parameters for
 * ever, what depends on the input's shape for the last few shapes. Thread-safe.
 */
abstract class LinearFunction implements LayerFunction {
  /** How many input shapes are remembered; more are computed anew each time. */
  private static final int SHAPES = 8;

  final LinearMap map;
  private final Map<String, Tensor> cache = new ConcurrentHashMap<>();

  LinearFunction(LinearMap map) {
    this.map = map;
  }

  @Override
  public final List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
    return List.of(relevance(call, call.inputs().get(0), relevance.get(0)));
  }

  /**
   * Computes the relevance of the input.
   *
   * @param call the call
   * @param x the input
   * @param r the relevance of the output
   * @return of the input's shape
   */
  abstract Tensor relevance(LayerCall call, Tensor x, Tensor r);

  /** A tensor that depends on the parameters only; the supplier may give null. */
  final Tensor once(String key, Supplier<Tensor> supplier) {
    Tensor found = cache.get(key);
    return found != null ? found : remember(key, supplier);
  }

  /** A tensor that depends on the parameters and the shape of one sample. */
  final Tensor forShape(String key, Tensor x, Supplier<Tensor> supplier) {
    long[] shape = x.shape();
    int from = map.batched(x) ? 1 : 0;
    // A batch and a single sample differ in their dimensions, and so does what is kept for them.
    String full =
        key
            + Arrays.toString(Arrays.copyOfRange(shape, Math.min(from, shape.length), shape.length))
            + shape.length;
    Tensor found = cache.get(full);
    if (found != null) {
      return found;
    }
    if (cache.keySet().stream().filter(k -> k.startsWith(key + "[")).count() >= SHAPES) {
      return supplier.get();
    }
    return remember(full, supplier);
  }

  /** Suppliers may ask for other tensors of the cache, so that it must not be locked meanwhile. */
  private Tensor remember(String key, Supplier<Tensor> supplier) {
    Tensor made;
    try (PointerScope scope = new PointerScope()) {
      made = Natives.keep(supplier.get());
    }
    // Other calls may run on other streams.
    Devices.finish(made);
    Tensor earlier = cache.putIfAbsent(key, made);
    if (earlier == null) {
      return made;
    }
    Natives.release(made);
    return earlier;
  }

  final Tensor weight(String key, ParameterModifier modifier) {
    return once(key, () -> modifier.apply(map.weight(), "weight"));
  }

  final Tensor bias(String key, ParameterModifier modifier) {
    return map.bias().isEmpty() ? null : once(key, () -> modifier.apply(map.bias().get(), "bias"));
  }

  static Tensor positive(Tensor x) {
    return x.clamp_min(new Scalar(0));
  }

  static Tensor negative(Tensor x) {
    return x.clamp_max(new Scalar(0));
  }

  /**
   * Whether no value is negative; only asked on the CPU, where reading a value does not wait for a
   * device.
   */
  static boolean isNonNegative(Tensor x) {
    return x.device().is_cpu() && x.numel() > 0 && x.min().item_double() >= 0;
  }

  /** Frees what was prepared. */
  @Override
  public final void close() {
    cache.values().forEach(Natives::release);
    cache.clear();
  }
}
