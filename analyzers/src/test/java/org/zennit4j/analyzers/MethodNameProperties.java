/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Random sentences of the grammar. */
class MethodNameProperties {

  @Property(tries = 2000)
  void everySentenceParsesAndItsCanonicalNameParsesToTheSame(@ForAll("sentences") String sentence) {
    MethodName name = MethodName.parse(sentence);

    assertThat(MethodName.parse(name.canonical())).isEqualTo(name);
    assertThat(MethodName.parse(name.canonical()).canonical()).isEqualTo(name.canonical());
    assertThat(MethodName.parse(sentence.toUpperCase(Locale.ROOT))).isEqualTo(name);
    assertThat(MethodInfo.of(name).formula()).isNotBlank();
  }

  @Property(tries = 500)
  void textBehindASentenceIsNeverIgnored(@ForAll("sentences") String sentence) {
    assertThatThrownBy(() -> MethodName.parse(sentence + "_foo"))
        .isInstanceOf(MethodNameException.class);
  }

  @Provide
  Arbitrary<String> sentences() {
    Arbitrary<String> lrp =
        Arbitraries.oneOf(
            Arbitraries.of("lrp", "lrp_alphabeta", "lrp_advanced", "lrp_sequential"),
            join(List.of(prefix(), Arbitraries.just("_"), core())),
            join(List.of(Arbitraries.just("lrpsign_"), core(), Arbitraries.just("_mu_"), signed())),
            Arbitraries.of(MethodCatalogue.dotNames()).filter(dot -> !dot.endsWith("_IB")));
    Arbitrary<String> box = join(List.of(Arbitraries.of("zblrp_", "ZBLRP_"), core()));
    return Arbitraries.oneOf(
        join(List.of(plain(), modifiers())),
        join(List.of(noisy(), modifiers())),
        join(
            List.of(
                Arbitraries.of("grad_cam", "guided_grad_cam", "gradcam"),
                modifiers(),
                Arbitraries.of(
                    "", "_VGG16ILSVRC", "_VGG16", "_VGG16MITPL365", "_MNISTCNN", "_timeseries"))),
        join(List.of(lrp, modifiers(), Arbitraries.of("", "_IB"))),
        join(List.of(box, modifiers(), Arbitraries.of("_VGG16", "_VGG16ILSVRC"))));
  }

  private static Arbitrary<String> plain() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "gradient",
            "guided_backprop",
            "deconvnet",
            "deep_taylor",
            "deep_taylor_bounded",
            "deeplift",
            "occlusion",
            "random_uniform",
            "integrated_gradients"),
        integer(1).map(steps -> "integrated_gradients_steps_" + steps));
  }

  private static Arbitrary<String> noisy() {
    Arbitrary<String> noise =
        Arbitraries.oneOf(Arbitraries.just(""), number(0).map(value -> "_noise_" + value));
    Arbitrary<String> samples =
        Arbitraries.oneOf(
            Arbitraries.just(""),
            join(List.of(Arbitraries.of("_samples_", "_num_samples_"), integer(1))));
    return Combinators.combine(
            Arbitraries.of("smoothgrad", "vargrad"), noise, samples, Arbitraries.of(true, false))
        .as((base, level, count, first) -> base + (first ? level + count : count + level));
  }

  private static Arbitrary<String> prefix() {
    return Arbitraries.of("lrp", "lrpz", "lrpsign", "zblrp", "w2lrp", "flatlrp");
  }

  private static Arbitrary<String> core() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "z",
            "z_plus",
            "zplus",
            "flat",
            "w_square",
            "gamma",
            "epsilon",
            "stdxepsilon",
            "sequential_composite_a",
            "sequential_composite_b"),
        number(0).map(value -> "gamma_" + value),
        number(1).map(value -> "epsilon_" + value),
        number(0).map(value -> "stdxepsilon_" + value),
        number(0).map(value -> "stdxepsilon_stdfactor_" + value),
        number(1).map(value -> "epsilon_" + value + "_std_x"),
        Arbitraries.integers()
            .between(0, 300)
            .map(beta -> "alpha_" + hundredths(beta + 100) + "_beta_" + hundredths(beta)));
  }

  private static String hundredths(int value) {
    return value / 100 + "_" + String.format(Locale.ROOT, "%02d", value % 100);
  }

  private static Arbitrary<String> modifiers() {
    Arbitrary<String> sign =
        Arbitraries.oneOf(
            Arbitraries.of("", "_x_sign", "_x_sign_mu"),
            signed().map(value -> "_x_sign_mu_" + value));
    return Combinators.combine(
            Arbitraries.of("", "_x_input", "_times_input"), sign, Arbitraries.of(true, false))
        .as((input, signs, first) -> first ? input + signs : signs + input);
  }

  private static Arbitrary<String> signed() {
    return join(List.of(Arbitraries.of("", "neg_"), number(0)));
  }

  private static Arbitrary<String> number(int lowest) {
    return join(
        List.of(
            integer(lowest),
            Arbitraries.oneOf(
                Arbitraries.just(""),
                Arbitraries.strings().numeric().ofMinLength(1).ofMaxLength(6).map(f -> "_" + f))));
  }

  private static Arbitrary<String> integer(int lowest) {
    return Arbitraries.integers().between(lowest, 5000).map(String::valueOf);
  }

  private static Arbitrary<String> join(List<Arbitrary<String>> parts) {
    return Combinators.combine(parts).as(texts -> String.join("", texts));
  }
}
