/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ForkedJvm;
import org.zennit4j.testing.Fuzz;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.Mutator;
import org.zennit4j.testing.SeededWeights;

/**
 * Damaged model files are loaded and explained, or refused with an exception that says why, in a
 * JVM of its own, so that a crash is a failed test.
 */
@EnabledOnOs(OS.LINUX)
class FuzzTests {
  /** A length in a damaged file is believed before it is found wrong. */
  private static final long ADDRESS_SPACE_KB = 9_000_000;

  @TempDir Path folder;

  @Test
  void models() throws Exception {
    List<String> options =
        List.of(
            "-Xmx512m",
            "-Xss4m",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
            "-Dfuzz.factor=" + System.getProperty("fuzz.factor", "1"),
            "-Dfuzz.seed=" + Fuzz.seed(),
            "-XX:ErrorFile=" + folder.resolve("hs_err_%p.log"));
    List<String> command =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-c",
                "ulimit -c 0; ulimit -v " + ADDRESS_SPACE_KB + "; exec \"$@\"",
                "sh"));
    command.addAll(ForkedJvm.of(FuzzTests.class, options, folder.toString()).command());
    Path output = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      int status = process.waitFor();
      if (status != 0) {
        Path kept = Path.of("target", "fuzz", "model-that-ended-the-process.pt");
        Files.createDirectories(kept.getParent());
        Files.copy(
            folder.resolve("model.pt"), kept, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
      List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
      String last = String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
      System.out.println(last);
      assertThat(status).as(last).isZero();
      assertThat(last).contains("fuzz models: ");
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Runs in the JVM of its own.
   *
   * @param arguments the folder for files, or one file that was found before
   */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    if (Files.isRegularFile(folder)) {
      explain(folder);
      return;
    }
    Path file = folder.resolve("model.pt");
    List<byte[]> corpus = corpus(folder);
    Mutator mutator =
        new Mutator(
            Fuzz.seed(),
            corpus,
            List.of(
                "self", "torch", "return", "def", "None", "Tensor", "=", "\n", "[", "0", "int"));
    Fuzz.Result result =
        Fuzz.run(
            "models",
            30,
            mutator::nextArchive,
            input -> {
              Files.write(file, input);
              long before = Pointer.totalCount();
              Zennit4jException refusal = null;
              try (PointerScope scope = new PointerScope()) {
                explain(file);
              } catch (Zennit4jException e) {
                refusal = e;
              }
              long left = Pointer.totalCount() - before;
              if (left > 0) {
                throw new AssertionError(left + " native objects were left", refusal);
              }
              if (refusal != null) {
                throw refusal;
              }
            });
    if (result.taken() == 0 || result.refused() == 0) {
      throw new AssertionError(result.toString());
    }
  }

  private static void explain(Path file) {
    try (ScriptModel model = ScriptModel.load(file);
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        Gradient gradient = new Gradient(plan)) {
      Tensor x = SeededWeights.normal(3, model.dtype(), 1, 1, 28, 28);
      AttributionOptions options =
          AttributionOptions.defaults().withTimeLimit(Duration.ofSeconds(5));
      gradient.attribute(List.of(x), Target.top1(), options).close();
    }
  }

  private static List<byte[]> corpus(Path folder) throws Exception {
    List<byte[]> corpus = new ArrayList<>();
    try (PointerScope scope = new PointerScope()) {
      ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
      corpus.add(
          Files.readAllBytes(
              ModelBuilder.save(
                  b.sequential(
                      b.conv(2, 1, 2, 5, ModelBuilder.Conv.PLAIN.withStride(4)),
                      b.batchNorm(2, 2),
                      b.reluInPlace(),
                      b.maxPool(2, 2, 2),
                      b.flatten(),
                      b.linear(18, 3)),
                  folder.resolve("a.pt"))));
      corpus.add(
          Files.readAllBytes(
              ModelBuilder.save(
                  b.module(
                      "nets.Net",
                      java.util.Map.of("fc", b.linear(28, 4)),
                      """
                      def forward(self, x):
                          parts = []
                          for i in range(2):
                              y = torch.relu(self.fc.forward(x))
                              if i > 0:
                                  y = y + 1
                              parts.append(y.mean([1, 2]))
                          d = {"a": parts[0], "b": parts[1]}
                          return torch.cat([d["a"], d["b"]], 1)
                      """),
                  folder.resolve("b.pt"))));
    }
    for (String name : List.of("fashion_cnn.pt", "fashion_vit_sdpa.pt")) {
      corpus.add(Files.readAllBytes(Path.of("..", "examples", "models", name)));
    }
    return corpus;
  }
}
