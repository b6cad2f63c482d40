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
import java.util.StringJoiner;
import org.zennit4j.metrics.Bootstrap;
import org.zennit4j.metrics.Curve;
import org.zennit4j.metrics.Direction;
import org.zennit4j.metrics.Metric;
import org.zennit4j.metrics.Result;

/** What metrics say about methods, as text, JSON, CSV and a page. */
final class EvaluationReport {
  private static final int DRAWS = 1000;

  /** What one metric says about one method. */
  private record Cell(MetricChoice metric, Result result, Bootstrap.Interval interval) {}

  private final List<MetricChoice> metrics;
  private final double level;
  private final long seed;
  private final Map<String, List<Cell>> rows = new LinkedHashMap<>();

  EvaluationReport(List<MetricChoice> metrics, double level, long seed) {
    this.metrics = metrics;
    this.level = level;
    this.seed = seed;
  }

  void add(String method, MetricChoice metric, Result result) {
    Bootstrap.Interval interval = Bootstrap.interval(result.values(), level, DRAWS, seed);
    rows.computeIfAbsent(method, m -> new ArrayList<>()).add(new Cell(metric, result, interval));
  }

  /** The best method of each column; -1 where no direction is better. */
  private int best(int column) {
    Direction direction = metrics.get(column).metric().direction();
    int best = -1;
    double most = Double.NEGATIVE_INFINITY;
    int index = 0;
    for (List<Cell> row : rows.values()) {
      double value = row.get(column).result().median();
      double merit = direction == Direction.LOWER ? -value : value;
      if (direction != Direction.NONE && merit > most) {
        most = merit;
        best = index;
      }
      index++;
    }
    return best;
  }

  List<String> text(String about) {
    Table table = new Table();
    List<String> head = new ArrayList<>(List.of("method"));
    List<String> below = new ArrayList<>(List.of(""));
    for (MetricChoice metric : metrics) {
      head.add(metric.label());
      below.add(metric.metric().direction().words());
    }
    table.row(head.toArray(String[]::new)).row(below.toArray(String[]::new));
    int index = 0;
    for (Map.Entry<String, List<Cell>> row : rows.entrySet()) {
      List<String> cells = new ArrayList<>(List.of(row.getKey()));
      for (int c = 0; c < metrics.size(); c++) {
        Cell cell = row.getValue().get(c);
        cells.add(
            Page.number(cell.result().median())
                + " ["
                + Page.number(cell.interval().low())
                + ", "
                + Page.number(cell.interval().high())
                + "]"
                + (best(c) == index ? " *" : ""));
      }
      table.row(cells.toArray(String[]::new));
      index++;
    }
    List<String> lines = new ArrayList<>(table.lines());
    lines.add("");
    lines.add(about + "; * the best of its column");
    return lines;
  }

  private String percent() {
    return String.format(Locale.ROOT, "%.0f %%", 100 * level);
  }

  /** What the numbers are, in a line. */
  String about(int samples) {
    return "medians over " + samples + " samples, with bootstrap intervals of " + percent();
  }

  Map<String, Object> json() {
    List<Object> described = new ArrayList<>();
    for (MetricChoice choice : metrics) {
      Metric metric = choice.metric();
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("label", choice.label());
      one.put("type", metric.name());
      Map<String, Object> arguments = new LinkedHashMap<>(metric.arguments());
      arguments.remove("perturbations");
      one.put("arguments", arguments);
      one.put("direction", metric.direction().name().toLowerCase(Locale.ROOT));
      described.add(one);
    }
    List<Object> methods = new ArrayList<>();
    rows.forEach(
        (method, cells) -> {
          List<Object> results = new ArrayList<>();
          cells.forEach(cell -> results.add(json(cell)));
          methods.add(Map.of("method", method, "results", results));
        });
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("level", level);
    json.put("metrics", described);
    json.put("methods", methods);
    return json;
  }

  private static Map<String, Object> json(Cell cell) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("metric", cell.metric().label());
    json.put("median", finite(cell.result().median()));
    json.put("low", finite(cell.interval().low()));
    json.put("high", finite(cell.interval().high()));
    List<Object> values = new ArrayList<>();
    for (double value : cell.result().values()) {
      values.add(finite(value));
    }
    json.put("values", values);
    List<Object> curves = new ArrayList<>();
    for (Curve curve : cell.result().curves()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", curve.name());
      one.put("positions", curve.positions());
      one.put("mean", curve.mean());
      curves.add(one);
    }
    json.put("curves", curves);
    return json;
  }

  /** JSON has no NaN. */
  private static Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }

  String csv() {
    StringBuilder csv = new StringBuilder("method,metric,direction,median,low,high,samples\n");
    rows.forEach(
        (method, cells) -> {
          for (Cell cell : cells) {
            StringJoiner line = new StringJoiner(",");
            line.add(quoted(method)).add(quoted(cell.metric().label()));
            line.add(cell.metric().metric().direction().name().toLowerCase(Locale.ROOT));
            line.add(Double.toString(cell.result().median()));
            line.add(Double.toString(cell.interval().low()));
            line.add(Double.toString(cell.interval().high()));
            line.add(Integer.toString(cell.result().values().length));
            csv.append(line).append('\n');
          }
        });
    return csv.toString();
  }

  private static String quoted(String text) {
    return text.matches("[\\w.:=+-]*") ? text : "\"" + text.replace("\"", "\"\"") + "\"";
  }

  String html(String title, String about) {
    Page page = new Page(title).soft(about + ". The best of each column is bold.");
    StringBuilder table = new StringBuilder("<div class=\"wide\"><table><tr><th>method</th>");
    for (MetricChoice metric : metrics) {
      table
          .append("<th>")
          .append(Page.escaped(metric.label()))
          .append("<br><span class=\"soft\">")
          .append(metric.metric().direction().words())
          .append("</span></th>");
    }
    table.append("</tr>\n");
    int index = 0;
    for (Map.Entry<String, List<Cell>> row : rows.entrySet()) {
      table.append("<tr><td>").append(Page.escaped(row.getKey())).append("</td>");
      for (int c = 0; c < metrics.size(); c++) {
        Cell cell = row.getValue().get(c);
        table
            .append(best(c) == index ? "<td class=\"best\">" : "<td>")
            .append(Page.number(cell.result().median()))
            .append("<small>")
            .append(Page.number(cell.interval().low()))
            .append(" to ")
            .append(Page.number(cell.interval().high()))
            .append("</small></td>");
      }
      table.append("</tr>\n");
      index++;
    }
    page.raw(table.append("</table></div>").toString());
    charts(page);
    return page.html();
  }

  private void charts(Page page) {
    List<String> names = List.copyOf(rows.keySet());
    for (int c = 0; c < metrics.size(); c++) {
      int column = c;
      List<Result> results = rows.values().stream().map(row -> row.get(column).result()).toList();
      int curves = results.stream().mapToInt(r -> r.curves().size()).max().orElse(0);
      if (curves == 0) {
        continue;
      }
      page.heading(2, metrics.get(c).label()).raw(Page.legend(names));
      StringBuilder charts = new StringBuilder("<div class=\"wide\">");
      for (int k = 0; k < curves; k++) {
        int curve = k;
        Curve first = results.get(0).curves().get(k);
        charts.append(
            Page.chart(
                first.name().replace('_', ' ') + ", mean over the samples",
                first.positions(),
                results.stream().map(r -> r.curves().get(curve).mean()).toList(),
                names));
      }
      page.raw(charts.append("</div>").toString());
    }
  }
}
