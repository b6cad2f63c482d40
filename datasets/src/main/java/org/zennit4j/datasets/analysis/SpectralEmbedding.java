/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.requests.NdArray;

/**
 * Points in the space of the smallest eigenvectors of the normalised Laplacian of their graph of
 * nearest neighbours: L = I - D^-1/2 A D^-1/2, A = (N + N^T) / 2, where N marks the nearest
 * neighbours of each point.
 *
 * @param vectors a row for each point, of length one (zero stays zero); the first column belongs to
 *     the smallest eigenvalue
 * @param values the eigenvalues, ascending from 0
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never leaves the package
record SpectralEmbedding(double[][] vectors, double[] values) {

  /** Of points in the order of their rows. */
  static SpectralEmbedding of(float[][] points, int neighbours, int count) {
    int n = points.length;
    double[][] affinity = affinity(points, Math.min(neighbours, n - 1));
    double[] degree = new double[n];
    for (int i = 0; i < n; i++) {
      degree[i] = Arrays.stream(affinity[i]).sum();
    }
    double[] normalised = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        normalised[i * n + j] = affinity[i][j] / Math.sqrt(degree[i] * degree[j]);
      }
    }
    double[] found;
    double[] columns;
    try (PointerScope scope = new PointerScope()) {
      // LAPACK's solver for symmetric matrices; ascending, a vector a column.
      T_TensorTensor_T eigen = torch.linalg_eigh(NdArray.ofDoubles(normalised, n, n).toTensor());
      found = NdArray.of(eigen.get0()).toDoubles();
      columns = NdArray.of(eigen.get1()).toDoubles();
    }
    int kept = Math.min(count, n);
    double[] values = new double[kept];
    double[][] vectors = new double[n][kept];
    for (int k = 0; k < kept; k++) {
      int column = n - 1 - k;
      values[k] = 1 - found[column];
      double largest = 0;
      for (int i = 0; i < n; i++) {
        double value = columns[i * n + column];
        largest = Math.abs(value) > Math.abs(largest) ? value : largest;
      }
      // An eigenvector has no sign: the largest element is positive here.
      double sign = largest < 0 ? -1 : 1;
      for (int i = 0; i < n; i++) {
        vectors[i][k] = sign * columns[i * n + column];
      }
    }
    return new SpectralEmbedding(vectors, values);
  }

  /** Rows of the first eigenvectors, scaled to length one. */
  double[][] unitRows(int first) {
    return Arrays.stream(vectors)
        .map(row -> Arrays.copyOf(row, Math.min(first, row.length)))
        .map(
            row -> {
              double length = Math.sqrt(Arrays.stream(row).map(v -> v * v).sum());
              return Arrays.stream(row).map(v -> length == 0 ? 0 : v / length).toArray();
            })
        .toArray(double[][]::new);
  }

  private static double[][] affinity(float[][] points, int neighbours) {
    int n = points.length;
    double[][] marks = new double[n][n];
    double[] distances = new double[n];
    Integer[] order = new Integer[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        distances[j] = distance(points[i], points[j]);
        order[j] = j;
      }
      // Not its own neighbour, even where it has a twin.
      distances[i] = Double.POSITIVE_INFINITY;
      Arrays.sort(order, (a, b) -> Double.compare(distances[a], distances[b]));
      for (int k = 0; k < neighbours; k++) {
        marks[i][order[k]] += 0.5;
        marks[order[k]][i] += 0.5;
      }
    }
    return marks;
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      double difference = a[d] - b[d];
      sum += difference * difference;
    }
    return sum;
  }
}
