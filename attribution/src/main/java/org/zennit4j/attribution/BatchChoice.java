/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.runtime.Meter;

/**
 * How many copies of an input run at once where nobody says. It depends on the model and the shape
 * of the input alone, so that the same call gives the same bits.
 *
 * <p>More copies at once share what each operator costs beside its arithmetic, and read the weights
 * once; too many push each other's values out of the cache. So all values of a pass together stay
 * below a bound. Copies run alone where the model does not treat samples apart, which one run of
 * two samples shows. Thread-safe.
 */
final class BatchChoice {
  /** The batch size that stands for this choice. */
  static final int AUTOMATIC = 0;

  /** The most that is worth it: beyond, a copy's share of an operator's cost is small. */
  static final int MOST = 32;

  /** What a pass forward and backward may hold: bytes of the values of its forward part. */
  private static final long RECORDED = 512L << 20;

  /** What a pass forward may hold at one time: bytes of the largest value. */
  private static final long LARGEST = 32L << 20;

  /** Graphics processors need more work at once; this is not measured. */
  private static final int ON_DEVICES = 8;

  private record Key(boolean recorded, List<List<Long>> shapes, List<String> dtypes) {}

  private final Map<Key, Integer> known = new ConcurrentHashMap<>();

  /**
   * The number of copies.
   *
   * @param attributor whose model runs
   * @param inputs one copy
   * @param output what the model makes of it
   * @param recorded whether copies run backward too
   */
  int of(
      Attributor attributor,
      List<Tensor> inputs,
      Tensor output,
      boolean recorded,
      AttributionOptions options,
      long deadline) {
    // Tensors without values tell nothing.
    if (options.createGraph() || output.is_meta()) {
      return 1;
    }
    Key key =
        new Key(
            recorded,
            inputs.stream().map(t -> Arrays.stream(t.shape()).boxed().toList()).toList(),
            inputs.stream().map(t -> t.dtype().name().getString()).toList());
    Integer found = known.get(key);
    if (found != null) {
      return found;
    }
    if (!isFinite(output)) {
      // Nothing can be compared, and the next input of this shape may be a better one.
      return 1;
    }
    found = found(attributor, inputs, output, recorded, options, deadline);
    known.put(key, found);
    return found;
  }

  private static int found(
      Attributor attributor,
      List<Tensor> inputs,
      Tensor output,
      boolean recorded,
      AttributionOptions options,
      long deadline) {
    long batch = ChunkedPasses.batch(inputs);
    boolean alike = inputs.stream().allMatch(t -> t.dim() > 0 && t.size(0) == batch);
    if (!alike || batch < 1 || output.dim() == 0 || output.size(0) != batch) {
      return 1;
    }
    Meter meter = new Meter();
    boolean[] apart = {false};
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      List<Tensor> other = new ArrayList<>();
      for (Tensor input : inputs) {
        other.add(input.is_floating_point() ? unlike(input) : input);
      }
      attributor.forward(
          ChunkedPasses.join(List.of(inputs, other), batch),
          options,
          deadline,
          meter,
          both -> apart[0] = begins(both, output.detach(), batch));
    } catch (CancelledException e) {
      throw e;
    } catch (Zennit4jException e) {
      // Such as a traced model with a fixed batch: it runs as it always did.
      return 1;
    }
    if (!apart[0]) {
      return 1;
    }
    boolean onCpu = output.is_cpu();
    long bound = (recorded ? RECORDED : LARGEST) * (onCpu ? 1 : ON_DEVICES);
    long copy = Math.max(1, (recorded ? meter.total() : meter.largest()) / 2);
    return (int) Math.max(1, Math.min(MOST, bound / copy));
  }

  /** Other values, of which some are larger and some smaller than the input's own. */
  private static Tensor unlike(Tensor input) {
    long[] dims = LongStream.range(1, input.dim()).toArray();
    return input.flip(dims).mul(new Scalar(-1.5)).add(new Scalar(0.5)).to(input.scalar_type());
  }

  /** Whether the first samples have the output that they have alone, to rounding. */
  private static boolean begins(Tensor both, Tensor alone, long batch) {
    if (both.dim() != alone.dim() || both.size(0) != 2 * batch) {
      return false;
    }
    Tensor first = both.narrow(0, 0, batch);
    if (!Arrays.equals(first.shape(), alone.shape())) {
      return false;
    }
    double tolerance = Math.sqrt(epsilon(alone));
    return first.allclose(alone, tolerance, tolerance * scale(alone), false);
  }

  private static boolean isFinite(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      return Double.isFinite(scale(tensor));
    }
  }

  /** The largest size; 0 for none. */
  private static double scale(Tensor tensor) {
    return tensor.numel() == 0 ? 0 : tensor.detach().abs().max().item_double();
  }

  private static double epsilon(Tensor tensor) {
    return switch (tensor.scalar_type().intern()) {
      case Double -> 0x1p-52;
      case Half -> 0x1p-10;
      case BFloat16 -> 0x1p-7;
      default -> 0x1p-23;
    };
  }
}
