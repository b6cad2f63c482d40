/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

/** In which order a network wants its colour channels. */
public enum ColorOrder {
  /** Red, green, blue. */
  RGB(3),
  /** Blue, green, red. */
  BGR(3),
  /**
   * One channel of luma, 0.299 red + 0.587 green + 0.114 blue, rounded as Pillow's {@code
   * convert("L")} does; pixels that are grey already stay as they are.
   */
  GREY(1);

  private final int channels;

  ColorOrder(int channels) {
    this.channels = channels;
  }

  /**
   * The number of channels.
   *
   * @return 3 or 1
   */
  public int channels() {
    return channels;
  }
}
