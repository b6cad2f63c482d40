/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MethodNameTests {

  static List<String> listed() {
    return MethodName.listed();
  }

  static List<String> version1() {
    return MethodCatalogue.version1Names();
  }

  @ParameterizedTest
  @MethodSource("listed")
  void canonicalNamesParseToTheSameValue(String text) {
    MethodName name = MethodName.parse(text);

    MethodName again = MethodName.parse(name.canonical());

    assertThat(again).isEqualTo(name).hasSameHashCodeAs(name);
    assertThat(again.canonical()).isEqualTo(name.canonical());
  }

  @ParameterizedTest
  @MethodSource("listed")
  void caseDoesNotMatter(String text) {
    assertThat(MethodName.parse(text.toUpperCase(Locale.ROOT))).isEqualTo(MethodName.parse(text));
  }

  @ParameterizedTest
  @MethodSource("version1")
  void namesOfVersion1AreCanonicalButOne(String text) {
    String canonical = text.equals("input_t_gradient") ? "gradient_x_input" : text;

    assertThat(MethodName.parse(text)).hasToString(canonical);
  }

  @ParameterizedTest
  @CsvSource({
    "gradients, gradient",
    "vanilla_gradients_x_sign, gradient_x_sign",
    "input_t_gradient_x_sign_mu_neg_0_5, gradient_x_input_x_sign_mu_neg_0_5",
    "gradient_x_sign_mu_0_50_times_input, gradient_x_input_x_sign_mu_0_5",
    "gradient_x_sign_mu_neg_0, gradient_x_sign_mu_0",
    "integratedgradients_steps_007, integrated_gradients_steps_7",
    "integrated_gradient, integrated_gradients",
    "integratedgradient, integrated_gradients",
    "smooth_gradients_num_samples_10_noise_0_10, smoothgrad_noise_0_1_samples_10",
    "gradcam_timeseries, grad_cam_timeseries",
    "guided_gradcam_vgg16, guided_grad_cam_VGG16",
    "guidedbackprop, guided_backprop",
    "guided_backpropagation, guided_backprop",
    "deconvolution, deconvnet",
    "deconv, deconvnet",
    "deep_lift, deeplift",
    "deeplift_method, deeplift",
    "deeptaylor, deep_taylor",
    "deeptaylor_bounded_vgg16ilsvrc, deep_taylor_bounded_VGG16ILSVRC",
    "occlusion_sensitivity, occlusion",
    "lrp_alpha_beta, lrp_alphabeta",
    "lrpz_zplus, lrpz_z_plus",
    "w2lrp_wsquare, w2lrp_w_square",
    "lrp_stdxepsilon, lrp_epsilon_0_25_std_x",
    "lrp_stdxepsilon_0_1, lrp_epsilon_0_1_std_x",
    "lrp_stdxepsilon_stdfactor_3, lrp_epsilon_3_std_x",
    "lrpsign_epsilon_20_improved, lrpsign_epsilon_20",
    "lrpsign_epsilon_100_improved, lrpsign_epsilon_100",
    "lrp_epsilon_1_0, lrp_epsilon_1",
    "lrp_alpha_1_5_beta_0_5, lrp_alpha_1_5_beta_0_5",
    "lrp.z, lrp_z",
    "lrp.epsilon, lrp_epsilon",
    "lrp.stdxepsilon, lrp_epsilon_0_25_std_x",
    "lrp.alpha_beta, lrp_alphabeta",
    "lrp.alpha_2_beta_1, lrp_alpha_2_beta_1",
    "lrp.alpha_1_beta_0_ib, lrp_alpha_1_beta_0_IB",
    "lrp.sequential_composite_a, lrp_sequential_composite_a",
    "lrp.gamma_x_sign, lrp.gamma_x_sign",
    "LRP.Z_PLUS_FAST, lrp.z_plus_fast",
    "lrp_z_ib, lrp_z_IB",
    "lrp_x_input_ib, lrp_x_input_IB",
  })
  void aliasesGiveTheCanonicalName(String alias, String canonical) {
    assertThat(MethodName.parse(alias)).isEqualTo(MethodName.parse(canonical));
    assertThat(MethodName.parse(alias).canonical()).isEqualTo(canonical);
  }

  @Test
  void aNameIsTakenApart() {
    MethodName name = MethodName.parse("lrpsign_epsilon_0_25_std_x_mu_neg_0_5_x_sign_mu_2_x_input");

    assertThat(name.base()).isEqualTo(BaseMethod.LRP_RULES);
    assertThat(name.inputRule()).contains(InputRule.SIGN);
    assertThat(name.core()).contains(CoreRule.STDX_EPSILON);
    assertThat(name.numbers())
        .isEqualTo(
            Map.of(
                NameNumber.STD_FACTOR, "0_25",
                NameNumber.RULE_MU, "neg_0_5",
                NameNumber.SIGN_MU, "2"));
    assertThat(name.value(NameNumber.RULE_MU)).hasValue(-0.5);
    assertThat(name.value(NameNumber.EPSILON)).isEmpty();
    assertThat(name.number(NameNumber.STD_FACTOR).orElseThrow()).isEqualByComparingTo("0.25");
    assertThat(name.modifiers()).isEqualTo(Set.of(MethodModifier.INPUT, MethodModifier.SIGN_MU));
    assertThat(name.suffix()).isEmpty();
  }

  @Test
  void suffixesMeanBoundsOrBiasOrSeries() {
    MethodName box = MethodName.parse("zblrp_epsilon_20_VGG16");
    assertThat(box.needsBounds()).isTrue();
    assertThat(box.suffixLow()).hasValue(-123.68);
    assertThat(box.suffixHigh()).hasValue(151.061);
    assertThat(MethodName.parse("zblrp_epsilon_20").suffixLow()).isEmpty();
    assertThat(MethodName.parse("grad_cam_VGG16ILSVRC").suffixLow()).isEmpty();
    assertThat(MethodName.parse("grad_cam_timeseries").requiresSeries()).isTrue();
    assertThat(MethodName.parse("lrp.z_IB").ignoresBias()).isTrue();
  }

  @Test
  void numbersMatchGreedily() {
    assertThat(MethodName.parse("lrp_epsilon_0_001").value(NameNumber.EPSILON)).hasValue(0.001);
    assertThat(MethodName.parse("lrp_epsilon_1_5").value(NameNumber.EPSILON)).hasValue(1.5);
    assertThat(MethodName.parse("lrp_epsilon_100").value(NameNumber.EPSILON)).hasValue(100);
    assertThat(MethodName.parse("lrp_alpha_2_beta_1").value(NameNumber.ALPHA)).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "_",
        " gradient",
        "gradient_",
        "gradient__x_sign",
        "lrp_foo",
        "lrpsign",
        "zblrp",
        "lrpz_sequential",
        "lrp_epsilon_1e-3",
        "lrp_epsilon_-1",
        "lrp_epsilon_0.1",
        "lrp_epsilon_std_x",
        "lrp_epsilon_1_2_3",
        "lrp_stdxepsilon_stdfactor",
        "lrp_alpha_1",
        "lrp_alpha_1_beta",
        "lrp_alpha_beta_0",
        "lrp_gamma_neg_1",
        "lrp_z_mu_0",
        "lrpsign_z_mu",
        "lrpsign_z_mu_neg",
        "lrpsign_epsilon_50_improved",
        "lrp.epsilon_0_1",
        "lrp.foo",
        "lrpz.z",
        "smoothgrad_noise",
        "smoothgrad_samples_x_sign",
        "smoothgrad_noise_0_1_noise_0_2",
        "smoothgrad_samples_10_num_samples_10",
        "smoothgrad_x_sign_noise_0_1",
        "vargrad_samples_1_5",
        "integrated_gradients_steps",
        "gradient_steps_5",
        "gradient_x_input_x_input",
        "input_t_gradient_times_input",
        "gradient_x_sign_x_sign_mu_0_5",
        "gradient_x_sign_mu_neg",
        "gradient_x_inputs",
        "gradient_VGG16ILSVRC",
        "gradient_IB",
        "deep_taylor_VGG16",
        "deep_taylor_bounded_MNISTCNN",
        "zblrp_z_MNISTCNN",
        "zblrp_z_VGG16_IB",
        "lrp_z_timeseries",
        "grad_cam_IB",
        "grad_cam_timeseries_x_sign",
        "lrp_alpha_3_beta_1",
        "lrp_epsilon_0",
        "lrp_epsilon_0_000",
        "integrated_gradients_steps_0",
        "integrated_gradients_steps_99999999999",
        "smoothgrad_samples_0",
      })
  void whatIsNoSentenceIsRefusedInOneLineWithThreeNames(String text) {
    MethodNameException failure =
        catchThrowableOfType(MethodNameException.class, () -> MethodName.parse(text));

    assertThat(failure).isNotNull();
    assertThat(failure.name()).isEqualTo(text);
    assertThat(failure.nearest()).hasSize(3).isSubsetOf(MethodName.listed());
    assertThat(failure.getMessage())
        .doesNotContain("\n")
        .contains("\"" + text + "\"", String.join(", ", failure.nearest()));
  }

  @ParameterizedTest
  @CsvSource({
    "gradiant, gradient",
    "smoothgrd, smoothgrad",
    "lrp_epsilom, lrp_epsilon",
    "lrp_epsilon_1e-3, lrp_epsilon_1",
    "lrp_foo, lrp_z",
    "gradient_VGG16ILSVRC, grad_cam_VGG16ILSVRC",
    "lrp_alpha_3_beta_1, lrp_alpha_2_beta_1",
    "integratd_gradients, integrated_gradients",
    "zblrp_epsilon_20_VGG16ILSVR, zblrp_epsilon_20_VGG16ILSVRC",
    "guided_backprop_x_sgin, guided_backprop_x_sign",
  })
  void nearestNamesAreSensible(String text, String expected) {
    assertThatThrownBy(() -> MethodName.parse(text))
        .isInstanceOfSatisfying(
            MethodNameException.class, e -> assertThat(e.nearest()).contains(expected));
  }

  @ParameterizedTest
  @CsvSource({
    "lrp_foo, '\"_foo\" is left over'",
    "lrp_epsilon_1e-3, '\"1e-3\" is no number (0.25 is written 0_25)'",
    "smoothgrad_noise, the number of noise_level is missing",
    "lrp_alpha_1_x_input, 'the number of beta is missing before \"_x_input\"'",
    "gradient_VGG16ILSVRC, 'the suffix _VGG16ILSVRC means nothing after \"gradient\"'",
    "grad_cam_VGG16_x_sign, 'left over (the suffix comes last)'",
    "gradient_x_sign_x_sign, _x_sign is given twice",
    "lrp_alpha_3_beta_1, alpha - beta must be 1",
    "lrp_epsilon_0, epsilon must be a number > 0",
    "nonsense, unknown name",
    "scorecam, scorecam is not provided as a method; use --attributor score_cam",
    "layercam_x_sign, layercam is not provided as a method; use --attributor layer_cam",
    "xgradcam, xgradcam is not provided",
    "pattern_net, pattern_net is not provided",
    "Pattern_Attribution, pattern_attribution is not provided",
  })
  void theMessageSaysWhatIsWrong(String text, String problem) {
    assertThatThrownBy(() -> MethodName.parse(text))
        .isInstanceOf(MethodNameException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void foreignTextCannotBreakTheLine() {
    assertThatThrownBy(() -> MethodName.parse("a\nb" + "c".repeat(100_000)))
        .isInstanceOf(MethodNameException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(300));
    assertThatThrownBy(() -> MethodName.parse(null)).isInstanceOf(MethodNameException.class);
  }

  @Test
  void everyGoldenMethodResolvesWithItsOptions() throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                MethodNameTests.class.getResourceAsStream("golden-methods.tsv"),
                StandardCharsets.UTF_8))) {
      List<String> cases = lines.lines().filter(line -> !line.startsWith("#")).toList();
      assertThat(cases).hasSize(180);
      for (String line : cases) {
        List<String> fields = List.of(line.split("\t", -1));
        MethodOptions options = MethodOptions.none();
        for (String option : fields.subList(1, fields.size())) {
          int equals = option.indexOf('=');
          options = options.withText(option.substring(0, equals), option.substring(equals + 1));
        }
        MethodName name = MethodName.parse(fields.get(0));
        assertThat(ResolvedMethod.of(name, options).name()).isEqualTo(name);
        assertThat(MethodName.parse(name.canonical())).isEqualTo(name);
      }
    }
  }
}
