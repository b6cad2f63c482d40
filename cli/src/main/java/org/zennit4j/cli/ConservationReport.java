/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.zennit4j.attribution.NonFinite;
import org.zennit4j.diagnosis.Conservation;
import org.zennit4j.diagnosis.Conservation.Row;
import org.zennit4j.diagnosis.Loss;

/** A conservation as text and as JSON. */
final class ConservationReport {
  /** So many operators are printed. */
  private static final int MOST = 20;

  private final Conservation conservation;

  ConservationReport(Conservation conservation) {
    this.conservation = conservation;
  }

  Map<String, Object> json() {
    List<Object> list = new ArrayList<>();
    for (Row row : conservation.rows()) {
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
    json.put("costs", conservation.costs().stream().map(this::cost).toList());
    json.put("blocks", conservation.blocks().stream().map(ConservationReport::block).toList());
    json.put("input", conservation.input());
    json.put(
        "first_not_finite",
        conservation.firstNotFinite().map(ConservationReport::json).orElse(null));
    return json;
  }

  private Map<String, Object> cost(Row row) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("layer", row.layer());
    json.put("call", row.call());
    json.put("lost", row.lost());
    json.put("share", row.lost() / started());
    return json;
  }

  private static Map<String, Object> block(Row row) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("layer", row.layer());
    json.put("call", row.call());
    json.put("arrives", row.arrives());
    json.put("passes", row.passes());
    json.put("kept", row.kept());
    return json;
  }

  private double started() {
    return conservation.root().map(Row::arrives).orElse(1.0);
  }

  /** What operators without a rule cost, the dearest first; no lines if nothing. */
  List<String> costs() {
    List<Row> costs = conservation.costs();
    Table table = new Table().row("operator without a rule", right("lost"), "of what started");
    for (Row row : costs.subList(0, Math.min(MOST, costs.size()))) {
      table.row(name(row), right(number(row.lost())), percent(row.lost() / started()));
    }
    List<String> lines = new ArrayList<>(costs.isEmpty() ? List.of() : table.lines());
    if (costs.size() > MOST) {
      lines.add("and " + (costs.size() - MOST) + " more (--json lists all)");
    }
    return lines;
  }

  /** What each block keeps; no lines if the model has none. */
  List<String> blocks() {
    Table table = new Table().row("block", right("arrives"), right("passes on"), "kept");
    conservation
        .blocks()
        .forEach(
            row ->
                table.row(
                    name(row),
                    right(number(row.arrives())),
                    right(number(row.passes())),
                    Double.isFinite(row.kept()) ? number(row.kept()) : ""));
    return conservation.blocks().isEmpty() ? List.of() : table.lines();
  }

  private static String percent(double share) {
    return Double.isFinite(share) ? number(100 * share) + " %" : "";
  }

  private static String name(Row row) {
    return (row.layer().isEmpty() ? "(model)" : row.layer())
        + (row.call() > 0 ? "#" + row.call() : "");
  }

  private static Map<String, Object> json(NonFinite place) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("stage", place.stage().name().toLowerCase(Locale.ROOT));
    json.put("layer", place.layer());
    return json;
  }

  /** Lines of text, in the order in which relevance passes. */
  List<String> lines(Predicate<String> shown) {
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
    List<Row> rows = conservation.rows();
    for (int i = rows.size() - 1; i >= 0; i--) {
      Row row = rows.get(i);
      if (shown.test(row.layer())) {
        table.row(
            name(row),
            right(number(row.arrives())),
            right(number(row.passes())),
            right(number(row.lost())),
            share(row),
            part(row.loss().map(Loss::bias)),
            part(row.loss().map(Loss::epsilon)),
            otherwise(row).strip());
      }
    }
    return table.lines();
  }

  private static String part(Optional<Double> value) {
    return right(value.filter(v -> v != 0).map(ConservationReport::number).orElse(""));
  }

  /** A layer without a rule has a gradient, which keeps the sum by chance only. */
  private static String otherwise(Row row) {
    if (row.loss().isPresent()) {
      return part(row.loss().map(Loss::otherwise));
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
