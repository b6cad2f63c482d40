/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs the benchmarks whose networks are there, and compares results. */
public final class Main {
  private static final String RESULT = "benchmarks.json";

  private Main() {}

  /**
   * Runs.
   *
   * @param args options of JMH, or {@code ratios RESULT.json}, or {@code compare BASELINE.json
   *     RESULT.json}
   */
  public static void main(String[] args) {
    try {
      System.exit(run(args));
    } catch (IOException | CommandLineOptionException | RunnerException e) {
      System.err.println("benchmarks: " + e.getMessage());
      System.exit(2);
    }
  }

  private static int run(String... args)
      throws IOException, CommandLineOptionException, RunnerException {
    if (args.length == 2 && args[0].equals("ratios")) {
      System.out.print(Ratios.write(Ratios.load(args[1])));
      return 0;
    }
    if (args.length == 3 && args[0].equals("compare")) {
      return compare(Ratios.load(args[1]), Ratios.load(args[2]));
    }
    CommandLineOptions given = new CommandLineOptions(args);
    if (given.shouldHelp()) {
      given.showHelp();
      return 0;
    }
    boolean all = given.getIncludes().isEmpty();
    boolean onlyRules = !all && given.getIncludes().stream().allMatch(i -> i.contains("Rule"));
    boolean onlyNetworks =
        !all && given.getIncludes().stream().allMatch(i -> i.contains("Composite"));
    List<String> networks =
        present(
            chosen(given.getParameter("network").orElse(CompositeBenchmark.NETWORKS)), !onlyRules);
    List<String> layers =
        present(chosen(given.getParameter("layer").orElse(RuleBenchmark.LAYERS)), !onlyNetworks);
    List<String> wanted = new ArrayList<>(given.getIncludes());
    if (wanted.isEmpty()) {
      wanted.add(".*");
    }
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .parent(given)
            .addProfiler(ProcessCosts.class)
            .resultFormat(given.getResultFormat().orElse(ResultFormatType.JSON))
            .result(given.getResult().orElse(RESULT))
            .jvmArgsAppend(
                "-D" + Models.PROPERTY + "=" + Models.folder(),
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-Xms256m",
                "-Xmx1g",
                "-XX:+AlwaysPreTouch");
    if (networks.isEmpty()) {
      options.exclude("CompositeBenchmark");
    } else {
      options.param("network", networks.toArray(new String[0]));
    }
    if (layers.isEmpty()) {
      options.exclude("RuleBenchmark");
    } else {
      options.param("layer", layers.toArray(new String[0]));
    }
    if (networks.isEmpty() && layers.isEmpty()) {
      System.err.println("benchmarks: there is nothing to run");
      return 1;
    }
    new Runner(options.build()).run();
    return 0;
  }

  private static List<String> chosen(Collection<String> names) {
    return List.copyOf(names);
  }

  /** Says what is missing of what was asked for. */
  private static List<String> present(List<String> names, boolean said) {
    for (String name : said ? names : List.<String>of()) {
      if (!Models.has(name)) {
        Path file = Models.file(name);
        System.err.println(
            "skipped "
                + name
                + ": "
                + file
                + " is missing; make_models.py makes it, -D"
                + Models.PROPERTY
                + "=DIR says where it is");
      }
    }
    return Models.present(names);
  }

  private static int compare(Map<String, Ratios.Ratio> old, Map<String, Ratios.Ratio> now) {
    List<String> moved = Ratios.moved(old, now);
    moved.forEach(System.out::println);
    long both = now.keySet().stream().filter(old::containsKey).count();
    System.out.println(
        moved.size()
            + " of "
            + both
            + " moved by more than the noise; "
            + (now.size() - both)
            + " are new");
    return both == 0 || moved.stream().anyMatch(line -> line.startsWith("SLOWER")) ? 1 : 0;
  }
}
