/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.Natives;

/**
 * What a fast path computed of a layer's parameters, kept until it is closed. Thread-safe; what two
 * threads compute at once is kept once.
 */
final class Prepared implements AutoCloseable {
  /** How many input shapes are remembered; more are computed anew each time. */
  static final int SHAPES = 8;

  /** What a tensor stands for in a rule's formula. */
  enum Part {
    /** The weight, parameters zeroed. */
    WEIGHT,
    /** The weight's positive part. */
    POSITIVE_WEIGHT,
    /** The weight's negative part. */
    NEGATIVE_WEIGHT,
    /** The weight without its signs. */
    ABSOLUTE_WEIGHT,
    /** The weight, squared. */
    SQUARED_WEIGHT,
    /** The weight, its positive part strengthened. */
    RAISED_WEIGHT,
    /** The weight, its negative part strengthened. */
    LOWERED_WEIGHT,
    /** The bias, parameters zeroed. */
    BIAS,
    /** The bias's positive part. */
    POSITIVE_BIAS,
    /** The bias's negative part. */
    NEGATIVE_BIAS,
    /** The bias, its positive part strengthened. */
    RAISED_BIAS,
    /** The bias, its negative part strengthened. */
    LOWERED_BIAS,
    /** The bias, squared. */
    SQUARED_BIAS,
    /** Several weights, one behind the other. */
    STACKED_WEIGHTS,
    /** One column of a flat weight. */
    COLUMN,
    /** One row of a flat weight. */
    ROW,
    /** One kernel of a flat weight for each group. */
    KERNEL,
    /** A stabilized denominator that depends on the input's shape only. */
    DENOMINATOR,
    /** What a box's bounds contribute. */
    BOUNDS
  }

  /**
   * How the numbers of a tensor are kept.
   *
   * @param dtype of an element
   * @param layout the order of the dimensions in memory
   * @param device the device's type
   * @param index the device's number
   */
  record Form(ScalarType dtype, MemoryFormat layout, DeviceType device, int index) {
    static Form of(Tensor tensor) {
      try (PointerScope scope = new PointerScope()) {
        Device device = tensor.device();
        return new Form(
            tensor.scalar_type().intern(),
            tensor.suggest_memory_format().intern(),
            device.type().intern(),
            device.index());
      }
    }

    Form in(ScalarType other) {
      return new Form(other, layout, device, index);
    }
  }

  /**
   * What is kept under which name.
   *
   * @param part what it is
   * @param form of the tensor from which it is made
   * @param shape of the input of one sample, its number of dimensions with the batch first; empty
   *     where the shape does not matter
   */
  record Key(Part part, Form form, List<Long> shape) {}

  private final Map<Key, Tensor> kept = new ConcurrentHashMap<>();
  private final AtomicInteger shapes = new AtomicInteger();

  /** A tensor that depends on parameters only. */
  Tensor once(Part part, Form form, Supplier<Tensor> supplier) {
    Key key = new Key(part, form, List.of());
    Tensor found = kept.get(key);
    return found != null ? found : remember(key, supplier);
  }

  /**
   * A tensor that depends on the shape of one sample too.
   *
   * @param x the input; a batch and a single sample differ in their dimensions, and so does what is
   *     kept for them
   * @param batched whether the first dimension is the batch
   * @param full runs if no more shapes can be remembered
   */
  Tensor forShape(Part part, Tensor x, boolean batched, Supplier<Tensor> supplier, Runnable full) {
    long[] shape = x.shape();
    if (batched && shape.length > 0) {
      shape[0] = -1;
    }
    Key key = new Key(part, Form.of(x), Arrays.stream(shape).boxed().toList());
    Tensor found = kept.get(key);
    if (found != null) {
      return found;
    }
    if (shapes.get() >= SHAPES) {
      full.run();
      return supplier.get();
    }
    shapes.incrementAndGet();
    return remember(key, supplier);
  }

  /** Suppliers may ask for other tensors that are kept, so that nothing is locked meanwhile. */
  private Tensor remember(Key key, Supplier<Tensor> supplier) {
    Tensor made;
    try (PointerScope scope = new PointerScope()) {
      made = Natives.keep(supplier.get());
    }
    // Other calls may run on other streams.
    Devices.finish(made);
    Tensor earlier = kept.putIfAbsent(key, made);
    if (earlier == null) {
      return made;
    }
    Natives.release(made);
    return earlier;
  }

  /** What is kept at present. */
  Set<Key> keys() {
    return Set.copyOf(kept.keySet());
  }

  /** The tensors that are kept at present. */
  List<Tensor> tensors() {
    return List.copyOf(kept.values());
  }

  /** Frees what was prepared. */
  @Override
  public void close() {
    kept.values().forEach(Natives::release);
    kept.clear();
  }
}
