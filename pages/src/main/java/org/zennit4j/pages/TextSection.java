/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

/**
 * Text as it is, such as JSON, folded away.
 *
 * @param heading what it is
 * @param text the text
 */
public record TextSection(String heading, String text) implements Section {
  @Override
  public String html() {
    return "<details><summary>Show</summary><pre tabindex=\"0\">"
        + Html.escape(text)
        + "</pre></details>\n";
  }
}
