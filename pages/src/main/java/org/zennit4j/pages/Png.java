/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.Objects;

/** A picture as it is put into a page. Immutable. */
public final class Png {
  private final String uri;

  private Png(String uri) {
    this.uri = uri;
  }

  /**
   * Packs a picture.
   *
   * @param bytes a PNG file's
   * @return the picture
   */
  public static Png of(byte[] bytes) {
    return new Png(Html.png(Objects.requireNonNull(bytes)));
  }

  String uri() {
    return uri;
  }
}
