/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.bytedeco.javacpp.PointerScope;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.RequestException;

/** Makes the network's inputs of rows. */
final class RowInputs implements Serializable {
  private static final long serialVersionUID = 1;

  private final int input;
  private final int shape;
  private final int target;
  private final Preprocessing preprocessing;
  private final List<Long> fixedShape;
  private final int fixedTarget;

  /**
   * Finds the columns.
   *
   * @param preprocessing of pictures; null where rows are arrays
   * @param fixedTarget negative for none
   */
  RowInputs(
      Columns columns,
      StructType schema,
      Preprocessing preprocessing,
      List<Long> fixedShape,
      int fixedTarget) {
    this.input = schema.fieldIndex(columns.input());
    this.shape = columns.shape() == null ? -1 : schema.fieldIndex(columns.shape());
    this.target = columns.target() == null ? -1 : schema.fieldIndex(columns.target());
    this.preprocessing = preprocessing;
    this.fixedShape = fixedShape;
    this.fixedTarget = fixedTarget;
  }

  /**
   * The input of one row.
   *
   * @param position of the row in its batch
   * @param values float32, of the shape of one sample
   * @param target the class to explain; negative for the prediction
   */
  record Item(int position, NdArray values, int target) {}

  /**
   * Makes the input of a row.
   *
   * @throws RequestException or ImageException if the row is bad; the message says why
   */
  Item of(Row row, int position) {
    int chosen = target(row);
    if (row.isNullAt(input)) {
      throw new RequestException("the input is null");
    }
    return new Item(
        position, preprocessing == null ? array(row) : picture(row.<byte[]>getAs(input)), chosen);
  }

  private int target(Row row) {
    if (target < 0) {
      return fixedTarget;
    }
    if (row.isNullAt(target)) {
      throw new RequestException("there is no class to explain");
    }
    double number = row.<Number>getAs(target).doubleValue();
    if (number < 0 || number > Integer.MAX_VALUE || number != Math.rint(number)) {
      throw new RequestException("no number of a class: " + row.get(target));
    }
    return (int) number;
  }

  private NdArray picture(byte[] file) {
    try (PointerScope scope = new PointerScope()) {
      NdArray batch = NdArray.of(preprocessing.toTensor(RgbImage.decode(file)));
      long[] sizes = batch.shape();
      return NdArray.of(batch.dtype(), batch.bytes(), Arrays.copyOfRange(sizes, 1, sizes.length));
    } catch (IllegalArgumentException e) {
      // A decoder that gives up in its own way.
      throw new ImageException(String.valueOf(e.getMessage()), e);
    }
  }

  private NdArray array(Row row) {
    List<Number> numbers = row.getList(input);
    float[] values = new float[numbers.size()];
    int next = 0;
    for (Number number : numbers) {
      if (number == null) {
        throw new RequestException("the array holds null");
      }
      values[next++] = number.floatValue();
    }
    long[] sizes = shape(row);
    long product = 1;
    for (long size : sizes) {
      product = size < 1 || product > values.length ? -1 : product * size;
      if (product < 0) {
        break;
      }
    }
    if (product != values.length) {
      throw new RequestException(
          "the array has " + values.length + " values, its shape is " + Arrays.toString(sizes));
    }
    return NdArray.ofFloats(values, sizes);
  }

  private long[] shape(Row row) {
    if (shape < 0) {
      return fixedShape.stream().mapToLong(Long::longValue).toArray();
    }
    if (row.isNullAt(shape)) {
      throw new RequestException("there is no shape");
    }
    List<Number> sizes = row.getList(shape);
    if (sizes.isEmpty() || sizes.contains(null)) {
      throw new RequestException("no shape of a sample: " + sizes);
    }
    return sizes.stream().mapToLong(Number::longValue).toArray();
  }
}
