/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What finds faults finds them. */
class FuzzTests {
  private static Mutator mutator() {
    return new Mutator(3, List.of("{\"a\": 12}".getBytes(StandardCharsets.UTF_8)), List.of("null"));
  }

  @Test
  void theSameSeedGivesTheSameInputsWhichDiffer() {
    Mutator first = mutator();
    Mutator second = mutator();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      byte[] input = first.next();
      assertThat(second.next()).isEqualTo(input);
      seen.add(Mutator.text(input));
    }
    assertThat(seen).hasSizeGreaterThan(150).anyMatch(text -> text.contains("null"));
  }

  @Test
  void archivesAreDamagedWithinOneEntry() {
    Map<String, byte[]> entries = new TreeMap<>();
    for (int i = 0; i < 5; i++) {
      entries.put("e" + i, new byte[100]);
    }
    byte[] valid = Mutator.archive(entries);
    Mutator mutator = new Mutator(1, List.of(valid), List.of());
    int whole = 0;
    for (int i = 0; i < 100; i++) {
      try {
        Map<String, byte[]> damaged = Mutator.entries(mutator.nextArchive());
        whole += damaged.keySet().equals(entries.keySet()) ? 1 : 0;
      } catch (RuntimeException e) {
        assertThat(e).isNotInstanceOf(IndexOutOfBoundsException.class);
      }
    }
    assertThat(whole).isGreaterThan(40);
  }

  @Test
  void refusalsCount() {
    Fuzz.Result result =
        Fuzz.run(
            "counts",
            0.05,
            1,
            mutator()::next,
            input -> {
              if (input.length % 2 == 0) {
                throw new IllegalArgumentException("even");
              }
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }

  @Test
  void anotherExceptionIsAFault() throws Exception {
    assertThatThrownBy(
            () ->
                Fuzz.run(
                    "foreign",
                    5,
                    1,
                    mutator()::next,
                    input -> {
                      throw new InvalidPathException("x", "no");
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("fuzz foreign: after 0 inputs of seed")
        .hasMessageContaining("InvalidPathException");
    assertThat(Files.readAllBytes(Path.of("target", "fuzz", "foreign")))
        .isEqualTo(mutator().next());
  }

  @Test
  void anErrorOrASilentRefusalIsAFault() {
    assertThatThrownBy(
            () ->
                Fuzz.run(
                    "error",
                    5,
                    1,
                    mutator()::next,
                    input -> {
                      throw new StackOverflowError();
                    }))
        .hasMessageContaining("StackOverflowError");
    assertThat(Fuzz.isRefusal(new IllegalArgumentException())).isFalse();
    assertThat(Fuzz.isRefusal(new NumberFormatException("x"))).isFalse();
  }

  @Test
  void aHangIsAFault() {
    long start = System.nanoTime();
    assertThatThrownBy(
            () ->
                Fuzz.run(
                    "hang",
                    5,
                    1,
                    mutator()::next,
                    input -> {
                      while (System.nanoTime() - start < 60_000_000_000L) {
                        Thread.onSpinWait();
                      }
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("longer than 1 s");
  }
}
