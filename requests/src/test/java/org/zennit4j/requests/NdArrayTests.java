/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.zennit4j.requests.NdArray.DType;

@SuppressWarnings({"try", "unchecked"}) // scopes work by being there and take generic varargs
class NdArrayTests {

  @ParameterizedTest
  @EnumSource(DType.class)
  void survivesTheWayThroughATensor(DType dtype) {
    byte[] bytes = new byte[6 * dtype.itemSize()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (dtype == DType.BOOL ? i % 2 : 37 * i);
    }
    NdArray array = NdArray.of(dtype, ByteBuffer.wrap(bytes), 3, 1, 2);

    try (Tensor tensor = array.toTensor()) {
      assertThat(tensor.shape()).containsExactly(3, 1, 2);
      assertThat(tensor.requires_grad()).isFalse();
      assertThat(NdArray.of(tensor)).isEqualTo(array);
    }
  }

  @Test
  void tensorHoldsTheNumbers() {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = NdArray.ofDoubles(new double[] {1, 2, 3, 4, 5, 6}, 2, 3).toTensor();

      assertThat(tensor.scalar_type().intern()).isEqualTo(ScalarType.Double);
      assertThat(tensor.select(0, 1).select(0, 2).item_double()).isEqualTo(6);
      assertThat(tensor.is_contiguous()).isTrue();
    }
  }

  @Test
  void singleNumbersAndEmptyArraysBecomeTensors() {
    try (PointerScope scope = new PointerScope()) {
      NdArray single = NdArray.ofLongs(new long[] {42});
      Tensor number = single.toTensor();
      assertThat(number.dim()).isZero();
      assertThat(number.item_long()).isEqualTo(42);
      assertThat(NdArray.of(number)).isEqualTo(single);

      NdArray empty = NdArray.ofFloats(new float[0], 2, 0, 3);
      assertThat(NdArray.of(empty.toTensor())).isEqualTo(empty);
    }
  }

  @Test
  void copiesFromAnyStridesAndFromRecordedTensors() {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = NdArray.ofDoubles(new double[] {1, 2, 3, 4, 5, 6}, 2, 3).toTensor();
      tensor.requires_grad_(true);

      NdArray turned = NdArray.of(tensor.t().mul(new Scalar(2)).t().t());

      assertThat(turned.shape()).containsExactly(3, 2);
      assertThat(turned.toDoubles()).containsExactly(2, 8, 4, 10, 6, 12);
    }
  }

  @Test
  void refusesTensorsWithoutCounterpart() {
    try (PointerScope scope = new PointerScope()) {
      Tensor half = torch.zeros(2).to(ScalarType.BFloat16);
      assertThatThrownBy(() -> NdArray.of(half))
          .isInstanceOf(RequestException.class)
          .hasMessageContaining("BFloat16");
      assertThatThrownBy(() -> NdArray.of(torch.eye(3).to_sparse()))
          .isInstanceOf(RequestException.class)
          .hasMessageContaining("Sparse");
      assertThatThrownBy(() -> NdArray.of(new Tensor()))
          .isInstanceOf(RequestException.class)
          .hasMessageContaining("undefined");
    }
  }

  @Test
  void tensorBelongsToTheCallersScope() {
    NdArray array = NdArray.ofFloats(new float[] {1, 2}, 2);
    Tensor tensor;
    try (PointerScope scope = new PointerScope()) {
      tensor = array.toTensor();
      assertThat(tensor.isNull()).isFalse();
    }
    assertThat(tensor.isNull()).isTrue();
  }

  @Test
  void tensorBelongsToTheCallerWithoutAScope() {
    NdArray array = NdArray.ofFloats(new float[] {1, 2}, 2);
    Tensor tensor = array.toTensor();
    assertThat(tensor.isNull()).isFalse();
    tensor.close();
    assertThat(tensor.isNull()).isTrue();
  }

  @Test
  void tensorSkipsAScopeForOtherClasses() {
    NdArray array = NdArray.ofFloats(new float[] {1, 2}, 2);
    try (PointerScope outer = new PointerScope()) {
      Tensor tensor;
      try (PointerScope other = new PointerScope(Scalar.class)) {
        tensor = array.toTensor();
      }
      assertThat(tensor.isNull()).isFalse();
    }
  }

  @Test
  void conversionsLeaveNoPointerBehind() {
    NdArray array = NdArray.ofFloats(new float[6], 2, 3);
    convert(array);
    long before = Pointer.totalCount();
    for (int i = 0; i < 50; i++) {
      convert(array);
    }
    assertThat(Pointer.totalCount()).isEqualTo(before);
  }

  private static void convert(NdArray array) {
    try (Tensor tensor = array.toTensor()) {
      assertThat(NdArray.of(tensor)).isEqualTo(array);
    }
  }

  @Test
  void nothingChangesAnArray() {
    double[] values = {1, 2};
    long[] shape = {2};
    NdArray array = NdArray.ofDoubles(values, shape);
    values[0] = 9;
    shape[0] = 9;
    array.shape()[0] = 9;
    array.toDoubles()[0] = 9;

    assertThat(array).isEqualTo(NdArray.ofDoubles(new double[] {1, 2}, 2));
    assertThat(array.bytes().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
    assertThatThrownBy(() -> array.bytes().put(0, (byte) 1))
        .isInstanceOf(ReadOnlyBufferException.class);
  }

  @Test
  void comparesTypeShapeAndBits() {
    NdArray array = NdArray.ofDoubles(new double[] {0, Double.NaN}, 2);

    assertThat(array)
        .isEqualTo(NdArray.ofDoubles(new double[] {0, Double.NaN}, 2))
        .hasSameHashCodeAs(NdArray.ofDoubles(new double[] {0, Double.NaN}, 2))
        .isNotEqualTo(NdArray.ofDoubles(new double[] {-0.0, Double.NaN}, 2))
        .isNotEqualTo(NdArray.ofDoubles(new double[] {0, Double.NaN}, 2, 1))
        .hasToString("FLOAT64[2]");
  }

  @Test
  void unsignedIntegersAreRoundedOnce() {
    long bits = -1L << 11 | 1L << 10 | 1; // above the half of two neighbours by one
    ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, bits);

    assertThat(NdArray.of(DType.UINT64, bytes).toDoubles()).containsExactly(0x1p64);
  }

  @Test
  void refusesShapesThatDoNotFit() {
    assertThatThrownBy(() -> NdArray.ofDoubles(new double[3], 2, 2))
        .isInstanceOf(RequestException.class)
        .hasMessage("3 elements cannot have the shape [2, 2]");
    assertThatThrownBy(() -> NdArray.ofDoubles(new double[3], -3))
        .isInstanceOf(RequestException.class);
    assertThatThrownBy(() -> NdArray.ofDoubles(new double[3], 1L << 40, 1L << 40))
        .isInstanceOf(RequestException.class)
        .hasMessageEndingWith("is larger than 2 GiB");
    assertThatThrownBy(
            () ->
                NdArray.ofDoubles(
                    new double[1], IntStream.range(0, 65).asLongStream().map(i -> 1).toArray()))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("65 dimensions");
    assertThatThrownBy(() -> NdArray.ofFloats(new float[1]).toLongs())
        .isInstanceOf(RequestException.class)
        .hasMessage("an array of FLOAT32 where integers are needed");
  }
}
