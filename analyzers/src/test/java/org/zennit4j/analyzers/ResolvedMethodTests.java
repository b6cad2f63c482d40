/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Sign;
import org.zennit4j.rules.SignMu;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StdxEpsilon;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.Z;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZeroParams;

class ResolvedMethodTests {
  private static final ZeroParams BIAS = ZeroParams.of("bias");
  private static final Stabilizer STABILIZER = Stabilizer.standard();
  private static final Rule Z = new Z(STABILIZER, ZeroParams.none());
  private static final Rule POSITIVE = new AlphaBeta(1, 0);
  private static final Rule POSITIVE_IB = new AlphaBeta(1, 0, STABILIZER, BIAS);

  /** Which kernel layers get which rule. */
  private record Kernel(
      Optional<Rule> input,
      Optional<Rule> leading,
      int leadingCount,
      Optional<Rule> last,
      Rule dense,
      Rule convolution) {
    static Kernel of(KernelComposite c) {
      return new Kernel(
          c.input(), c.leading(), c.leadingCount(), c.last(), c.dense(), c.convolution());
    }

    static Kernel everywhere(Rule rule) {
      return layers(rule, rule);
    }

    static Kernel layers(Rule dense, Rule convolution) {
      return new Kernel(
          Optional.empty(), Optional.empty(), 0, Optional.empty(), dense, convolution);
    }

    Kernel withInput(Rule rule) {
      return new Kernel(Optional.of(rule), leading, leadingCount, last, dense, convolution);
    }

    Kernel withLeading(Rule rule, int count) {
      return new Kernel(input, Optional.of(rule), count, last, dense, convolution);
    }

    Kernel withLast(Rule rule) {
      return new Kernel(input, leading, leadingCount, Optional.of(rule), dense, convolution);
    }
  }

  private static Rule epsilon(double epsilon) {
    return new Epsilon(Stabilizer.of(epsilon), ZeroParams.none());
  }

  private static Rule zBox(double low, double high) {
    return zBox(Bound.of(low), Bound.of(high), ZeroParams.none());
  }

  private static Rule zBox(Bound low, Bound high, ZeroParams zero) {
    return new ZBox(low, high, STABILIZER, zero, /* reportOutside= */ true);
  }

  private static ResolvedMethod resolve(String name, Object... keysAndValues) {
    MethodOptions options = MethodOptions.none();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      options = options.with((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return ResolvedMethod.of(name, options);
  }

  private static Kernel rules(String name, Object... keysAndValues) {
    return Kernel.of(resolve(name, keysAndValues).rules().orElseThrow());
  }

  static List<String> listed() {
    return MethodName.listed();
  }

  @ParameterizedTest
  @MethodSource("listed")
  void everyListedNameResolvesWithTheOptionsItNeeds(String text) {
    MethodName name = MethodName.parse(text);
    MethodOptions options = MethodOptions.none();
    if (name.base() == BaseMethod.LRP_ADVANCED) {
      options = options.with("rule_type", "zbox");
    }
    if (name.needsBounds()) {
      options = options.with("low", -1).with("high", 1);
    }

    ResolvedMethod method = ResolvedMethod.of(name, options);

    assertThat(method.rules().isPresent())
        .isEqualTo(name.base().isLrp() || name.base().isDeepTaylor());
    assertThat(method.used()).isSubsetOf(MethodTables.possible(name));
    assertThat(method.target()).isEmpty();
    assertThat(method.allowNonFinite()).isFalse();
  }

  @Test
  void gradientExamples() {
    ResolvedMethod both = resolve("gradient_x_input_x_sign_mu_neg_0_5");
    assertThat(both.timesInput()).isTrue();
    assertThat(both.signThreshold()).contains(-0.5);

    ResolvedMethod smooth = resolve("smoothgrad_noise_0_3_samples_50");
    assertThat(smooth.noiseLevel()).isEqualTo(0.3);
    assertThat(smooth.numSamples()).isEqualTo(50);
    assertThat(smooth.isNoiseRelative()).isTrue();
    assertThat(smooth.seed()).isZero();
    assertThat(smooth.signThreshold()).isEmpty();

    ResolvedMethod variance = resolve("vargrad_num_samples_10_noise_0_1");
    assertThat(variance.noiseLevel()).isEqualTo(0.1);
    assertThat(variance.numSamples()).isEqualTo(10);

    ResolvedMethod integrated = resolve("integrated_gradients_steps_100_x_sign");
    assertThat(integrated.steps()).isEqualTo(100);
    assertThat(integrated.baseline()).isEqualTo(0.0);
    assertThat(integrated.signThreshold()).contains(0.0);

    assertThat(resolve("guided_backprop_x_sign_mu", "mu", 0.2).signThreshold()).contains(0.2);
    assertThat(resolve("guided_backprop_x_sign_mu").signThreshold()).contains(0.0);
  }

  @Test
  void lrpExamples() {
    assertThat(rules("lrp_epsilon_0_25")).isEqualTo(Kernel.everywhere(epsilon(0.25)));
    assertThat(rules("lrp_epsilon_0_25_std_x")).isEqualTo(Kernel.everywhere(new StdxEpsilon(0.25)));
    assertThat(rules("lrp_epsilon", "epsilon", 0.1)).isEqualTo(Kernel.everywhere(epsilon(0.1)));
    assertThat(rules("lrp_epsilon_50_x_sign")).isEqualTo(Kernel.everywhere(epsilon(50)));
    assertThat(rules("lrp_alpha_2_beta_1_x_input"))
        .isEqualTo(Kernel.everywhere(new AlphaBeta(2, 1)));
    assertThat(rules("lrpz_epsilon_0_1")).isEqualTo(Kernel.everywhere(epsilon(0.1)).withInput(Z));
    assertThat(rules("lrpsign_z"))
        .isEqualTo(Kernel.everywhere(Z).withInput(new Sign(STABILIZER, ZeroParams.none())));
    assertThat(rules("lrpsign_alpha_1_beta_0"))
        .isEqualTo(Kernel.everywhere(POSITIVE).withInput(new Sign(STABILIZER, ZeroParams.none())));
    assertThat(rules("lrpsign_epsilon_0_25_std_x_mu_neg_0_5"))
        .isEqualTo(Kernel.everywhere(new StdxEpsilon(0.25)).withInput(new SignMu(-0.5)));
    assertThat(rules("zblrp_epsilon_20_VGG16ILSVRC"))
        .isEqualTo(Kernel.everywhere(epsilon(20)).withInput(zBox(-123.68, 151.061)));
    assertThat(rules("w2lrp_sequential_composite_a"))
        .isEqualTo(Kernel.layers(epsilon(0.1), POSITIVE).withInput(new WSquare(STABILIZER, BIAS)));
    assertThat(rules("flatlrp_z"))
        .isEqualTo(Kernel.everywhere(Z).withInput(new Flat(STABILIZER, ZeroParams.none())));
    assertThat(rules("lrp_gamma")).isEqualTo(Kernel.everywhere(new Gamma(0.25)));
    assertThat(rules("lrp.gamma")).isEqualTo(Kernel.everywhere(new Gamma(0.5)));
    assertThat(rules("lrp_alpha_1_5_beta_0_5"))
        .isEqualTo(Kernel.everywhere(new AlphaBeta(1.5, 0.5)));
    assertThat(rules("lrp.alpha_1_beta_0_IB")).isEqualTo(Kernel.everywhere(POSITIVE_IB));
    assertThat(rules("lrp.z_plus")).isEqualTo(rules("lrp.alpha_1_beta_0_IB"));
    assertThat(rules("lrp_sequential_composite_b"))
        .isEqualTo(Kernel.layers(epsilon(0.1), new AlphaBeta(2, 1)));
    assertThat(rules("lrp.rule_until_index"))
        .isEqualTo(
            rules("lrp_sequential_composite_b")
                .withLeading(new Flat(STABILIZER, ZeroParams.none()), 1));
    assertThat(rules("lrp.rule_until_index", "rule", "gamma", "gamma", 2, "index", 3).leading())
        .contains(new Gamma(2));
    assertThat(rules("lrp.rule_until_index", "rule", "gamma", "index", 3).leadingCount())
        .isEqualTo(4);
    assertThat(rules("lrp.rule_until_index", "rule", "epsilon").leading()).contains(epsilon(1e-6));
  }

  @Test
  void namesThatNeedOptions() {
    assertThat(rules("lrp")).isEqualTo(Kernel.everywhere(epsilon(1e-6)));
    assertThat(rules("lrp", "rule", "alpha_beta")).isEqualTo(Kernel.everywhere(POSITIVE));
    assertThat(rules("lrp", "rule", "zplus"))
        .isEqualTo(Kernel.everywhere(new ZPlus(STABILIZER, ZeroParams.none())));
    assertThat(rules("lrp_alphabeta", "alpha", 3, "beta", 2))
        .isEqualTo(Kernel.everywhere(new AlphaBeta(3, 2)));
    assertThat(rules("lrp_sequential"))
        .isEqualTo(Kernel.everywhere(POSITIVE).withInput(zBox(0.0, 1.0)).withLast(epsilon(1e-6)));
    assertThat(
            rules(
                "lrp_sequential_IB",
                "first_layer_rule",
                "sign_mu",
                "mu",
                0.5,
                "middle_layer_rule",
                "gamma",
                "last_layer_rule",
                "z"))
        .isEqualTo(
            Kernel.everywhere(new Gamma(0.25, STABILIZER, BIAS, /* signWithoutBias= */ true))
                .withInput(new SignMu(SignThreshold.of(0.5), STABILIZER, BIAS))
                .withLast(new Z(STABILIZER, BIAS)));
    assertThat(rules("lrp_advanced", "rule_type", "zbox", "low", -1, "high", 2))
        .isEqualTo(Kernel.everywhere(epsilon(1e-6)).withInput(zBox(-1.0, 2.0)));
    assertThat(rules("lrp_advanced", "rule_type", "alpha2beta1"))
        .isEqualTo(Kernel.everywhere(new AlphaBeta(2, 1)));
    assertThat(rules("lrp_advanced", "rule_type", "alpha_1_beta_0"))
        .isEqualTo(Kernel.everywhere(POSITIVE));
    assertThat(rules("lrp_advanced", "rule_type", "sequential")).isEqualTo(rules("lrp_sequential"));
    Object composite = new Object();
    ResolvedMethod custom = resolve("lrp_advanced", "rule_type", "custom", "composite", composite);
    assertThat(custom.rules()).isEmpty();
    assertThat(custom.composite().orElseThrow()).isSameAs(composite);
  }

  @Test
  void alphaOrBetaAloneDeterminesTheOther() {
    assertThat(rules("lrp_alphabeta", "alpha", 2).dense()).isEqualTo(new AlphaBeta(2, 1));
    assertThat(rules("lrp_alphabeta", "beta", 2).dense()).isEqualTo(new AlphaBeta(3, 2));
    assertThat(rules("lrp_alpha_2_beta_1", "alpha", 1).dense()).isEqualTo(POSITIVE);
  }

  @Test
  void anOptionOverridesTheNumberInTheName() {
    assertThat(rules("lrp_epsilon_50", "epsilon", 2).dense()).isEqualTo(epsilon(2));
    assertThat(resolve("gradient_x_sign_mu_0_5", "mu", -1).signThreshold()).contains(-1.0);
    assertThat(rules("zblrp_z_VGG16ILSVRC", "low", -1).input()).contains(zBox(-1.0, 151.061));
    ResolvedMethod both = resolve("lrpsign_z_mu_0_5_x_sign_mu_0_2");
    assertThat(both.signThreshold()).contains(0.2);
    assertThat(both.rules().orElseThrow().input()).contains(new SignMu(0.5));
  }

  @Test
  void deepTaylorTakesBoundsOrNot() {
    assertThat(rules("deep_taylor"))
        .isEqualTo(Kernel.everywhere(POSITIVE_IB).withInput(new WSquare(STABILIZER, BIAS)));
    assertThat(rules("deep_taylor", "low", 0, "high", 1).input())
        .contains(zBox(Bound.of(0), Bound.of(1), BIAS));
    assertThat(rules("deep_taylor_bounded_VGG16ILSVRC").input())
        .contains(zBox(Bound.of(-123.68), Bound.of(151.061), BIAS));
    assertThat(resolve("deep_taylor", "epsilon", 0.01).stabilizer()).isEqualTo(0.01);
    assertThat(resolve("deep_taylor").stabilizer()).isEqualTo(1e-6);
  }

  @Test
  void commonOptionsOfLrp() {
    ResolvedMethod plain = resolve("lrp_z");
    assertThat(plain.stabilizer()).isEqualTo(1e-6);
    assertThat(plain.isStrictlyStabilized()).isFalse();
    assertThat(plain.startsAtOne()).isFalse();
    assertThat(plain.allowSoftmax()).isFalse();
    assertThat(plain.canonizers()).containsExactly("merge_batch_norm", "residual_sum");
    ResolvedMethod changed =
        resolve("lrp_z", "stabilizer", "strict", "start", "one", "canonizers", List.of());
    assertThat(changed.stabilizer()).isEqualTo(1e-7);
    assertThat(changed.isStrictlyStabilized()).isTrue();
    assertThat(changed.startsAtOne()).isTrue();
    assertThat(changed.canonizers()).isEmpty();
    assertThat(resolve("gradient").allowSoftmax()).isTrue();
  }

  @Test
  void optionsOfTheOthers() {
    ResolvedMethod occlusion = resolve("occlusion", "window", 4);
    assertThat(occlusion.window()).containsExactly(4);
    assertThat(occlusion.stride()).containsExactly(4);
    assertThat(occlusion.fill()).isZero();
    assertThat(resolve("occlusion", "stride", 2).stride()).containsExactly(2);
    assertThat(resolve("random_uniform").seed()).isOne();
    assertThat(resolve("grad_cam").targetLayer()).isEmpty();
    assertThat(resolve("grad_cam", "layer_name", "features.29").targetLayer())
        .contains("features.29");
    assertThat(resolve("deeplift", "baseline", "white").baseline()).isEqualTo(1.0);
    assertThat(resolve("smoothgrad", "seed", 7, "noise_scale", "absolute").isNoiseRelative())
        .isFalse();
    assertThat(resolve("gradient", "target", "max_activation").target()).isEmpty();
    assertThat(resolve("gradient", "target", new int[] {3, 1}).target()).contains(List.of(3, 1));
    assertThat(resolve("gradient", "batched", true).batched()).contains(true);
    assertThat(resolve("deconvnet", "allow_other_activations", true).allowOtherActivations())
        .isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "gradient, epsilon, 0.1",
    "gradient_x_sign, mu, 0.1",
    "lrpsign_z, mu, 0.1",
    "lrp_z, epsilon, 0.1",
    "lrp_epsilon, gamma, 0.1",
    "lrp_epsilon_0_25_std_x, epsilon, 0.1",
    "lrp_z, low, -1",
    "gradient, start, one",
    "deep_taylor, start, one",
    "random_uniform, num_samples, 3",
    "lrp_sequential, gamma, 0.5",
    "smoothgrad, rng, x",
    "lrp.z_plus, alpha, 2",
  })
  void anOptionThatTheMethodDoesNotUseIsAnError(String name, String key, String text) {
    MethodOptions options = MethodOptions.none().withText(key, text);

    assertThatThrownBy(() -> ResolvedMethod.of(name, options))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageStartingWith(name + " does not use the option " + key + "; it uses ")
        .hasMessageContaining("target");
  }

  @Test
  void theErrorListsTheOptionsThatAreUsed() {
    assertThatThrownBy(() -> resolve("smoothgrad", "epsilon", 1))
        .hasMessage(
            "smoothgrad does not use the option epsilon; it uses allow_non_finite, batch_size, batched,"
                + " noise, noise_level, noise_scale, num_samples, seed, target");
    assertThatThrownBy(() -> resolve("lrp", "rule", "zplus", "epsilon", 1))
        .hasMessageContaining("lrp does not use the option epsilon");
  }

  @Test
  void contradictionsAndMissingOptionsAreErrors() {
    assertThatThrownBy(() -> resolve("lrp_alphabeta", "alpha", 3, "beta", 1))
        .hasMessage("lrp_alphabeta: alpha - beta must be 1 and beta >= 0, not alpha 3 and beta 1");
    assertThatThrownBy(() -> resolve("lrp_alphabeta", "alpha", 0.5))
        .isInstanceOf(Zennit4jException.class);
    assertThatThrownBy(() -> resolve("zblrp_z"))
        .hasMessage(
            "zblrp_z needs the options low and high, the bounds of its input, or the suffix"
                + " _VGG16ILSVRC");
    assertThatThrownBy(() -> resolve("deep_taylor_bounded", "low", 0))
        .isInstanceOf(Zennit4jException.class);
    assertThatThrownBy(() -> resolve("deep_taylor", "high", 0))
        .isInstanceOf(Zennit4jException.class);
    assertThatThrownBy(() -> resolve("zblrp_z", "low", 1, "high", 1))
        .hasMessage("zblrp_z: low must be below high, not 1 and 1");
    assertThatThrownBy(() -> resolve("zblrp_z", "low", List.of(0, 2), "high", 1))
        .isInstanceOf(Zennit4jException.class);
    assertThatThrownBy(() -> resolve("zblrp_z", "low", List.of(0, 0), "high", List.of(1, 1, 1)))
        .hasMessage("zblrp_z: low has 2 values, high has 3");
    assertThatThrownBy(() -> resolve("lrp_advanced"))
        .hasMessageContaining("lrp_advanced needs the option rule_type");
    assertThatThrownBy(() -> resolve("lrp_advanced", "rule_type", "foo"))
        .hasMessageContaining("must be one of alpha1beta0, ");
    assertThatThrownBy(() -> resolve("lrp_advanced", "rule_type", "custom"))
        .hasMessageContaining("lrp_advanced needs the option composite");
    assertThatThrownBy(() -> resolve("lrp", "rule", "gamma"))
        .hasMessage("lrp: option rule must be one of epsilon, zplus, alphabeta, not \"gamma\"");
    assertThatThrownBy(() -> resolve("deep_taylor", "epsilon", 1, "stabilizer", 1))
        .isInstanceOf(Zennit4jException.class);
    assertThatThrownBy(() -> resolve("gradient").steps())
        .hasMessageContaining("gradient does not use the option steps");
  }

  @Test
  void listsAndTensorsAsBoundsAndThresholdsAreKept() {
    assertThat(rules("zblrp_z", "low", List.of(-1, -2), "high", 1).input())
        .contains(zBox(Bound.of(List.of(-1.0, -2.0)), Bound.of(1), ZeroParams.none()));
    try (Tensor tensor = Tensor.create(-1.0, -2.0)) {
      assertThat(rules("zblrp_z", "low", tensor, "high", 1).input())
          .contains(zBox(Bound.of(tensor), Bound.of(1), ZeroParams.none()));
      assertThat(resolve("gradient_x_sign_mu", "mu", tensor).signThreshold().orElseThrow())
          .isSameAs(tensor);
      assertThatThrownBy(() -> resolve("zblrp_z", "low", tensor, "high", -1.5))
          .hasMessage("low must be below high everywhere");
    }
    assertThatThrownBy(() -> resolve("zblrp_z", "low", new Object(), "high", 1))
        .hasMessageContaining("option low must be a number");
  }

  @Test
  void definitionsFollowTheOptions() {
    assertThat(resolve("lrp_epsilon", "epsilon", 0.25).definition(true))
        .isEqualTo(resolve("lrp_epsilon_0_25").definition(true));
    assertThat(resolve("lrp_z", "start", "one").definition(true))
        .isNotEqualTo(resolve("lrp_z").definition(true));
    assertThat(resolve("deep_taylor", "epsilon", 0.1).definition(true))
        .isEqualTo(resolve("deep_taylor", "stabilizer", 0.1).definition(true))
        .isNotEqualTo(resolve("deep_taylor").definition(true));
    assertThat(resolve("occlusion", "window", 4).definition(true))
        .isEqualTo(resolve("occlusion", "window", 4, "stride", 4).definition(true))
        .isNotEqualTo(resolve("occlusion").definition(true));
    assertThat(resolve("lrp_z", "stabilizer", "strict").definition(true))
        .isNotEqualTo(resolve("lrp_z").definition(true));
    assertThat(resolve("lrp_flat_IB").definition(true))
        .isEqualTo(resolve("lrp_flat").definition(true));
    assertThat(resolve("lrp.rule_until_index", "index", 1).definition(true))
        .isNotEqualTo(resolve("lrp.rule_until_index").definition(true));
  }
}
