/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;

/**
 * The mean heatmap of each class.
 *
 * @param classes in order
 */
public record ClassMapsSection(List<ClassMapsSection.ClassMap> classes) implements Section {
  /**
   * A class.
   *
   * @param name what it is called
   * @param note a line about it
   * @param map its mean heatmap
   */
  public record ClassMap(String name, String note, Png map) {}

  /**
   * Copies the list.
   *
   * @param classes in order
   */
  public ClassMapsSection {
    classes = List.copyOf(classes);
  }

  @Override
  public String heading() {
    return "Mean heatmap of each class";
  }

  @Override
  public String html() {
    StringBuilder out = new StringBuilder("<ul class=\"gallery\">\n");
    for (ClassMap one : classes) {
      out.append("<li><figure><img src=\"")
          .append(one.map().uri())
          .append("\" alt=\"")
          .append(Html.escape("mean relevance of " + one.name()))
          .append("\"><figcaption><strong>")
          .append(Html.escape(one.name()))
          .append("</strong><span>")
          .append(Html.escape(one.note()))
          .append("</span></figcaption></figure></li>\n");
    }
    return out.append("</ul>\n").toString();
  }
}
