/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.Fuzz;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.Mutator;

/**
 * Damaged requests, composites and arrays are taken or refused, with an exception that says why.
 */
class FuzzTests {
  /** What a runner makes of an exception that is not the library's. */
  private static final Pattern FOREIGN =
      Pattern.compile("^\\w*(Exception|Error): ", Pattern.DOTALL);

  private static final List<String> WORDS =
      List.of(
          "null",
          "true",
          "-1",
          "1e400",
          "NaN",
          "{}",
          "[]",
          "\"\"",
          "\"\\ud800\"",
          "\"\\u0000\"",
          "\"..\"",
          "\"id\"",
          "\"type\"",
          "\"named\"",
          "\"epsilon\"",
          "\"model\"",
          "0.5",
          "\"*\"",
          ",");

  @TempDir Path folder;

  private static List<byte[]> bytes(String... texts) {
    return Stream.of(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  private static final String[] COMPOSITES = {
    """
    {"type": "named", "name": "epsilon_plus_flat", "args": {"epsilon": 0.1}, "canonizers": [{"type": "merge_batch_norm"}]}
    """,
    """
    {"type": "layer_map", "functional": true, "layer_map": [
      [["Convolution"], {"rule": "gamma", "gamma": 0.25}],
      [["Linear"], {"rule": "epsilon", "epsilon": {"epsilon": 0.5, "clip": true, "dim": [1, -1]}, "zero_params": "bias"}]]}
    """,
    """
    {"type": "name_map", "name_map": [[["0", "1.*"], {"rule": "zbox", "low": -1, "high": 1}]]}
    """,
    """
    {"type": "named", "name": "epsilon_gamma_box", "args": {"low": -3, "high": 3}}
    """
  };

  @Test
  void composites() {
    Mutator mutator = new Mutator(Fuzz.seed(), bytes(COMPOSITES), WORDS);
    CompositeReader reader = new CompositeReader();
    for (String valid : COMPOSITES) {
      assertThat(reader.read(valid)).isNotNull();
    }
    Fuzz.Result result =
        Fuzz.run(
            "composites",
            8,
            mutator::next,
            input ->
                assertThat(reader.read(new String(input, StandardCharsets.UTF_8))).isNotNull());
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }

  private String requests() throws IOException {
    try (PointerScope scope = new PointerScope()) {
      ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
      ModelBuilder.save(
          b.sequential(b.linear(3, 4), b.relu(), b.linear(4, 2)), folder.resolve("m.pt"));
    }
    Path array = folder.resolve("x.npy");
    Npy.write(array, NdArray.ofFloats(new float[] {1, -2, 3, 4, 5, 6}, 2, 3));
    Files.write(
        folder.resolve("x.npz"), Mutator.archive(Map.of("x.npy", Files.readAllBytes(array))));
    String[] hows = {
      "\"layers\": [\"0\"], \"attributor\": {\"type\": \"gradient\"}",
      "\"attributor\": {\"type\": \"smooth_grad\", \"noise_level\": 0.1, \"seed\": 3}",
      "\"attributor\": {\"type\": \"integrated_gradients\", \"baseline\": 0.5}",
      "\"attributor\": {\"type\": \"occlusion\", \"window\": [1], \"stride\": [1], \"fill\": 0}",
    };
    List<String> cases = new ArrayList<>();
    for (int i = 0; i < hows.length; i++) {
      cases.add(
          """
          {"id": "a/%d", "model": "m", "data": "x.npz", "inputs": ["x"], "dtype": "float64",
           "target": {"classes": [0, 1]}, "composite": %s, %s}
          """
              .formatted(i, COMPOSITES[i % 2], hows[i]));
    }
    return """
        {"format": 1, "models": {"m": {"scripted": "m.pt", "traced": null}}, "cases": [%s]}
        """
        .formatted(String.join(", ", cases));
  }

  @Test
  void requestFiles() throws IOException {
    List<byte[]> corpus = bytes(requests());
    Path file = folder.resolve("requests.json");
    Path output = folder.resolve("out");
    Files.write(file, corpus.get(0));
    assertThat(RequestRunner.of(RequestFile.read(file)).run(output).results().values())
        .containsOnly("ok");
    Mutator mutator = new Mutator(Fuzz.seed(), corpus, WORDS);
    Fuzz.Result result =
        Fuzz.run(
            "requests",
            20,
            mutator::next,
            input -> {
              Files.write(file, input);
              RequestRunner.of(RequestFile.read(file))
                  .run(output)
                  .results()
                  .forEach((id, text) -> assertThat(text).doesNotContainPattern(FOREIGN));
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }

  @Test
  void arrays() throws IOException {
    Path file = folder.resolve("x.npy");
    List<byte[]> corpus = new ArrayList<>();
    for (NdArray array :
        List.of(
            NdArray.ofDoubles(new double[] {1, 2, 3, 4, 5, 6}, 2, 3),
            NdArray.ofFloats(new float[] {1, 2}, 2),
            NdArray.ofLongs(new long[] {7}))) {
      Npy.write(file, array);
      corpus.add(Files.readAllBytes(file));
    }
    Mutator mutator =
        new Mutator(
            Fuzz.seed(),
            corpus,
            List.of(
                "'descr'", "<f8", ">i4", "|b1", "<U3", "True", "(", ",", "99999999999999", "-1"));
    Fuzz.Result result =
        Fuzz.run(
            "npy",
            6,
            mutator::next,
            input -> {
              Files.write(file, input);
              NdArray read = Npy.read(file);
              assertThat(read.toDoubles()).hasSize(read.size());
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
    Path archive = folder.resolve("x.npz");
    byte[] valid =
        Mutator.archive(
            Map.of("a.npy", corpus.get(0), "b.npy", corpus.get(1), "c.npy", corpus.get(2)));
    Mutator archives = new Mutator(Fuzz.seed(), List.of(valid), List.of("PK", ".npy", "../"));
    result =
        Fuzz.run(
            "npz",
            6,
            archives::nextArchive,
            input -> {
              Files.write(archive, input);
              Npz.read(archive).forEach((name, array) -> assertThat(array.toDoubles()).isNotNull());
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }
}
