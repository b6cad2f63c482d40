/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

/** A part of a page: a heading and what is below it. Immutable. */
public interface Section {
  /**
   * Returns the heading.
   *
   * @return plain text
   */
  String heading();

  /**
   * Returns what is below the heading.
   *
   * @return HTML, all texts escaped
   */
  String html();
}
