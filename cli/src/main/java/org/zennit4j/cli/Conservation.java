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
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.NonFinite;
import org.zennit4j.bindings.LayerRelevance;

/** How much relevance arrives at each layer, and how much it passes on. */
final class Conservation {
  /**
   * A call of a layer.
   *
   * @param arrives the sum of the relevance of its outputs
   * @param passes the sum of the relevance that it gives to its inputs
   * @param loss to what relevance is lost; empty if the layer has no rule of its own
   * @param shape of its first output; empty if it is not known
   */
  record Row(
      String layer,
      int call,
      double arrives,
      double passes,
      Optional<Losses.Loss> loss,
      List<Long> shape) {
    double lost() {
      return arrives - passes;
    }
  }

  private final List<Row> rows = new ArrayList<>();
  private final double input;
  private final Optional<NonFinite> firstNotFinite;

  Conservation(
      Attribution attribution,
      BiFunction<String, Integer, Optional<Losses.Loss>> losses,
      Optional<NonFinite> firstNotFinite) {
    this.firstNotFinite = firstNotFinite;
    for (LayerRelevance call : attribution.layers()) {
      Optional<Tensor> first = call.outputs().stream().filter(t -> t != null).findFirst();
      rows.add(
          new Row(
              call.layer(),
              call.call(),
              Losses.sum(call.outputs()),
              Losses.sum(call.inputs()),
              losses.apply(call.layer(), call.call()),
              first.map(t -> Arrays.stream(t.shape()).boxed().toList()).orElse(List.of())));
    }
    this.input = Losses.sum(attribution.relevances());
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
  Optional<NonFinite> firstNotFinite() {
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
      row.loss()
          .ifPresent(
              loss -> {
                one.put("lost_to_bias", loss.bias());
                one.put("lost_to_epsilon", loss.epsilon());
                one.put("lost_otherwise", loss.otherwise());
              });
      list.add(one);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("calls", list);
    json.put("input", input);
    json.put("first_not_finite", firstNotFinite.map(Conservation::json).orElse(null));
    return json;
  }

  private static Map<String, Object> json(NonFinite place) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("stage", place.stage().name().toLowerCase(Locale.ROOT));
    json.put("layer", place.layer());
    return json;
  }

  /** Lines of text, in the order in which relevance passes. */
  List<String> lines(java.util.function.Predicate<String> shown) {
    Table table =
        new Table()
            .row(
                "layer",
                right("arrives"),
                right("passes on"),
                right("lost"),
                "",
                right("to bias"),
                right("to epsilon"),
                "otherwise");
    for (int i = rows.size() - 1; i >= 0; i--) {
      Row row = rows.get(i);
      if (shown.test(row.layer())) {
        table.row(
            (row.layer().isEmpty() ? "(model)" : row.layer())
                + (row.call() > 0 ? "#" + row.call() : ""),
            right(number(row.arrives())),
            right(number(row.passes())),
            right(number(row.lost())),
            share(row),
            part(row.loss().map(Losses.Loss::bias)),
            part(row.loss().map(Losses.Loss::epsilon)),
            otherwise(row).strip());
      }
    }
    return table.lines();
  }

  private static String part(Optional<Double> value) {
    return right(value.filter(v -> v != 0).map(Conservation::number).orElse(""));
  }

  /** A layer without a rule has a gradient, which keeps the sum by chance only. */
  private static String otherwise(Row row) {
    if (row.loss().isPresent()) {
      return part(row.loss().map(Losses.Loss::otherwise));
    }
    boolean noticeable = Math.abs(row.lost()) > 1e-6 * Math.abs(row.arrives());
    return noticeable ? number(row.lost()) + " (no rule)" : "";
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
