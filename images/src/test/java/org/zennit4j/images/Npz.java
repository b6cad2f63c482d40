/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.images.internal.Tensors;

/** Reads what the golden data need of NumPy's format: version 1.0, little endian, C order. */
final class Npz {
  private static final Pattern HEADER =
      Pattern.compile("'descr': '(.*?)', 'fortran_order': False, 'shape': \\((.*?)\\)");

  private Npz() {}

  @SuppressWarnings("ArrayRecordComponent")
  record Entry(String type, int[] shape, double[] values) {

    Tensor tensor() {
      ScalarType dtype =
          switch (type) {
            case "<f8" -> ScalarType.Double;
            case "<f4" -> ScalarType.Float;
            case "<i8" -> ScalarType.Long;
            case "|u1" -> ScalarType.Byte;
            default -> throw new IllegalArgumentException(type);
          };
      long[] sizes = Arrays.stream(shape).asLongStream().toArray();
      return Tensors.ofDoubles(values, dtype, new org.bytedeco.pytorch.Device("cpu"), sizes);
    }

    byte[] bytes() {
      byte[] out = new byte[values.length];
      for (int i = 0; i < out.length; i++) {
        out[i] = (byte) (int) values[i];
      }
      return out;
    }
  }

  static Map<String, Entry> read(InputStream in) throws IOException {
    Map<String, Entry> entries = new HashMap<>();
    try (ZipInputStream zip = new ZipInputStream(in)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        entries.put(entry.getName().replaceAll("\\.npy$", ""), parse(zip.readAllBytes()));
      }
    }
    return entries;
  }

  private static Entry parse(byte[] npy) {
    ByteBuffer buffer = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
    int length = buffer.getShort(8);
    String header = new String(npy, 10, length, StandardCharsets.US_ASCII);
    Matcher matcher = HEADER.matcher(header);
    if (!matcher.find()) {
      throw new IllegalArgumentException(header);
    }
    int[] shape =
        Arrays.stream(matcher.group(2).split(","))
            .map(String::strip)
            .filter(s -> !s.isEmpty())
            .mapToInt(Integer::parseInt)
            .toArray();
    double[] values = new double[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    buffer.position(10 + length);
    String type = matcher.group(1);
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case "<f8" -> buffer.getDouble();
            case "<f4" -> buffer.getFloat();
            case "<i8" -> (double) buffer.getLong();
            case "|u1" -> buffer.get() & 0xff;
            default -> throw new IllegalArgumentException(type);
          };
    }
    return new Entry(type, shape, values);
  }
}
