/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;

/**
 * Heatmaps over a picture, side by side, with a slider for how strong they are.
 *
 * @param alt what the picture shows, for who does not see it
 * @param picture a PNG
 * @param maps the heatmaps
 */
public record HeatmapsSection(String alt, Png picture, List<HeatmapsSection.HeatmapImage> maps)
    implements Section {
  /**
   * A heatmap.
   *
   * @param title how it was made
   * @param map a PNG of the picture's shape
   * @param scale its colours from left to right
   * @param low what the left end stands for
   * @param high what the right end stands for
   */
  public record HeatmapImage(String title, Png map, Png scale, double low, double high) {}

  /**
   * Copies the list.
   *
   * @param alt what the picture shows, for who does not see it
   * @param picture a PNG
   * @param maps the heatmaps
   */
  public HeatmapsSection {
    maps = List.copyOf(maps);
  }

  @Override
  public String heading() {
    return "Heatmaps";
  }

  @Override
  public String html() {
    StringBuilder out = new StringBuilder();
    out.append("<p><label for=\"overlay\">Strength of the overlay</label> ")
        .append("<input id=\"overlay\" type=\"range\" min=\"0\" max=\"100\" value=\"60\"> ")
        .append("<output for=\"overlay\">60 %</output></p>\n<div class=\"maps\">\n");
    out.append("<figure><img class=\"large\" src=\"")
        .append(picture.uri())
        .append("\" alt=\"")
        .append(Html.escape(alt))
        .append("\"><figcaption>what the network sees</figcaption></figure>\n");
    for (HeatmapImage one : maps) {
      out.append("<figure><div class=\"stack\"><img class=\"large\" src=\"")
          .append(picture.uri())
          .append("\" alt=\"\"><img class=\"large over\" src=\"")
          .append(one.map().uri())
          .append("\" alt=\"")
          .append(Html.escape("relevance, " + one.title()))
          .append("\"></div><figcaption>")
          .append(Html.escape(one.title()))
          .append("<span class=\"scale\"><img src=\"")
          .append(one.scale().uri())
          .append("\" alt=\"colour scale\"><span>")
          .append(Html.number(one.low()))
          .append("</span><span>")
          .append(Html.number((one.low() + one.high()) / 2))
          .append("</span><span>")
          .append(Html.number(one.high()))
          .append("</span></span></figcaption></figure>\n");
    }
    return out.append("</div>\n").toString();
  }
}
