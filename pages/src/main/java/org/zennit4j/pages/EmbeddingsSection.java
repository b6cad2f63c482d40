/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * Heatmaps as points in a plane, near where they are alike: a plot for each class and way of
 * embedding, one of which is seen at a time.
 *
 * @param plots the plots, the first one to be seen first
 */
public record EmbeddingsSection(List<Plot> plots) implements Section {
  private static final int SIDE = 480;
  private static final int MARGIN = 12;
  private static final int COLORS = 8;

  /**
   * A plot.
   *
   * @param group whose points they are: a class in words
   * @param embedding how they came into the plane
   * @param points in the order in which they are drawn
   */
  public record Plot(String group, String embedding, List<Point> points) {
    /**
     * Copies the list.
     *
     * @param group whose points they are
     * @param embedding how they came into the plane
     * @param points in the order in which they are drawn
     */
    public Plot {
      points = List.copyOf(points);
    }
  }

  /**
   * A point.
   *
   * @param x to the right
   * @param y upwards
   * @param cluster which decides its colour
   * @param wrong whether it is marked
   * @param title what is said of it
   */
  public record Point(double x, double y, OptionalInt cluster, boolean wrong, String title) {}

  /**
   * Copies the list.
   *
   * @param plots the plots, the first one to be seen first
   */
  public EmbeddingsSection {
    plots = List.copyOf(plots);
  }

  @Override
  public String heading() {
    return "Embeddings";
  }

  @Override
  public String html() {
    StringBuilder out = new StringBuilder();
    out.append("<p>A point is a sample; points are near where heatmaps are alike. Colours are ")
        .append("clusters; rings are samples that are predicted wrong.</p>\n")
        .append("<form class=\"tools\" id=\"embeddings\" aria-label=\"Choose a plot\">\n");
    select(out, "points-of", "Class", distinct(Plot::group));
    select(out, "embedding", "Embedding", distinct(Plot::embedding));
    out.append("</form>\n");
    for (int i = 0; i < plots.size(); i++) {
      plot(out, plots.get(i), i > 0);
    }
    return out.toString();
  }

  private Set<String> distinct(Function<Plot, String> of) {
    Set<String> all = new LinkedHashSet<>();
    plots.forEach(plot -> all.add(of.apply(plot)));
    return all;
  }

  private static void select(StringBuilder out, String id, String name, Set<String> values) {
    out.append(String.format("<label for=\"%s\">%s</label> <select id=\"%s\">", id, name, id));
    values.forEach(v -> out.append("<option>").append(Html.escape(v)).append("</option>"));
    out.append("</select>\n");
  }

  private static void plot(StringBuilder out, Plot plot, boolean hidden) {
    double left = Double.POSITIVE_INFINITY;
    double right = Double.NEGATIVE_INFINITY;
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    Set<Integer> clusters = new java.util.TreeSet<>();
    for (Point point : plot.points()) {
      left = Math.min(left, point.x());
      right = Math.max(right, point.x());
      low = Math.min(low, point.y());
      high = Math.max(high, point.y());
      point.cluster().ifPresent(clusters::add);
    }
    int count = plot.points().size();
    String what =
        plot.embedding()
            + " of "
            + plot.group()
            + ", "
            + count
            + (count == 1 ? " point" : " points");
    out.append("<figure class=\"points\" data-group=\"")
        .append(Html.escape(plot.group()))
        .append("\" data-embedding=\"")
        .append(Html.escape(plot.embedding()))
        .append(hidden ? "\" hidden>" : "\">")
        .append("<svg viewBox=\"0 0 ")
        .append(SIDE + " " + SIDE)
        .append("\" role=\"img\" aria-label=\"")
        .append(Html.escape(what))
        .append("\">\n");
    for (Point point : plot.points()) {
      out.append("<circle class=\"k")
          .append(point.cluster().isPresent() ? point.cluster().getAsInt() % COLORS : 0)
          .append(point.wrong() ? " wrong" : "")
          .append("\" cx=\"")
          .append(place(point.x(), left, right))
          .append("\" cy=\"")
          .append(place(-point.y(), -high, -low))
          .append("\" r=\"4\"><title>")
          .append(Html.escape(point.title()))
          .append("</title></circle>\n");
    }
    out.append("</svg><figcaption>").append(Html.escape(what));
    for (int cluster : clusters) {
      out.append(" <span class=\"key\"><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\">")
          .append("<circle class=\"k" + cluster % COLORS + "\" cx=\"5\" cy=\"5\" r=\"4\"/></svg> ")
          .append("cluster ")
          .append(cluster)
          .append("</span>");
    }
    out.append("</figcaption></figure>\n");
  }

  private static String place(double value, double from, double to) {
    double share = to > from ? (value - from) / (to - from) : 0.5;
    return String.format(Locale.ROOT, "%.1f", MARGIN + share * (SIDE - 2 * MARGIN));
  }
}
