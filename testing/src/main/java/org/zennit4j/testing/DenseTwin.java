/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A linear layer as a plain matrix, found by probing: the slow textbook formulas of rules are
 * written on it in double arrays. Immutable, holds no native objects.
 */
public final class DenseTwin {
  private final double[][] weight;
  private final double[] bias;
  private final long[] inputShape;
  private final long[] outputShape;

  private DenseTwin(double[][] weight, double[] bias, long[] inputShape, long[] outputShape) {
    this.weight = weight;
    this.bias = bias;
    this.inputShape = inputShape;
    this.outputShape = outputShape;
  }

  /**
   * Probes a map.
   *
   * @param map an affine map of float64 batches, sample by sample
   * @param sampleShape the shape of one sample
   * @return its matrix and offset
   * @throws AssertionError if the map is not affine
   */
  public static DenseTwin of(UnaryOperator<Tensor> map, long... sampleShape) {
    NativeLibraries.load();
    try (PointerScope scope = new PointerScope()) {
      long n = Arrays.stream(sampleShape).reduce(1, (a, b) -> a * b);
      long[] batch = new long[sampleShape.length + 1];
      System.arraycopy(sampleShape, 0, batch, 1, sampleShape.length);
      batch[0] = 1;
      Tensor nothing = map.apply(SeededWeights.normal(1, ScalarType.Double, batch).zero_());
      long[] outputShape = Arrays.copyOfRange(nothing.shape(), 1, nothing.shape().length);
      double[] offset = TensorSubject.values(nothing);
      batch[0] = n;
      Tensor identity = torch.eye(n).to(ScalarType.Double).reshape(batch);
      double[] responses = TensorSubject.values(map.apply(identity));
      double[][] weight = new double[offset.length][(int) n];
      for (int j = 0; j < n; j++) {
        for (int i = 0; i < offset.length; i++) {
          weight[i][j] = responses[j * offset.length + i] - offset[i];
        }
      }
      DenseTwin twin = new DenseTwin(weight, offset, sampleShape.clone(), outputShape);
      batch[0] = 1;
      Tensor probe = SeededWeights.normal(2, ScalarType.Double, batch);
      TensorSubject.assertThat(map.apply(probe))
          .within(1e-9, 1e-9)
          .of(twin.forward(TensorSubject.values(probe)));
      return twin;
    }
  }

  /**
   * The matrix.
   *
   * @return a copy, one row for each output
   */
  public double[][] weight() {
    return Arrays.stream(weight).map(double[]::clone).toArray(double[][]::new);
  }

  /**
   * The offset.
   *
   * @return a copy, one number for each output
   */
  public double[] bias() {
    return bias.clone();
  }

  /**
   * The shape of a sample.
   *
   * @return a copy
   */
  public long[] inputShape() {
    return inputShape.clone();
  }

  /**
   * The shape of what comes out for a sample.
   *
   * @return a copy
   */
  public long[] outputShape() {
    return outputShape.clone();
  }

  /**
   * Applies the map to one sample.
   *
   * @param x the sample in row-major order
   * @return the output in row-major order
   */
  public double[] forward(double[] x) {
    double[] z = bias.clone();
    for (int i = 0; i < z.length; i++) {
      for (int j = 0; j < x.length; j++) {
        z[i] += weight[i][j] * x[j];
      }
    }
    return z;
  }

  /**
   * Applies the transposed matrix.
   *
   * @param g one number for each output
   * @return one number for each input
   */
  public double[] adjoint(double[] g) {
    double[] result = new double[weight.length == 0 ? 0 : weight[0].length];
    for (int i = 0; i < weight.length; i++) {
      for (int j = 0; j < result.length; j++) {
        result[j] += weight[i][j] * g[i];
      }
    }
    return result;
  }
}
