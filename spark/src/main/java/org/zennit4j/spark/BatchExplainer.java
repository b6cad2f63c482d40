/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.ImageException;
import org.zennit4j.requests.NdArray;
import scala.collection.mutable.ArraySeq;

/** Explains batches of rows, and finds those that cannot be explained. */
final class BatchExplainer {
  private final Network network;
  private final RowInputs inputs;
  private final boolean png;

  BatchExplainer(Network network, RowInputs inputs, boolean png) {
    this.network = network;
    this.inputs = inputs;
    this.png = png;
  }

  /** What is added to a bad row: nulls and the reason. */
  private Object[] bad(Exception why) {
    Object[] values = new Object[png ? 6 : 5];
    values[values.length - 1] = String.valueOf(why.getMessage());
    return values;
  }

  /** What is added to a row: in the order of {@link Columns}. */
  private Object[] good(float[] output, float[] relevance, int[] shape) {
    List<Object> values = new ArrayList<>();
    values.add(sequence(output));
    values.add(best(output));
    values.add(sequence(relevance));
    values.add(sequence(shape));
    if (png) {
      values.add(heatmap(relevance, shape));
    }
    values.add(null);
    return values.toArray();
  }

  List<Row> explain(List<Row> rows) {
    Object[][] results = new Object[rows.size()][];
    Map<List<Long>, List<RowInputs.Item>> shapes = new LinkedHashMap<>();
    for (int i = 0; i < results.length; i++) {
      try {
        RowInputs.Item item = inputs.of(rows.get(i), i);
        List<Long> shape = Arrays.stream(item.values().shape()).boxed().toList();
        shapes.computeIfAbsent(shape, s -> new ArrayList<>()).add(item);
      } catch (Zennit4jException | ImageException e) {
        results[i] = bad(e);
      }
    }
    shapes.values().forEach(items -> explain(items, results));
    List<Row> explained = new ArrayList<>();
    for (int i = 0; i < results.length; i++) {
      explained.add(row(rows.get(i), results[i]));
    }
    return explained;
  }

  /** Where a batch fails, each of its rows is tried alone: the others are not to blame. */
  private void explain(List<RowInputs.Item> items, Object[][] results) {
    try {
      batch(items, results);
    } catch (CancelledException | ClosedException e) {
      throw e; // the task is being killed, which is no row's fault
    } catch (Zennit4jException e) {
      if (items.size() == 1) {
        results[items.get(0).position()] = bad(e);
      } else {
        items.forEach(item -> explain(List.of(item), results));
      }
    }
  }

  private void batch(List<RowInputs.Item> items, Object[][] results) {
    try (PointerScope scope = new PointerScope();
        Attribution attribution = network.explain(stack(items).toTensor(), target(items))) {
      Tensor output = attribution.output();
      if (output.dim() != 2 || output.size(0) != items.size()) {
        throw new ShapeException(
            "the model's output has shape "
                + Arrays.toString(output.shape())
                + "; rows need (samples, classes)");
      }
      Tensor relevance = attribution.relevance();
      float[] outputs = floats(output);
      float[] relevances = floats(relevance);
      int[] shape = Arrays.stream(relevance.shape()).skip(1).mapToInt(Math::toIntExact).toArray();
      for (int i = 0; i < items.size(); i++) {
        float[] values = part(outputs, i, items.size());
        float[] map = part(relevances, i, items.size());
        results[items.get(i).position()] =
            finite(values) && finite(map)
                ? good(values, map, shape)
                : bad(new ShapeException("its output or relevance holds NaN or infinity"));
      }
    }
  }

  private static NdArray stack(List<RowInputs.Item> items) {
    long[] sample = items.get(0).values().shape();
    long[] shape = new long[sample.length + 1];
    shape[0] = items.size();
    System.arraycopy(sample, 0, shape, 1, sample.length);
    int size = items.get(0).values().size();
    float[] all = new float[Math.multiplyExact(size, items.size())];
    for (int i = 0; i < items.size(); i++) {
      System.arraycopy(items.get(i).values().toFloats(), 0, all, i * size, size);
    }
    return NdArray.ofFloats(all, shape);
  }

  private static Target target(List<RowInputs.Item> items) {
    return items.get(0).target() < 0
        ? Target.top1()
        : Target.classes(items.stream().mapToInt(RowInputs.Item::target).toArray());
  }

  private static float[] floats(Tensor tensor) {
    return NdArray.of(tensor.to(ScalarType.Float)).toFloats();
  }

  private static float[] part(float[] all, int index, int count) {
    int size = all.length / count;
    return Arrays.copyOfRange(all, index * size, (index + 1) * size);
  }

  private static boolean finite(float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  private static int best(float[] values) {
    int best = 0;
    for (int c = 1; c < values.length; c++) {
      best = values[c] > values[best] ? c : best;
    }
    return best;
  }

  /** A PNG of (H,W) or (C,H,W); null of other shapes. */
  private static byte[] heatmap(float[] map, int[] shape) {
    if (shape.length != 2 && shape.length != 3) {
      return null;
    }
    try (PointerScope scope = new PointerScope()) {
      long[] sizes = Arrays.stream(shape).asLongStream().toArray();
      return Heatmap.of(NdArray.ofFloats(map, sizes).toTensor()).picture().toPng();
    }
  }

  private static Row row(Row before, Object[] added) {
    int width = before.size();
    Object[] values = new Object[width + added.length];
    for (int i = 0; i < width; i++) {
      values[i] = before.get(i);
    }
    System.arraycopy(added, 0, values, width, added.length);
    return RowFactory.create(values);
  }

  /** Spark's rows hold Scala's sequences, of which these keep the array as it is. */
  private static Object sequence(Object array) {
    return ArraySeq.make(array);
  }
}
