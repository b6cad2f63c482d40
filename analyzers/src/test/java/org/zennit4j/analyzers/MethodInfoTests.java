/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MethodInfoTests {

  static List<String> listed() {
    return MethodName.listed();
  }

  @ParameterizedTest
  @MethodSource("listed")
  void everyListedNameIsDescribed(String name) {
    MethodInfo info = MethodInfo.of(name);

    assertThat(info.name()).isEqualTo(MethodName.parse(name).canonical());
    assertThat(info.formula()).isNotBlank().doesNotContain("null", "Placeholder", "@", "E-");
    assertThat(info.parameters()).extracting(MethodInfo.Parameter::key).contains("target");
    assertThat(info.parameters()).allMatch(parameter -> !parameter.defaultValue().isBlank());
    assertThat(info.paper()).isNotBlank();
    assertThat(info.modifiers()).hasSize(MethodName.parse(name).modifiers().size());
  }

  @ParameterizedTest
  @CsvSource({
    "lrp_epsilon_0_25, epsilon, 0.25",
    "lrp_epsilon, epsilon, 1e-6",
    "lrp_sequential_composite_a, epsilon, 0.1",
    "lrp_gamma, gamma, 0.25",
    "lrp.gamma, gamma, 0.5",
    "smoothgrad, num_samples, 50",
    "vargrad_samples_7, num_samples, 7",
    "integrated_gradients, steps, 50",
    "zblrp_z_VGG16, low, -123.68",
    "zblrp_z, high, required",
    "deep_taylor, low, none",
    "lrp.rule_until_index, low, required by the rule zbox",
    "lrp_sequential, first_layer_rule, zbox",
    "lrp_advanced, rule_type, required",
    "random_uniform, seed, 1",
    "occlusion, window, 8",
    "lrp_z, canonizers, 'merge_batch_norm, residual_sum'",
    "gradient_x_sign_mu_neg_0_5, mu, -0.5",
  })
  void parametersShowTheirDefaults(String name, String key, String value) {
    assertThat(MethodInfo.of(name).parameters())
        .filteredOn(parameter -> parameter.key().equals(key))
        .extracting(MethodInfo.Parameter::defaultValue)
        .containsExactly(value);
  }

  @Test
  void formulasNameTheRulesAndTheirNumbers() {
    assertThat(MethodInfo.of("zblrp_epsilon_20").formula())
        .isEqualTo(
            "LRP from f_c; input layers: x * W^T q - l * W+^T q - h * W-^T q,"
                + " q = R / st(Wx - W+ l - W- h), l = low, h = high;"
                + " other kernel layers: x * W^T(R / (z + 20*sgn(z)))");
    assertThat(MethodInfo.of("lrpsign_epsilon_0_25_std_x_mu_neg_0_5").formula())
        .isEqualTo(
            "LRP from f_c; input layers: sign_mu(x, -0.5) * W^T(R / st(z));"
                + " other kernel layers: x * W^T(R / (z + e*sgn(z))), e = 0.25 * std(x)");
    assertThat(MethodInfo.of("lrp.alpha_1_beta_0_IB").formula()).endsWith("; b = 0");
    assertThat(MethodInfo.of("lrp_sequential_composite_a").formula())
        .contains("; dense layers: ", "; convolutions: ");
    assertThat(MethodInfo.of("deep_taylor").formula()).startsWith("LRP from max(f_c, 0); input");
  }

  @Test
  void papersFollowBaseRuleAndModifier() {
    assertThat(MethodInfo.of("gradient").paper()).isEqualTo("Simonyan et al. 2013");
    assertThat(MethodInfo.of("gradient_x_sign").paper())
        .isEqualTo("Simonyan et al. 2013; Gumpfer et al. 2023");
    assertThat(MethodInfo.of("lrpsign_gamma").paper())
        .isEqualTo("Bach et al. 2015; Montavon et al. 2019; Gumpfer et al. 2023");
    assertThat(MethodInfo.of("random_uniform").paper()).isEqualTo("-");
  }

  @Test
  void modifiersAreInOrder() {
    assertThat(MethodInfo.of("gradient_x_sign_mu_0_5_x_input").modifiers())
        .containsExactly(
            "times x", "times sign_mu(x, 0.5): +1 where x reaches the threshold, else -1");
  }
}
