/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * Samples of a dataset, to be sorted and filtered.
 *
 * @param note which samples these are
 * @param samples in the order of the dataset
 */
public record GallerySection(String note, List<Sample> samples) implements Section {
  /**
   * A sample.
   *
   * @param id what it is called
   * @param label its true class in words
   * @param prediction its most likely class in words
   * @param probability of the prediction
   * @param relevance the sum of its relevance
   * @param cluster of its heatmap, where there is one
   * @param picture what is seen, or nothing for a series
   * @param map its heatmap, of the picture's shape, or nothing
   * @param signal the series with its relevance, or nothing for a picture
   */
  public record Sample(
      String id,
      String label,
      String prediction,
      double probability,
      double relevance,
      OptionalInt cluster,
      Optional<Png> picture,
      Optional<Png> map,
      Optional<Signal> signal) {}

  /**
   * Copies the list.
   *
   * @param note which samples these are
   * @param samples in the order of the dataset
   */
  public GallerySection {
    samples = List.copyOf(samples);
  }

  @Override
  public String heading() {
    return "Samples";
  }

  @Override
  public String html() {
    StringBuilder out = new StringBuilder();
    out.append("<p>").append(Html.escape(note)).append("</p>\n");
    out.append("<form class=\"tools\" id=\"tools\" aria-label=\"Sort and filter\">\n");
    select(out, "class", "Class", distinct(Sample::label));
    select(out, "prediction", "Predicted", distinct(Sample::prediction));
    TreeSet<String> clusters = new TreeSet<>();
    samples.forEach(s -> s.cluster().ifPresent(c -> clusters.add(Integer.toString(c))));
    if (!clusters.isEmpty()) {
      select(out, "cluster", "Cluster", clusters);
    }
    out.append("<label><input type=\"checkbox\" id=\"wrong\"> only wrong ones</label>\n")
        .append("<label for=\"sort\">Sort by</label> <select id=\"sort\">")
        .append("<option value=\"order\">order</option><option value=\"label\">class</option>")
        .append("<option value=\"prediction\">prediction</option>")
        .append("<option value=\"probability\">probability</option>")
        .append("<option value=\"relevance\">relevance</option>")
        .append(clusters.isEmpty() ? "" : "<option value=\"cluster\">cluster</option>")
        .append("</select>\n")
        .append("<label><input type=\"checkbox\" id=\"descending\"> descending</label>\n")
        .append("<label for=\"overlay\">Overlay</label> ")
        .append("<input id=\"overlay\" type=\"range\" min=\"0\" max=\"100\" value=\"60\"> ")
        .append("<output for=\"overlay\">60 %</output>\n</form>\n")
        .append("<p id=\"count\" aria-live=\"polite\">")
        .append(samples.size())
        .append(" samples</p>\n<ul class=\"gallery\" id=\"gallery\">\n");
    for (int i = 0; i < samples.size(); i++) {
      item(out, i, samples.get(i));
    }
    return out.append("</ul>\n").toString();
  }

  private TreeSet<String> distinct(java.util.function.Function<Sample, String> of) {
    TreeSet<String> all = new TreeSet<>();
    samples.forEach(s -> all.add(of.apply(s)));
    return all;
  }

  private static void select(StringBuilder out, String id, String name, TreeSet<String> values) {
    out.append(String.format("<label for=\"%s\">%s</label> <select id=\"%s\">", id, name, id));
    out.append("<option value=\"\">all</option>");
    values.forEach(v -> out.append("<option>").append(Html.escape(v)).append("</option>"));
    out.append("</select>\n");
  }

  private static void item(StringBuilder out, int order, Sample sample) {
    boolean wrong = !sample.label().equals(sample.prediction());
    out.append(
        String.format(
            Locale.ROOT,
            "<li data-order=\"%d\" data-label=\"%s\" data-prediction=\"%s\" data-probability=\"%.6f\""
                + " data-relevance=\"%s\" data-cluster=\"%s\"%s>",
            order,
            Html.escape(sample.label()),
            Html.escape(sample.prediction()),
            sample.probability(),
            Double.toString(sample.relevance()),
            sample.cluster().isPresent() ? Integer.toString(sample.cluster().getAsInt()) : "",
            wrong ? " data-wrong=\"\"" : ""));
    String alt = sample.id() + ", " + sample.label();
    out.append("<figure><div class=\"stack\">");
    sample
        .picture()
        .ifPresent(
            p ->
                out.append("<img loading=\"lazy\" src=\"")
                    .append(p.uri())
                    .append("\" alt=\"")
                    .append(Html.escape(alt))
                    .append("\">"));
    sample
        .map()
        .ifPresent(
            m ->
                out.append("<img loading=\"lazy\" class=\"over\" src=\"")
                    .append(m.uri())
                    .append("\" alt=\"\">"));
    sample.signal().ifPresent(s -> out.append(s.svg(240, 120, alt)));
    out.append("</div><figcaption><strong>")
        .append(Html.escape(sample.label()))
        .append("</strong>")
        .append(wrong ? "<span class=\"wrong\">predicted " : "<span>predicted ")
        .append(Html.escape(sample.prediction()))
        .append(" ")
        .append(Html.percent(sample.probability()))
        .append("</span><span>")
        .append(Html.escape(sample.id()))
        .append(sample.cluster().isPresent() ? ", cluster " + sample.cluster().getAsInt() : "")
        .append("</span></figcaption></figure></li>\n");
  }
}
