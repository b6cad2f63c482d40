/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.zennit4j.images.Picture;

/** A page in one file: no scripts, no other files, light or dark as the reader's screen is. */
final class Page {
  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1c2230; --soft: #5b6475; --line: #d9dde5;
        --back: #ffffff; --card: #f6f7fa; --s0: #0072b2; --s1: #d55e00; --s2: #009e73;
        --s3: #b0519a; --s4: #3aa0dd; --s5: #b58900; --s6: #6a5acd; --s7: #7a7f87; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa3b2;
        --line: #333a47; --back: #14171d; --card: #1c2129; --s0: #56a8e0; --s1: #f08a4b;
        --s2: #3fc79a; --s3: #d989c3; --s4: #8fd0f5; --s5: #e0b84c; --s6: #a99bf5;
        --s7: #a7adb7; } }
      body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
        max-width: 1120px; margin: 2em auto; padding: 0 1.2em; }
      h1 { font-size: 1.5em; margin: 0 0 .3em; } h2 { font-size: 1.15em; margin: 2em 0 .4em; }
      h3 { font-size: 1em; margin: 1.4em 0 .3em; }
      p.soft, figcaption, .soft { color: var(--soft); }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
      th, td { text-align: right; padding: .35em .8em; border-bottom: 1px solid var(--line); }
      th:first-child, td:first-child { text-align: left; }
      th { font-weight: 600; } td small { color: var(--soft); display: block; }
      td.best { font-weight: 700; }
      figure { margin: 0; display: inline-block; vertical-align: top; }
      svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
      .legend span { display: inline-block; margin-right: 1.2em; }
      .legend i { display: inline-block; width: 1.4em; height: .25em; margin-right: .4em;
        vertical-align: middle; border-radius: 2px; }
      .row { display: flex; flex-wrap: wrap; gap: .6em; margin: .4em 0 1em; }
      .row figure { background: var(--card); padding: .4em; border-radius: 6px; }
      .row figcaption { font-size: 12px; text-align: center; }
      img { display: block; image-rendering: pixelated; border-radius: 3px; }
      """;
  static final int COLOURS = 8;

  private final StringBuilder body = new StringBuilder();
  private final String title;

  Page(String title) {
    this.title = title;
    body.append("<h1>").append(escaped(title)).append("</h1>\n");
  }

  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  Page heading(int level, String text) {
    body.append("<h" + level + ">").append(escaped(text)).append("</h" + level + ">\n");
    return this;
  }

  Page soft(String text) {
    body.append("<p class=\"soft\">").append(escaped(text)).append("</p>\n");
    return this;
  }

  /** What is HTML already. */
  Page raw(String html) {
    body.append(html).append('\n');
    return this;
  }

  /** A picture with a line below it, shown so wide. */
  static String figure(Picture picture, int width, String caption) {
    String data = Base64.getEncoder().encodeToString(picture.toPng());
    return "<figure><img width=\""
        + width
        + "\" alt=\""
        + escaped(caption)
        + "\" src=\"data:image/png;base64,"
        + data
        + "\"><figcaption>"
        + escaped(caption)
        + "</figcaption></figure>";
  }

  Page row(List<String> figures) {
    return raw("<div class=\"row\">" + String.join("\n", figures) + "</div>");
  }

  /** The colour of a line. */
  static String colour(int index) {
    return "var(--s" + index % COLOURS + ")";
  }

  static String legend(List<String> names) {
    StringBuilder legend = new StringBuilder("<p class=\"legend\">");
    for (int i = 0; i < names.size(); i++) {
      legend
          .append("<span><i style=\"background:" + colour(i) + "\"></i>")
          .append(escaped(names.get(i)))
          .append("</span>");
    }
    return legend.append("</p>").toString();
  }

  /** Lines over common positions. */
  static String chart(String name, double[] positions, List<double[]> lines, List<String> names) {
    int width = 520;
    int height = 300;
    int left = 52;
    int bottom = 36;
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (double[] line : lines) {
      for (double v : line) {
        if (Double.isFinite(v)) {
          low = Math.min(low, v);
          high = Math.max(high, v);
        }
      }
    }
    if (!(low <= high)) {
      return "";
    }
    low = Math.min(low, 0);
    high = high == low ? low + 1 : high;
    double first = positions[0];
    double span = Math.max(positions[positions.length - 1] - first, 1e-12);
    StringBuilder svg = new StringBuilder();
    svg.append("<figure><svg width=\"" + width + "\" height=\"" + height + "\" role=\"img\">");
    svg.append("<title>").append(escaped(name)).append("</title>");
    for (int k = 0; k <= 4; k++) {
      double value = low + (high - low) * k / 4;
      double y = height - bottom - (height - bottom - 12) * k / 4.0;
      svg.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"var(--line)\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
              left,
              width - 8,
              y,
              y,
              left - 6,
              y + 4,
              number(value)));
      double x = left + (width - 8 - left) * k / 4.0;
      svg.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
              x,
              height - bottom + 18,
              k == 4 ? "end" : "middle",
              number(first + span * k / 4)));
    }
    for (int i = 0; i < lines.size(); i++) {
      StringBuilder points = new StringBuilder();
      for (int k = 0; k < positions.length; k++) {
        double v = lines.get(i)[k];
        if (Double.isFinite(v)) {
          points.append(
              String.format(
                  Locale.ROOT,
                  "%.1f,%.1f ",
                  left + (width - 8 - left) * (positions[k] - first) / span,
                  height - bottom - (height - bottom - 12) * (v - low) / (high - low)));
        }
      }
      svg.append(
          "<polyline fill=\"none\" stroke-width=\"2\" stroke=\""
              + colour(i)
              + "\""
              + (i >= COLOURS ? " stroke-dasharray=\"6 4\"" : "")
              + " points=\""
              + points.toString().strip()
              + "\"><title>"
              + escaped(names.get(i))
              + "</title></polyline>");
    }
    return svg.append("</svg><figcaption>")
        .append(escaped(name))
        .append("</figcaption></figure>")
        .toString();
  }

  /** A number of three significant digits. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 0.001 || size >= 100000)) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    int whole = size < 1 ? 0 : (int) Math.floor(Math.log10(size)) + 1;
    return String.format(Locale.ROOT, "%." + Math.max(0, 3 - whole) + "f", value);
  }

  String html() {
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
        + escaped(title)
        + "</title>\n<style>\n"
        + STYLE
        + "</style>\n</head>\n<body>\n"
        + body
        + "</body>\n</html>\n";
  }
}
