/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.zennit4j.attribution.Target;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Provenance;
import picocli.CommandLine.Option;

/** Where relevance starts. */
final class TargetOption {
  private static final Pattern NUMBERS = Pattern.compile("-?\\d{1,9}(\\s*,\\s*-?\\d{1,9})*");

  @Option(
      names = "--target",
      paramLabel = "TARGET",
      description = {
        "Where relevance starts: top1 (default), class numbers such as 3 or 3,1 (one for each",
        "sample), a class name, logit:3,1 or logit:top1 (the output's value instead of one),",
        "output, all, or seed:S.npy."
      })
  private String text = "top1";

  /** Whether the user chose nothing. */
  boolean isDefault() {
    return text.equals("top1");
  }

  /** Whether the most likely class is explained. */
  boolean isTop1() {
    return text.equalsIgnoreCase("top1") || text.equalsIgnoreCase("logit:top1");
  }

  /** The class of one of several samples, where the target is a class that the user named. */
  OptionalInt single(Labels labels, int sample, int samples) {
    String name = text.toLowerCase(Locale.ROOT);
    if (text.startsWith("seed:") || isTop1() || name.equals("output") || name.equals("all")) {
      return OptionalInt.empty();
    }
    String classes = text.startsWith("logit:") ? text.substring(6) : text;
    int[] chosen = classes(classes, labels, sample, samples);
    return chosen.length == 1 ? OptionalInt.of(chosen[0]) : OptionalInt.empty();
  }

  String text() {
    return text;
  }

  /** The target of one batch. */
  Target target(Labels labels) {
    return target(labels, 0, 0);
  }

  /** The target of one of several samples that run on their own; 0 samples stand for a batch. */
  Target target(Labels labels, int sample, int samples) {
    if (text.startsWith("seed:")) {
      return Target.seed(Npy.read(Path.of(text.substring(5))).toTensor());
    }
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "top1" -> Target.top1();
      case "output" -> Target.output();
      case "all" -> Target.all();
      case "logit:top1" -> Target.logitTop1();
      default ->
          text.startsWith("logit:")
              ? Target.logit(classes(text.substring(6), labels, sample, samples))
              : Target.classes(classes(text, labels, sample, samples));
    };
  }

  /**
   * The target as a request says it.
   *
   * @param folder where the request will lie
   */
  Map<String, Object> json(Labels labels, Path folder) {
    if (text.startsWith("seed:")) {
      return Map.of("seed", Provenance.relative(Path.of(text.substring(5)), folder));
    }
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "top1" -> Map.of("top", 1);
      case "output" -> Map.of("output", true);
      case "all" -> Map.of("all", true);
      case "logit:top1" -> Map.of("logit_of_top", 1);
      default ->
          text.startsWith("logit:")
              ? Map.of("logit_of_classes", classes(text.substring(6), labels, 0, 0))
              : Map.of("classes", classes(text, labels, 0, 0));
    };
  }

  /** Complains about a text that means nothing, before work begins. */
  void check(Labels labels) {
    if (text.isBlank() || text.equals("logit:") || text.equals("seed:")) {
      throw new UsageException(
          "--target '" + text + "' says nothing; use for instance top1, 3, logit:3 or seed:S.npy");
    }
    if (!text.startsWith("seed:")) {
      target(labels);
    }
  }

  private static int[] classes(String list, Labels labels, int sample, int samples) {
    if (!NUMBERS.matcher(list.strip()).matches()) {
      return new int[] {labels.find(list)};
    }
    int[] classes =
        Arrays.stream(list.split(",", -1)).mapToInt(s -> Integer.parseInt(s.strip())).toArray();
    if (samples == 0 || classes.length == 1) {
      return classes;
    }
    if (classes.length != samples) {
      throw new UsageException(
          "--target gives "
              + classes.length
              + " classes for "
              + samples
              + (samples == 1 ? " sample" : " samples")
              + "; give one for each, or one");
    }
    return new int[] {classes[sample]};
  }
}
