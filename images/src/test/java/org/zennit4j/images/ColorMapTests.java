/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ColorMapTests {
  @Test
  void unknownNamesGetASuggestion() {
    assertThatThrownBy(() -> ColorMap.of("coldnhott"))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith(
            "unknown colour map \"coldnhott\", did you mean \"coldnhot\"?; known are gray, ")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> ColorMap.of("viridis"))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("unknown colour map \"viridis\"; known are");
  }

  @Test
  void brokenSourcesSayWhatIsWrong() {
    assertThatThrownBy(() -> ColorMap.of("fff"))
        .hasMessage("invalid colour map \"fff\": it needs at least two colours");
    assertThatThrownBy(() -> ColorMap.of("000,,fff"))
        .hasMessage("invalid colour map \"000,,fff\": \"\" is not like f00, ff0000 or 80:f00");
    assertThatThrownBy(() -> ColorMap.of("80:fff,40:000"))
        .hasMessage("invalid colour map \"80:fff,40:000\": its positions decrease");
  }

  @Test
  void oneDigitPositionsAreDoubled() {
    assertThat(ColorMap.of("000,8:f00,fff")).isEqualTo(ColorMap.of("00:000,88:ff0000,ff:ffffff,"));
    assertThat(ColorMap.of("000,8:f00,fff")).isNotEqualTo(ColorMap.of("000,80:f00,fff"));
  }

  @Test
  void valuesBeyondTheEndsHaveTheEndsColour() {
    ColorMap map = ColorMap.of("40:f00,c0:00f");
    assertThat(map.apply(Double.NEGATIVE_INFINITY)).containsExactly(1, 0, 0);
    assertThat(map.apply(-5)).containsExactly(1, 0, 0);
    assertThat(map.apply(Double.POSITIVE_INFINITY)).containsExactly(0, 0, 1);
    assertThatThrownBy(() -> map.apply(Double.NaN)).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> map.palette(Double.NaN)).isInstanceOf(ImageException.class);
  }
}
