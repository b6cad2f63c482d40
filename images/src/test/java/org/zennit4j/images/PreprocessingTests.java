/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.zennit4j.images.internal.Tensors;
import org.zennit4j.images.internal.Values;

class PreprocessingTests {
  private static final RgbImage TWO = RgbImage.of(2, 1, new byte[] {0, 51, (byte) 255, 10, 20, 30});

  private static Values values(Preprocessing preprocessing, RgbImage image) {
    try (Tensor tensor = preprocessing.toTensor(image)) {
      assertThat(tensor.scalar_type().intern()).isEqualTo(ScalarType.Float);
      assertThat(tensor.is_contiguous()).isTrue();
      Values values = Tensors.read(tensor, "input");
      float[] heap = preprocessing.toFloats(image);
      for (int i = 0; i < heap.length; i++) {
        assertThat((double) heap[i]).isEqualTo(values.data()[i]);
      }
      assertThat(heap).hasSize(values.data().length);
      return values;
    }
  }

  @Test
  void valuesArePlanesInTheNetworksOrder() {
    Preprocessing caffe = Preprocessing.CAFFE.withoutResizing();
    Values bgr = values(caffe, TWO);
    assertThat(bgr.shape()).containsExactly(1, 3, 1, 2);
    assertThat(bgr.data())
        .containsExactly(
            new double[] {
              255 - 103.939, 30 - 103.939, 51 - 116.779, 20 - 116.779, -123.68, 10 - 123.68
            },
            within(1e-5));
    Values unit = values(Preprocessing.UNIT, TWO);
    assertThat(unit.data())
        .containsExactly(new double[] {0, 10 / 255., 0.2, 20 / 255., 1, 30 / 255.}, within(1e-7));
  }

  @Test
  void valuesAndPlanesGoIntoLargerArrays() {
    float[] values = new float[8];
    Preprocessing.UNIT.toFloats(TWO, values, 1);
    assertThat(values[0]).isZero();
    assertThat(java.util.Arrays.copyOfRange(values, 1, 7))
        .containsExactly(Preprocessing.UNIT.toFloats(TWO));
    assertThat(values[7]).isZero();
    byte[] planes = new byte[8];
    TWO.planes(planes, 2);
    assertThat(planes).containsExactly(0, 0, 0, 10, 51, 20, 255, 30);
    assertThatThrownBy(() -> Preprocessing.UNIT.toFloats(TWO, values, 3))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("6 values do not fit into 8, from 3 on");
    assertThatThrownBy(() -> TWO.planes(planes, -1))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("do not fit into 8, from -1 on");
  }

  @Test
  void efficientNetsValuesLieBetweenMinusOneAndOneExactly() {
    double[] data = values(Preprocessing.EFFICIENTNET_LITE0.withoutResizing(), TWO).data();
    assertThat(data[0]).isEqualTo(-1);
    assertThat(data[4]).isEqualTo(1);
    assertThat(data[2]).isEqualTo((51 / 255f - 0.5f) / 0.5f);
    assertThat(Preprocessing.EFFICIENTNET_LITE0.low()).containsExactly(-1, -1, -1);
    assertThat(Preprocessing.EFFICIENTNET_LITE0.high()).containsExactly(1, 1, 1);
  }

  @Test
  void boundsFollowFromTheNormalization() {
    assertThat(Preprocessing.IMAGENET.low())
        .containsExactly(-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225);
    assertThat(Preprocessing.IMAGENET.high())
        .containsExactly(new double[] {2.2489083, 2.4285714, 2.64}, within(1e-7));
    assertThat(Preprocessing.CAFFE.low()).containsExactly(-103.939, -116.779, -123.68);
    assertThat(Preprocessing.CAFFE.high())
        .containsExactly(new double[] {151.061, 138.221, 131.32}, within(1e-12));
    assertThat(Preprocessing.CAFFE_SCALAR.low()).containsExactly(-123.68, -123.68, -123.68);
    assertThat(Preprocessing.CAFFE_SCALAR.high())
        .containsExactly(new double[] {151.061, 151.061, 151.061}, within(1e-12));
  }

  @Test
  void boundsAsTensorsBroadcast() {
    try (Tensor low = Preprocessing.CAFFE.lowTensor();
        Tensor high = Preprocessing.CAFFE.highTensor()) {
      assertThat(Tensors.read(low, "low").shape()).containsExactly(1, 3, 1, 1);
      assertThat(Tensors.read(high, "high").data()[1]).isEqualTo((float) 138.221);
    }
  }

  @Test
  void greyKeepsGreyPixelsAndWeighsColours() {
    Preprocessing grey = Preprocessing.UNIT.withColorOrder(ColorOrder.GREY);
    RgbImage image = RgbImage.of(2, 1, new byte[] {77, 77, 77, (byte) 255, 0, 0});
    Values values = values(grey, image);
    assertThat(values.shape()).containsExactly(1, 1, 1, 2);
    assertThat(values.data()).containsExactly(77 / 255f, 76 / 255f);
    assertThat(grey.low()).containsExactly(0);
    assertThat(grey.high()).containsExactly(1);
  }

  @Test
  void batchesStackPhotographsOfOneSize() {
    Preprocessing unit = Preprocessing.UNIT;
    RgbImage other = RgbImage.of(2, 1, new byte[6]);
    try (Tensor batch = unit.toTensor(List.of(other, TWO))) {
      Values values = Tensors.read(batch, "batch");
      assertThat(values.shape()).containsExactly(2, 3, 1, 2);
      double[] second = java.util.Arrays.copyOfRange(values.data(), 6, 12);
      assertThat(second).isEqualTo(values(unit, TWO).data());
    }
    assertThatThrownBy(() -> unit.toTensor(List.of(TWO, RgbImage.of(1, 1, new byte[3]))))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("2x1 and 1x1");
    assertThatThrownBy(() -> unit.toTensor(List.of())).isInstanceOf(ImageException.class);
  }

  @Test
  void tensorsBelongToTheCallersScope() {
    Tensor outside = Preprocessing.UNIT.toTensor(TWO);
    Tensor inside;
    try (PointerScope scope = new PointerScope()) {
      inside = Preprocessing.UNIT.toTensor(TWO);
      assertThat(scope).isNotNull();
      assertThat(inside.isNull()).isFalse();
    }
    assertThat(inside.isNull()).isTrue();
    assertThat(outside.isNull()).isFalse();
    outside.close();
    assertThat(outside.isNull()).isTrue();
  }

  @Test
  void photosAreResizedAndCroppedAndStayInColour() {
    RgbImage photo = RgbImage.of(30, 20, new byte[1800]);
    Preprocessing small =
        Preprocessing.CAFFE.withShorterSide(10, Interpolation.BILINEAR).withCrop(8, 6);
    assertThat(small.photo(photo)).isEqualTo(RgbImage.of(8, 6, new byte[144]));
    Preprocessing exact = small.withSize(5, 7, Interpolation.BICUBIC);
    assertThat(exact.photo(photo)).isEqualTo(RgbImage.of(5, 7, new byte[105]));
    assertThatThrownBy(() -> small.withCrop(11, 11).photo(photo))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("cannot crop 11x11");
  }

  @Test
  void argumentsAreChecked() {
    Preprocessing unit = Preprocessing.UNIT;
    double[] one = {1};
    assertThatThrownBy(() -> unit.withNormalization(0, one, one))
        .isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> unit.withNormalization(1, new double[2], one))
        .isInstanceOf(ImageException.class)
        .hasMessage("3 channels need 3 numbers as mean, or one, not 2");
    assertThatThrownBy(() -> unit.withNormalization(1, one, new double[] {1, 0, 1}))
        .isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> unit.withCrop(0, 1)).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> Preprocessing.named("imagnet"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("imagenet, efficientnet_lite0");
    assertThat(Preprocessing.named("ImageNet")).isEqualTo(Preprocessing.IMAGENET);
    assertThat(unit.withNormalization(255, new double[1], one))
        .isEqualTo(unit)
        .hasSameHashCodeAs(unit);
  }
}
