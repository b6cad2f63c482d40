/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cpptests;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.CompositeReader;
import org.zennit4j.requests.Npy;

/**
 * What Java costs: the library and the C++ programs take turns with the same composites, and a
 * table of the ratios of their times is printed.
 *
 * <p>Properties, all needed: {@code networks}, {@code composites}, {@code batches} (lists with
 * commas), {@code threads}, {@code rounds}.
 */
final class Overhead {
  private static final int CLASS = 281;
  private static final int WARM_UP = 3;

  /** Small images that Java runs alone before, so that its compiler has seen the code. */
  private static final int SMALL = 30;

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private Overhead() {}

  /** What one attribution took, in nanoseconds, and the sum of its relevance. */
  private record Time(double passed, double processor, double sum) {}

  public static void main(String[] args) throws IOException {
    String missing = Programs.missing().orElse(null);
    if (missing != null) {
      System.out.println(missing);
      return;
    }
    int threads = Integer.getInteger("threads");
    int rounds = Integer.getInteger("rounds");
    List<String> composites = list("composites");
    Path folder = Files.createTempDirectory("overhead");
    try {
      System.out.println("Threads: " + threads + ", rounds: " + rounds);
      System.out.println(
          "| network, composite | batch | time (quartiles) | processor time (quartiles) |"
              + " least processor time | that of C++, ms | Java - C++, ms |");
      System.out.println("|---|---|---|---|---|---|---|");
      for (String network : list("networks")) {
        Path model = folder.resolve(network + ".pt");
        Networks.save(network, model);
        for (String batch : list("batches")) {
          Path input = folder.resolve("input-" + batch + ".npy");
          Networks.saveInput(Integer.parseInt(batch), Integer.getInteger("size"), input);
          compare(network, model, input, composites, threads, rounds);
        }
        Files.delete(model);
      }
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  private static List<String> list(String property) {
    return List.of(System.getProperty(property).split(",", -1));
  }

  private static void compare(
      String network, Path file, Path inputFile, List<String> names, int threads, int rounds)
      throws IOException {
    Process cpp =
        new ProcessBuilder(
                Programs.built("cpp/overhead").toString(),
                file.toString(),
                String.valueOf(threads),
                String.valueOf(CLASS))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (Writer questions = cpp.outputWriter(StandardCharsets.UTF_8);
        BufferedReader answers =
            new BufferedReader(
                new InputStreamReader(cpp.getInputStream(), StandardCharsets.UTF_8));
        ScriptModel model = ScriptModel.load(file, LoadOptions.defaults());
        PointerScope scope = new PointerScope()) {
      torch.set_num_threads(threads);
      Tensor input = Npy.read(inputFile).toTensor();
      for (String name : names) {
        JsonNode json = Networks.composite(network, name);
        Composite composite = new CompositeReader().read(json);
        String question = inputFile + "\t" + json + "\n";
        try (Plan plan = Plan.of(model, composite);
            Gradient gradient = new Gradient(plan)) {
          Time[] java = new Time[rounds];
          Time[] other = new Time[rounds];
          Tensor small = input.narrow(0, 0, 1).narrow(2, 0, 32).narrow(3, 0, 32).contiguous();
          for (int i = 0; i < SMALL; i++) {
            java(gradient, small);
          }
          for (int i = -WARM_UP; i < rounds; i++) {
            // Who comes first alternates, so that a drift of the machine favours none.
            boolean javaFirst = i % 2 == 0;
            Time early = javaFirst ? java(gradient, input) : cpp(question, questions, answers);
            Time late = javaFirst ? cpp(question, questions, answers) : java(gradient, input);
            if (i >= 0) {
              java[i] = javaFirst ? early : late;
              other[i] = javaFirst ? late : early;
            }
          }
          print(network + " " + name, input.size(0), java, other);
        }
      }
    }
  }

  private static Time java(Gradient gradient, Tensor input) {
    int[] classes = new int[(int) input.size(0)];
    Arrays.fill(classes, CLASS);
    long start = System.nanoTime();
    long processor = SYSTEM.getProcessCpuTime();
    try (Attribution attribution = gradient.attribute(input, Target.classes(classes))) {
      processor = SYSTEM.getProcessCpuTime() - processor;
      long passed = System.nanoTime() - start;
      return new Time(passed, processor, attribution.relevance().sum().item_double());
    }
  }

  private static Time cpp(String question, Writer questions, BufferedReader answers)
      throws IOException {
    questions.write(question);
    questions.flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IllegalStateException("the C++ program ended");
    }
    double[] numbers =
        Arrays.stream(answer.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
    return new Time(numbers[0], numbers[1], numbers[2]);
  }

  private static void print(String name, long batch, Time[] java, Time[] cpp) {
    double[] passed = new double[java.length];
    double[] processor = new double[java.length];
    double[] more = new double[java.length];
    for (int i = 0; i < java.length; i++) {
      if (!(Math.abs(java[i].sum() - cpp[i].sum()) <= 1e-5 * Math.abs(cpp[i].sum()) + 1e-6)) {
        throw new IllegalStateException(
            name + ": the sides differ: " + java[i].sum() + " and " + cpp[i].sum());
      }
      passed[i] = java[i].passed() / cpp[i].passed();
      processor[i] = java[i].processor() / cpp[i].processor();
      more[i] = (java[i].processor() - cpp[i].processor()) / 1e6;
    }
    double[] leastJava = Arrays.stream(java).mapToDouble(Time::processor).sorted().toArray();
    double[] leastCpp = Arrays.stream(cpp).mapToDouble(Time::processor).sorted().toArray();
    System.out.println(
        String.format(
            Locale.ROOT,
            "| %s | %d | %.3f (%.3f to %.3f) | %.3f (%.3f to %.3f) | %.3f | %.0f | %.1f |",
            name,
            batch,
            quantile(passed, 0.5),
            quantile(passed, 0.25),
            quantile(passed, 0.75),
            quantile(processor, 0.5),
            quantile(processor, 0.25),
            quantile(processor, 0.75),
            leastJava[0] / leastCpp[0],
            leastCpp[0] / 1e6,
            quantile(more, 0.5)));
  }

  private static double quantile(double[] values, double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }
}
