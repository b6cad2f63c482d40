/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.bindings.Zennit4jException;

class MethodOptionsTests {

  @Test
  void optionsAreImmutable() {
    MethodOptions one = MethodOptions.of("epsilon", 0.1);

    MethodOptions two = one.with("start", "one");

    assertThat(one.asMap()).isEqualTo(Map.of("epsilon", 0.1));
    assertThat(two.asMap()).isEqualTo(Map.of("epsilon", 0.1, "start", "one"));
    assertThat(two.with("start", null)).isEqualTo(one).hasSameHashCodeAs(one);
    assertThat(MethodOptions.none().isEmpty()).isTrue();
    assertThatThrownBy(() -> one.asMap().clear()).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void arraysAreCopied() {
    double[] low = {-1, -2};
    MethodOptions options = MethodOptions.of("low", low);

    low[0] = 5;

    assertThat(options.get("low")).contains(List.of(-1.0, -2.0));
  }

  @ParameterizedTest
  @CsvSource({
    "target_class, target",
    "neuron_selection, target",
    "last_conv_layer_name, target_layer",
    "layer_name, target_layer",
    "samples, num_samples",
    "stdfactor, std_factor",
  })
  void synonymsAreTheSameOption(String synonym, String key) {
    assertThat(MethodOptions.of(synonym, 3)).isEqualTo(MethodOptions.of(key, 3));
  }

  @Test
  void anOptionGivenTwiceIsAnError() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("num_samples", 5);
    values.put("samples", 6);

    assertThatThrownBy(() -> MethodOptions.from(values))
        .isInstanceOf(Zennit4jException.class)
        .hasMessage("option num_samples is given twice, also as \"samples\"");
  }

  @Test
  void unknownKeysNameTheNearest() {
    assertThatThrownBy(() -> MethodOptions.of("epsilom", 1))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("unknown option \"epsilom\"; nearest: epsilon");
    assertThatThrownBy(() -> MethodOptions.of(null, 1)).isInstanceOf(Zennit4jException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "epsilon, 0",
    "epsilon, -1",
    "epsilon, NaN",
    "epsilon, Infinity",
    "epsilon, text",
    "gamma, -0.5",
    "beta, -1",
    "std_factor, -1",
    "steps, 0",
    "steps, 1.5",
    "steps, 3000000000",
    "num_samples, 0",
    "noise_level, -0.1",
    "noise_scale, sometimes",
    "seed, -1",
    "seed, 4294967296",
    "seed, 0.5",
    "window, 0",
    "window, '4,0'",
    "stride, x",
    "fill, red",
    "index, -1",
    "start, zero",
    "stabilizer, 0",
    "stabilizer, loose",
    "allow_softmax, maybe",
    "batched, 1",
    "low, left",
    "baseline, grey",
    "target, -1",
    "target, 1.0",
    "target, '1,-1'",
    "target, some",
    "first_layer_rule, epsilom",
  })
  void valuesOutOfRangeAreRefused(String key, String text) {
    assertThatThrownBy(() -> MethodOptions.none().withText(key, text))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageStartingWith("option " + key + " must be ");
  }

  @Test
  void valuesAreReadFromText() {
    MethodOptions options =
        MethodOptions.none()
            .withText("epsilon", "1e-3")
            .withText("steps", "20")
            .withText("low", "-1, -2,-3")
            .withText("allow_softmax", "true")
            .withText("target_layer", "5")
            .withText("stabilizer", "strict")
            .withText("baseline", "white")
            .withText("window", "4,5")
            .withText("canonizers", "none")
            .withText("target", "max_activation");

    assertThat(options.asMap())
        .isEqualTo(
            Map.of(
                "epsilon",
                1e-3,
                "steps",
                20,
                "low",
                List.of(-1.0, -2.0, -3.0),
                "allow_softmax",
                true,
                "target_layer",
                "5",
                "stabilizer",
                "strict",
                "baseline",
                1.0,
                "window",
                List.of(4, 5),
                "canonizers",
                List.of(),
                "target",
                "max_activation"));
  }

  @Test
  void objectsAreKeptAsTheyAre() {
    Object tensor = new Object();

    MethodOptions options =
        MethodOptions.of("noise", tensor).with("low", tensor).with("mu", tensor);

    assertThat(options.get("noise").orElseThrow()).isSameAs(tensor);
    assertThat(options.get("low").orElseThrow()).isSameAs(tensor);
    assertThat(options).hasToString("{mu=a Object, noise=a Object, low=a Object}");
  }

  @Test
  void everyOptionIsDescribed() {
    for (MethodOption option : MethodOption.values()) {
      assertThat(option.meaning()).isNotBlank();
      assertThat(option.allowed()).isNotBlank();
      assertThat(MethodOption.find(option.key())).contains(option);
    }
    assertThat(MethodOption.RULE.allowed()).contains("alphabeta", "sign_mu");
  }
}
