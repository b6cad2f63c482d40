/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.zennit4j.bindings.Zennit4jException;

class PresetsTests {

  private static Map<String, Object> options(String preset, String name) {
    return Presets.options(preset, MethodName.parse(name)).asMap();
  }

  @Test
  void presetsKeepTheirNumbers() {
    assertThat(Presets.names()).containsExactly("default", "fast", "high_quality");
    assertThat(options("default", "smoothgrad"))
        .isEqualTo(Map.of("num_samples", 25, "noise_level", 0.1));
    assertThat(options("default", "vargrad"))
        .isEqualTo(Map.of("num_samples", 25, "noise_level", 0.2));
    assertThat(options("default", "integrated_gradients")).isEqualTo(Map.of("steps", 50));
    assertThat(options("default", "lrp_epsilon")).isEqualTo(Map.of("epsilon", 0.1));
    assertThat(options("fast", "smoothgrad"))
        .isEqualTo(Map.of("num_samples", 10, "noise_level", 0.15));
    assertThat(options("fast", "integrated_gradients")).isEqualTo(Map.of("steps", 20));
    assertThat(options("high_quality", "smoothgrad"))
        .isEqualTo(Map.of("num_samples", 50, "noise_level", 0.05));
    assertThat(options("high_quality", "integrated_gradients")).isEqualTo(Map.of("steps", 100));
  }

  @Test
  void otherMethodsKeepTheirDefaults() {
    assertThat(options("default", "gradient")).isEmpty();
    assertThat(options("default", "lrpz_epsilon")).isEmpty();
    assertThat(options("fast", "vargrad")).isEmpty();
    assertThat(options("fast", "lrp_epsilon")).isEmpty();
  }

  @Test
  void modifiersDoNotMatterAndNumbersInTheNameWin() {
    assertThat(options("fast", "integrated_gradients_x_sign")).isEqualTo(Map.of("steps", 20));
    assertThat(options("fast", "integrated_gradients_steps_7")).isEmpty();
    assertThat(options("default", "lrp_epsilon_50")).isEmpty();
    assertThat(options("default", "smoothgrad_noise_0_3")).isEqualTo(Map.of("num_samples", 25));
  }

  @Test
  void explicitOptionsWin() {
    MethodName name = MethodName.parse("smoothgrad");

    assertThat(Presets.apply("fast", name, MethodOptions.of("samples", 3)).asMap())
        .isEqualTo(Map.of("num_samples", 3, "noise_level", 0.15));
    Object noise = new Object();
    assertThat(Presets.apply("fast", name, MethodOptions.of("noise", noise)).asMap())
        .isEqualTo(Map.of("noise", noise));
  }

  @Test
  void unknownPresetsAreErrors() {
    assertThatThrownBy(() -> options("slow", "gradient"))
        .isInstanceOf(Zennit4jException.class)
        .hasMessage("unknown preset \"slow\"; there are default, fast, high_quality");
    assertThatThrownBy(() -> options(null, "gradient")).isInstanceOf(Zennit4jException.class);
  }
}
