/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.zennit4j.testing.Fuzz;
import org.zennit4j.testing.Mutator;

/** Damaged method names are parsed or refused, with an exception that says why. */
class FuzzTests {
  private static Mutator mutator(List<String> corpus, String... words) {
    return new Mutator(
        Fuzz.seed(),
        corpus.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList(),
        List.of(words));
  }

  @Test
  void methodNames() {
    Mutator names =
        mutator(
            MethodName.listed(),
            "_",
            "x_input",
            "x_sign",
            "mu_",
            "neg_0_5",
            "stdx",
            "epsilon",
            "0_1",
            "1e400",
            "w2lrp",
            "percentile");
    Fuzz.Result result =
        Fuzz.run(
            "method-names",
            8,
            names::next,
            input -> {
              String name = Mutator.text(input);
              MethodName parsed = SignXai.parse(name);
              assertThat(SignXai.methodInfo(name).toString()).isNotBlank();
              assertThat(parsed.toString()).isNotBlank();
              try {
                SignXai.composite(name, MethodOptions.none());
              } catch (MethodNameException e) {
                // Not every method is a composite.
              }
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }

  @Test
  void options() {
    Mutator texts =
        mutator(List.of("0.1", "true", "[1, 2]", "zeros", "16", "-1e-9"), "NaN", "1e999");
    MethodOption[] options = MethodOption.values();
    int[] turn = {0};
    Fuzz.Result result =
        Fuzz.run(
            "options",
            4,
            texts::next,
            input -> {
              MethodOption option = options[turn[0]++ % options.length];
              MethodOptions given =
                  MethodOptions.none().withText(option.key(), Mutator.text(input));
              assertThat(given.toString()).isNotBlank();
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }
}
