/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.zennit4j.images.internal.Tensors;
import org.zennit4j.images.internal.Values;

class RelevanceMapsTests {
  private PointerScope scope;

  @BeforeEach
  void open() {
    scope = new PointerScope();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Tensor tensor(double[] values, long... shape) {
    return Tensors.ofDoubles(values, ScalarType.Double, new Device("cpu"), shape);
  }

  private static Values read(Tensor tensor) {
    return Tensors.read(tensor, "result");
  }

  @Test
  void percentilesClipOutliers() {
    double[] values = IntStream.rangeClosed(0, 100).mapToDouble(i -> i % 2 == 0 ? i : -i).toArray();
    double[] normalized = read(RelevanceMaps.normalizeRelevanceMap(tensor(values, 101))).data();
    // The 99th percentile of 0..100 is 99.
    assertThat(normalized[100]).isEqualTo(1);
    assertThat(normalized[99]).isEqualTo(-1);
    assertThat(normalized[98]).isEqualTo(98 / 99.0);
    // Between ranks: of 1, 2, 3, 4 the 50th percentile is 2.5.
    double[] four =
        read(RelevanceMaps.normalizeRelevanceMap(tensor(new double[] {4, -1, 2, 3}, 2, 2), 50))
            .data();
    assertThat(four).containsExactly(new double[] {1, -0.4, 0.8, 1}, within(1e-15));
    double[] mostlyZero = {0, 0, 0, 5};
    assertThat(read(RelevanceMaps.normalizeRelevanceMap(tensor(mostlyZero, 4), 50)).data())
        .containsExactly(mostlyZero);
    assertThatThrownBy(() -> RelevanceMaps.normalizeRelevanceMap(tensor(mostlyZero, 4), 101))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void heatmapsAreScaledByTheirLargestValue() {
    assertThat(read(RelevanceMaps.normalizeHeatmap(tensor(new double[] {1, -4, 2}, 3))).data())
        .containsExactly(0.25, -1, 0.5);
    assertThat(read(RelevanceMaps.normalizeHeatmap(tensor(new double[3], 3))).data())
        .containsExactly(0, 0, 0);
    assertThat(read(RelevanceMaps.normalizeHeatmap(tensor(new double[] {7}, 1, 1))).data())
        .containsExactly(1);
  }

  @Test
  void channelsAreSummedAndSamplesScaledOneByOne() {
    Tensor relevance = tensor(new double[] {1, 2, 3, 4, 0, 0, 0, 0}, 2, 2, 1, 2);
    Values sums = read(RelevanceMaps.aggregate(relevance));
    assertThat(sums.shape()).containsExactly(2, 1, 2);
    assertThat(sums.data()).containsExactly(4, 6, 0, 0);
    Values scaled = read(RelevanceMaps.aggregateAndNormalizeRelevanceMapRgb(relevance));
    assertThat(scaled.shape()).containsExactly(2, 1, 2);
    assertThat(scaled.data()).containsExactly(4 / 6.0, 1, 0, 0);
    assertThat(read(RelevanceMaps.aggregate(relevance, -1)).data()).containsExactly(3, 7, 0, 0);
    assertThatThrownBy(() -> RelevanceMaps.aggregate(relevance, 4))
        .isInstanceOf(ImageException.class)
        .hasMessage("relevance of shape (2,2,1,2) has no channel axis 4");
    assertThatThrownBy(() -> RelevanceMaps.aggregateAndNormalizeRelevanceMapRgb(relevance, -4))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void seriesAreScaledBySampleOrByLead() {
    Tensor relevance = tensor(new double[] {1, 2, -4, 3, 0, 0, 5, 10}, 2, 2, 2);
    assertThat(read(RelevanceMaps.normalizeEcg(relevance)).data())
        .containsExactly(0.25, 0.5, -1, 0.75, 0, 0, 0.5, 1);
    assertThat(read(RelevanceMaps.normalizeEcg(relevance, true)).data())
        .containsExactly(0.5, 1, -1, 0.75, 0, 0, 0.5, 1);
    Tensor single = tensor(new double[] {1, 2}, 1, 2);
    assertThat(read(RelevanceMaps.normalizeEcg(single)).data()).containsExactly(0.5, 1);
    assertThatThrownBy(() -> RelevanceMaps.normalizeEcg(single, true))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void seismicIsSignXaisAndNotZennits() {
    Values rgb = read(RelevanceMaps.relevanceToHeatmap(tensor(new double[] {-1, -2, 1, 0}, 2, 2)));
    assertThat(rgb.shape()).containsExactly(2, 2, 3);
    // Zero is entry 128, just right of white.
    double off = 1 - (4 * (128 / 255.0) - 2);
    assertThat(rgb.data())
        .containsExactly(
            new double[] {0, 0, 0.3, 0, 0, 0.3, 0.5, 0, 0, 1, off, off}, within(1e-12));
    Values bwr =
        read(RelevanceMaps.relevanceToHeatmap(tensor(new double[] {0, 1}, 1, 2), "bwr", false));
    assertThat(bwr.data()).containsExactly(0, 0, 1, 1, 0, 0);
    assertThatThrownBy(() -> RelevanceMaps.relevanceToHeatmap(tensor(new double[3], 3)))
        .isInstanceOf(ImageException.class);
    assertThatThrownBy(
            () -> RelevanceMaps.relevanceToHeatmap(tensor(new double[1], 1, 1), "jet", true))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void overlaysAreBlendsOfEqualShapes() {
    Tensor image = tensor(new double[] {0, 0.5, 1}, 1, 1, 3);
    Tensor heatmap = tensor(new double[] {1, 0.5, 0}, 1, 1, 3);
    assertThat(read(RelevanceMaps.overlayHeatmap(image, heatmap)).data())
        .containsExactly(0.5, 0.5, 0.5);
    Tensor blend = RelevanceMaps.overlayHeatmap(image, heatmap, 0.25);
    assertThat(read(blend).data()).containsExactly(0.25, 0.5, 0.75);
    assertThat(RgbImage.of(blend))
        .isEqualTo(RgbImage.of(1, 1, new byte[] {64, (byte) 128, (byte) 191}));
    assertThatThrownBy(() -> RelevanceMaps.overlayHeatmap(image, tensor(new double[6], 1, 2, 3)))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("(1,1,3) and (1,2,3)");
    Tensor bytes = tensor(new double[] {0, 128, 255}, 1, 1, 3);
    assertThatThrownBy(() -> RelevanceMaps.overlayHeatmap(bytes, heatmap))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("divide by 255");
    assertThatThrownBy(() -> RelevanceMaps.overlayHeatmap(image, heatmap, 2))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void nanInfinityAndEmptyAreRefusedEverywhere() {
    for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      Tensor relevance = tensor(new double[] {1, bad, 2, 3}, 1, 2, 2);
      assertThatThrownBy(() -> RelevanceMaps.normalizeHeatmap(relevance))
          .isInstanceOf(ImageException.class);
      assertThatThrownBy(() -> RelevanceMaps.normalizeEcg(relevance))
          .isInstanceOf(ImageException.class);
      assertThatThrownBy(() -> RelevanceMaps.aggregate(relevance))
          .isInstanceOf(ImageException.class);
      assertThatThrownBy(() -> RelevanceMaps.normalizeRelevanceMap(relevance))
          .isInstanceOf(ImageException.class)
          .hasMessage(
              "the relevance holds NaN or infinite values: find where they come from first");
      assertThatThrownBy(() -> RelevanceMaps.relevanceToHeatmap(relevance.select(0, 0)))
          .isInstanceOf(ImageException.class);
    }
    Tensor empty = tensor(new double[0], 0, 3);
    assertThatThrownBy(() -> RelevanceMaps.normalizeHeatmap(empty))
        .isInstanceOf(ImageException.class)
        .hasMessage("the relevance is empty: its shape is (0,3)");
  }

  @Test
  void dtypesStayAndIntegersBecomeDoubles() {
    Tensor floats = Tensors.ofFloats(new float[] {1, 2}, 1, 2);
    Tensor longs = Tensors.ofDoubles(new double[] {1, 2}, ScalarType.Long, new Device("cpu"), 1, 2);
    assertThat(RelevanceMaps.normalizeHeatmap(floats).scalar_type().intern())
        .isEqualTo(ScalarType.Float);
    assertThat(RelevanceMaps.relevanceToHeatmap(floats).scalar_type().intern())
        .isEqualTo(ScalarType.Float);
    Tensor scaled = RelevanceMaps.normalizeHeatmap(longs);
    assertThat(scaled.scalar_type().intern()).isEqualTo(ScalarType.Double);
    assertThat(read(scaled).data()).containsExactly(0.5, 1);
  }

  @Test
  void nothingIsLeftBehind() {
    Tensor relevance = tensor(new double[] {1, -2, 3, 4}, 1, 1, 2, 2);
    Runnable work =
        () -> {
          RelevanceMaps.normalizeRelevanceMap(relevance).close();
          RelevanceMaps.aggregateAndNormalizeRelevanceMapRgb(relevance).close();
          Heatmap.of(relevance);
          Images.gridify(relevance).close();
          assertThatThrownBy(() -> RelevanceMaps.aggregate(relevance, 9));
        };
    work.run();
    try (PointerScope inner = new PointerScope()) {
      assertThat(inner).isNotNull();
      work.run();
    }
    long before = Pointer.totalCount();
    for (int i = 0; i < 50; i++) {
      try (PointerScope inner = new PointerScope()) {
        assertThat(inner).isNotNull();
        work.run();
      }
    }
    assertThat(Pointer.totalCount()).isEqualTo(before);
    assertThat(relevance.isNull()).isFalse();
  }
}
