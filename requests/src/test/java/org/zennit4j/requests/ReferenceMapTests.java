/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.DataFormatException;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.composites.Composite;
import org.zennit4j.model.ScriptModel;

/**
 * Holds relevance maps of photographs to those that Zennit computed in float64, from the same
 * pixels.
 */
class ReferenceMapTests {
  private static final Path MODEL = Path.of("..", "examples", "models", "efficientnet_lite0.pt");

  private static final int SIZE = 224;

  private static Map<String, NdArray> reference;
  private static ScriptModel single;
  private static ScriptModel dense;

  @BeforeAll
  static void load() {
    reference = Npz.read(resource("reference_relevance.npz"));
    single = ScriptModel.load(MODEL, LoadOptions.defaults().withDtype(Dtype.FLOAT32));
    dense = single.to(Dtype.FLOAT64);
  }

  @AfterAll
  static void close() {
    dense.close();
    single.close();
  }

  @ParameterizedTest
  @CsvSource({
    "chelsea, epsilon_plus_flat, bn",
    "chelsea, epsilon_plus_flat, bn_sum",
    "chelsea, epsilon_gamma_box, bn",
    "chelsea, epsilon_gamma_box, bn_sum",
    "coffee, epsilon_plus_flat, bn",
    "coffee, epsilon_plus_flat, bn_sum",
    "coffee, epsilon_gamma_box, bn",
    "coffee, epsilon_gamma_box, bn_sum",
  })
  void float64MeetsTheReference(String photo, String composite, String canonizers)
      throws Exception {
    check(dense, photo, composite, canonizers, 1e-4);
  }

  /** Single precision has noise: sums divide by values near zero. */
  @ParameterizedTest
  @CsvSource({
    "chelsea, epsilon_plus_flat, bn",
    "chelsea, epsilon_plus_flat, bn_sum",
    "coffee, epsilon_gamma_box, bn_sum",
  })
  void float32IsNear(String photo, String composite, String canonizers) throws Exception {
    check(single, photo, composite, canonizers, 2e-3);
  }

  @SuppressWarnings("try") // the scope works by being there
  private static void check(
      ScriptModel model, String photo, String name, String canonizers, double gap)
      throws IOException, DataFormatException {
    try (PointerScope scope = new PointerScope();
        Gradient attributor = new Gradient(model, composite(name, canonizers));
        Attribution attribution =
            attributor.attribute(pixels(photo).toTensor().to(model.dtype()))) {
      double[] found = NdArray.of(attribution.relevance()).toDoubles();
      double[] wanted = reference.get(photo + "." + name + "." + canonizers).toDoubles();

      assertThat(cosine(found, wanted)).isGreaterThan(0.99999);
      assertThat(largestGap(found, wanted)).isLessThan(gap);
      Tensor top = attribution.output().argmax().to(ScalarType.Long);
      assertThat(top.item_long()).isEqualTo(reference.get(photo + ".target").toLongs()[0]);
    }
  }

  private static Composite composite(String name, String canonizers) {
    String args = name.equals("epsilon_gamma_box") ? "{\"low\": -1, \"high\": 1}" : "{}";
    String sum = canonizers.equals("bn_sum") ? ", {\"type\": \"residual_sum\"}" : "";
    return new CompositeReader()
        .read(
            """
            {"type": "named", "name": "%s", "args": %s,
             "canonizers": [{"type": "merge_batch_norm"}%s]}
            """
                .formatted(name, args, sum));
  }

  /** The network's input: pixels / 255, minus 0.5, divided by 0.5, in float32, channels first. */
  private static NdArray pixels(String photo) throws IOException, DataFormatException {
    int[] bytes = PngPixels.read(resource(photo + "_224.png"), SIZE);
    int plane = SIZE * SIZE;
    float[] values = new float[bytes.length];
    for (int i = 0; i < plane; i++) {
      for (int c = 0; c < 3; c++) {
        values[c * plane + i] = (bytes[3 * i + c] / 255f - 0.5f) / 0.5f;
      }
    }
    return NdArray.ofFloats(values, 1, 3, SIZE, SIZE);
  }

  private static Path resource(String name) {
    try {
      return Path.of(ReferenceMapTests.class.getResource("/demo/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static double cosine(double[] x, double[] y) {
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      xy += x[i] * y[i];
      xx += x[i] * x[i];
      yy += y[i] * y[i];
    }
    return xy / Math.sqrt(xx * yy);
  }

  /** The largest difference, of the largest expected value. */
  private static double largestGap(double[] x, double[] y) {
    double gap = 0;
    double largest = 0;
    for (int i = 0; i < x.length; i++) {
      gap = Math.max(gap, Math.abs(x[i] - y[i]));
      largest = Math.max(largest, Math.abs(y[i]));
    }
    return gap / largest;
  }
}
