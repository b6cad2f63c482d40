/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.bindings.LayerRelevance;

/** How much relevance arrives at each layer, and how much it passes on. */
final class Conservation {
  /**
   * A call of a layer.
   *
   * @param arrives the sum of the relevance of its outputs
   * @param passes the sum of the relevance that it gives to its inputs
   * @param shape of its first output; empty if it is not known
   */
  record Row(String layer, int call, double arrives, double passes, List<Long> shape) {
    double lost() {
      return arrives - passes;
    }
  }

  private final List<Row> rows = new ArrayList<>();
  private final double input;
  private final Optional<String> firstNotFinite;

  Conservation(Attribution attribution, Optional<String> firstNotFinite) {
    this.firstNotFinite = firstNotFinite;
    for (LayerRelevance call : attribution.layers()) {
      Optional<Tensor> first = call.outputs().stream().filter(t -> t != null).findFirst();
      rows.add(
          new Row(
              call.layer(),
              call.call(),
              sum(call.outputs()),
              sum(call.inputs()),
              first.map(t -> Arrays.stream(t.shape()).boxed().toList()).orElse(List.of())));
    }
    this.input = sum(attribution.relevances());
  }

  private static double sum(List<Tensor> tensors) {
    double sum = 0;
    try (PointerScope scope = new PointerScope()) {
      for (Tensor tensor : tensors) {
        if (tensor != null) {
          sum += tensor.to(ScalarType.Double).sum().item_double();
        }
      }
    }
    return sum;
  }

  List<Row> rows() {
    return rows;
  }

  /** The shape of a layer's first output. */
  Optional<List<Long>> shape(String layer) {
    return rows.stream()
        .filter(r -> r.layer().equals(layer) && !r.shape().isEmpty())
        .map(Row::shape)
        .findFirst();
  }

  /** Where NaN or infinity appears first. */
  Optional<String> firstNotFinite() {
    return firstNotFinite;
  }

  Optional<Row> root() {
    return rows.stream().filter(r -> r.layer().isEmpty()).findFirst();
  }

  /** The relevance of the model's inputs. */
  double input() {
    return input;
  }

  Map<String, Object> json() {
    List<Object> list = new ArrayList<>();
    for (Row row : rows) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("layer", row.layer());
      one.put("call", row.call());
      one.put("arrives", row.arrives());
      one.put("passes", row.passes());
      one.put("lost", row.lost());
      list.add(one);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("calls", list);
    json.put("input", input);
    json.put("first_not_finite", firstNotFinite.orElse(null));
    return json;
  }

  /** Lines of text, in the order in which relevance passes. */
  List<String> lines(java.util.function.Predicate<String> shown) {
    Table table = new Table().row("layer", right("arrives"), right("passes on"), right("lost"), "");
    for (int i = rows.size() - 1; i >= 0; i--) {
      Row row = rows.get(i);
      if (shown.test(row.layer())) {
        table.row(
            (row.layer().isEmpty() ? "(model)" : row.layer())
                + (row.call() > 0 ? "#" + row.call() : ""),
            right(number(row.arrives())),
            right(number(row.passes())),
            right(number(row.lost())),
            share(row));
      }
    }
    return table.lines();
  }

  private static String share(Row row) {
    return row.arrives() == 0 || !Double.isFinite(row.lost())
        ? ""
        : String.format(Locale.ROOT, "%.1f %%", 100 * row.lost() / row.arrives());
  }

  /** Numbers below each other; none is longer than -1.234e+100. */
  private static String right(String text) {
    return String.format(Locale.ROOT, "%11s", text);
  }

  static String number(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }
}
