/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.requests.NdArray.DType;

class NpyProperties {

  @Provide
  Arbitrary<NdArray> arrays() {
    Arbitrary<List<Integer>> shapes = Arbitraries.integers().between(0, 4).list().ofMaxSize(4);
    return Combinators.combine(Arbitraries.of(DType.class), shapes, Arbitraries.randomValue(r -> r))
        .as(
            (dtype, lengths, random) -> {
              long[] shape = lengths.stream().mapToLong(Integer::longValue).toArray();
              byte[] bytes = new byte[NdArray.byteSize(dtype, shape)];
              random.nextBytes(bytes);
              return NdArray.of(dtype, ByteBuffer.wrap(bytes), shape);
            });
  }

  @Property(tries = 300)
  void whatWasWrittenIsRead(@ForAll("arrays") NdArray array) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Npy.write(out, array);
    byte[] file = out.toByteArray();

    assertThat(Npy.read(new ByteArrayInputStream(file), "memory")).isEqualTo(array);
    assertThat((file.length - array.bytes().remaining()) % 64).isZero();
  }

  @Property(tries = 300)
  void fortranOrderIsTheTransposedArray(@ForAll("arrays") NdArray array) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Npy.write(out, array);
    byte[] file = out.toByteArray();
    int at = new String(file, StandardCharsets.ISO_8859_1).indexOf("False");
    System.arraycopy("True ".getBytes(StandardCharsets.US_ASCII), 0, file, at, 5);

    NdArray read = Npy.read(new ByteArrayInputStream(file), "memory");

    assertThat(read.shape()).isEqualTo(array.shape());
    int[] index = new int[array.shape().length];
    int itemSize = array.dtype().itemSize();
    for (int to = 0; to < array.size(); to++) {
      int from = 0;
      for (int d = index.length - 1; d >= 0; d--) {
        from = (int) (from * array.shape()[d] + index[d]);
      }
      assertThat(read.bytes().slice(to * itemSize, itemSize))
          .isEqualTo(array.bytes().slice(from * itemSize, itemSize));
      for (int d = index.length - 1; d >= 0; d--) {
        if (++index[d] < array.shape()[d]) {
          break;
        }
        index[d] = 0;
      }
    }
  }

  @Property(tries = 100)
  void tensorsKeepEveryBit(@ForAll("arrays") NdArray array) {
    try (Tensor tensor = array.toTensor()) {
      assertThat(NdArray.of(tensor)).isEqualTo(array);
    }
  }
}
