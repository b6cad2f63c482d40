/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;

/**
 * Sentences, such as findings.
 *
 * @param heading what they are about
 * @param sentences may be none, which is said
 */
public record ListSection(String heading, List<String> sentences) implements Section {
  /**
   * Copies the list.
   *
   * @param heading what they are about
   * @param sentences may be none, which is said
   */
  public ListSection {
    sentences = List.copyOf(sentences);
  }

  @Override
  public String html() {
    if (sentences.isEmpty()) {
      return "<p>None.</p>\n";
    }
    StringBuilder out = new StringBuilder("<ul>\n");
    sentences.forEach(s -> out.append("<li>").append(Html.escape(s)).append("</li>\n"));
    return out.append("</ul>\n").toString();
  }
}
