/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Elementwise steps of the rules in one pass over memory, where LibTorch's operators need one for
 * each step: on the CPU, for float tensors that lie alike in memory. The same operations in the
 * same order as the operators', so the same bits; as many tasks as LibTorch has threads.
 */
final class OnePass {
  /** Numbers of a block: a few blocks fit into the first cache. */
  private static final int BLOCK = 2048;

  /** Less than this is not worth a task of its own. */
  private static final long PER_TASK = 1 << 16;

  /** Buffers count bytes in an int. */
  private static final long MOST = 1 << 28;

  /** What is done to the blocks of the tensors that are read. */
  @FunctionalInterface
  interface Kernel {
    /**
     * Computes.
     *
     * @param blocks one for each tensor that is read; the results are left in the first ones
     * @param n how many numbers there are
     */
    void run(float[][] blocks, int n);
  }

  private OnePass() {}

  /** Whether {@link #run} can be used: all on the CPU, float, of one shape, without gaps, alike. */
  static boolean fits(Tensor... tensors) {
    try (PointerScope scope = new PointerScope()) {
      Tensor first = tensors[0];
      long[] shape = first.shape();
      long[] strides = null;
      for (Tensor tensor : tensors) {
        if (!tensor.is_cpu()
            || tensor.scalar_type().intern() != ScalarType.Float
            || !tensor.is_non_overlapping_and_dense()
            || tensor.is_neg()
            || !Arrays.equals(tensor.shape(), shape)) {
          return false;
        }
        if (strides == null) {
          strides = tensor.strides().vec().get();
        } else if (!alike(shape, strides, tensor.strides().vec().get())) {
          return false;
        }
      }
      return first.numel() > 0 && first.numel() <= MOST;
    }
  }

  /**
   * The relevance as the output lies in memory; an average hands it on without room of its own.
   *
   * @param strides of the output; empty if it has gaps
   */
  static Tensor alike(Tensor r, Optional<long[]> strides) {
    boolean differ =
        r.is_cpu()
            && strides.isPresent()
            && strides.get().length == r.dim()
            && !(r.is_non_overlapping_and_dense() && lieAlike(r, strides.get()));
    return differ ? torch.empty_strided(r.shape(), strides.get(), r.options()).copy_(r) : r;
  }

  private static boolean lieAlike(Tensor a, long[] strides) {
    return alike(a.shape(), a.strides().vec().get(), strides);
  }

  /** Strides of axes of size 1 mean nothing. */
  private static boolean alike(long[] shape, long[] a, long[] b) {
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] != 1 && a[i] != b[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Runs a kernel over all numbers.
   *
   * @param read what is read, in the kernel's order; {@link #fits} holds for all tensors together
   * @param written where the results go; these may be among those that are read
   * @param kernel what is done
   */
  static void run(List<Tensor> read, List<Tensor> written, Kernel kernel) {
    try (PointerScope scope = new PointerScope()) {
      long n = read.get(0).numel();
      FloatBuffer[] in = read.stream().map(t -> buffer(t, n)).toArray(FloatBuffer[]::new);
      FloatBuffer[] out = written.stream().map(t -> buffer(t, n)).toArray(FloatBuffer[]::new);
      int tasks = (int) Math.max(1, Math.min(torch.get_num_threads(), n / PER_TASK));
      if (tasks == 1) {
        span(in, out, kernel, 0, (int) n);
        return;
      }
      long each = (n / BLOCK / tasks + 1) * BLOCK;
      IntStream.range(0, tasks)
          .parallel()
          .forEach(
              k ->
                  span(
                      in,
                      out,
                      kernel,
                      (int) Math.min(n, k * each),
                      (int) Math.min(n, (k + 1) * each)));
    }
  }

  private static FloatBuffer buffer(Tensor tensor, long n) {
    return tensor.data_ptr_float().limit(n).asBuffer();
  }

  private static void span(FloatBuffer[] in, FloatBuffer[] out, Kernel kernel, int from, int to) {
    float[][] blocks = new float[in.length][Math.min(BLOCK, Math.max(0, to - from))];
    for (int at = from; at < to; at += BLOCK) {
      int n = Math.min(BLOCK, to - at);
      for (int i = 0; i < in.length; i++) {
        in[i].get(at, blocks[i], 0, n);
      }
      kernel.run(blocks, n);
      for (int i = 0; i < out.length; i++) {
        out[i].put(at, blocks[i], 0, n);
      }
    }
  }

  /**
   * The relevance over the stabilized output.
   *
   * @param r the relevance
   * @param z the output
   * @param stabilizer of the denominator
   * @param own whether nobody else has z, so that the result may take its place
   * @return {@code r / s(z)}
   */
  static Tensor share(Tensor r, Tensor z, Stabilizer stabilizer, boolean own) {
    if (!isPlain(stabilizer) || !fits(r, z)) {
      return r.div(stabilizer.apply(z));
    }
    float eps = epsilon(stabilizer);
    Tensor result = own ? z : torch.empty_like(z);
    run(List.of(r, z), List.of(result), (b, n) -> quotient(b[0], b[1], eps, n));
    return result;
  }

  /** Whether a stabilizer is {@code z + eps sign(z)}. */
  static boolean isPlain(Stabilizer stabilizer) {
    return stabilizer instanceof SignedStabilizer signed && !signed.clip() && !signed.normScale();
  }

  /** The number that is added with the sign of what it is added to. */
  static float epsilon(Stabilizer stabilizer) {
    return (float) ((SignedStabilizer) stabilizer).epsilon();
  }

  /** {@code x * a}, in the place of a, which nobody else has. */
  static Tensor product(Tensor x, Tensor a) {
    ScalarType dtype = a.scalar_type().intern();
    boolean wide = dtype == ScalarType.Double || dtype == x.scalar_type().intern();
    return wide && Arrays.equals(x.shape(), a.shape()) ? a.mul_(x) : x.mul(a);
  }

  /** {@code x * a + x * b}, in the place of a, which nobody else has. */
  static Tensor sum(Tensor x, Tensor a, Tensor b) {
    if (!fits(x, a, b)) {
      return x.mul(a).add(x.mul(b));
    }
    run(List.of(a, x, b), List.of(a), (v, n) -> sum(v[0], v[1], v[2], n));
    return a;
  }

  /** {@code x * a - x * b}, in the place of a, which nobody else has. */
  static Tensor difference(Tensor x, Tensor a, Tensor b) {
    if (!fits(x, a, b)) {
      return x.mul(a).sub(x.mul(b));
    }
    run(List.of(a, x, b), List.of(a), (v, n) -> difference(v[0], v[1], v[2], n));
    return a;
  }

  /** {@code x+ * a + x- * b}, in the place of a, which nobody else has. */
  static Tensor bySign(Tensor x, Tensor a, Tensor b) {
    if (!fits(x, a, b)) {
      return LinearFunction.positive(x).mul(a).add(LinearFunction.negative(x).mul(b));
    }
    run(List.of(a, x, b), List.of(a), (v, n) -> bySign(v[0], v[1], v[2], n));
    return a;
  }

  /** {@code r := r / (z + eps sign(z))} with sign(0) = 1. */
  static void quotient(float[] r, float[] z, float eps, int n) {
    for (int i = 0; i < n; i++) {
      r[i] = r[i] / (z[i] + sign(z[i]) * eps);
    }
  }

  private static void sum(float[] a, float[] x, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = x[i] * a[i] + x[i] * b[i];
    }
  }

  private static void difference(float[] a, float[] x, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = x[i] * a[i] - x[i] * b[i];
    }
  }

  private static void bySign(float[] a, float[] x, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.max(x[i], 0f) * a[i] + Math.min(x[i], 0f) * b[i];
    }
  }

  /**
   * 1 from zero on, else -1; without a branch, so that the compiler makes vector instructions of
   * it.
   */
  static float sign(float z) {
    return Math.max(-1f, Math.min(0f, far(z))) * 2f + 1f;
  }

  /** 1 above zero, else 0. */
  static float isPositive(float z) {
    return Math.min(1f, Math.max(0f, far(z)));
  }

  /** Beyond 1 or -1 unless it is zero, the smallest numbers too. */
  private static float far(float z) {
    return z * 0x1p126f * 0x1p126f;
  }
}
