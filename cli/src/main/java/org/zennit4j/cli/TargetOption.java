/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.zennit4j.attribution.Target;
import org.zennit4j.requests.ArraySource;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Provenance;
import org.zennit4j.requests.RequestException;
import org.zennit4j.requests.TargetReader;
import picocli.CommandLine.Option;

/** Where relevance starts. */
final class TargetOption {
  private static final String LOGIT = "logit:";
  private static final List<String> NAMED = List.of("contrast", "log_ratio", "region", "boxes");
  private static final Pattern NUMBERS = Pattern.compile("-?\\d{1,9}(\\s*,\\s*-?\\d{1,9})*");

  @Option(
      names = "--target",
      paramLabel = "TARGET",
      description =
          "Where relevance starts: top1 (default), class numbers such as 3 or 3,1 (one for each "
              + "sample), a class name, logit:3,1 or logit:top1 (the output's value instead of one), "
              + "output, all, or seed:S.npy; contrast:3,5 (class 3 against 5; contrast:3 against the most "
              + "likely other one), log_ratio:3 (against all others), region:3 or region:3:MASK.npy (of a "
              + "segmentation), boxes:VALUE:NUMBER or boxes:VALUE:LEFT,TOP,RIGHT,BOTTOM (of a detector).")
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
    if (isNamed(text)
        || text.startsWith("seed:")
        || isTop1()
        || name.equals("output")
        || name.equals("all")) {
      return OptionalInt.empty();
    }
    String classes = text.startsWith("logit:") ? text.substring(6) : text;
    int[] chosen = classes(classes, labels, sample, samples);
    return chosen.length == 1 ? OptionalInt.of(chosen[0]) : OptionalInt.empty();
  }

  String text() {
    return text;
  }

  /** Whether the target is one of those that have a name and arguments. */
  private static boolean isNamed(String text) {
    String plain = text.startsWith(LOGIT) ? text.substring(LOGIT.length()) : text;
    return NAMED.contains(plain.split(":", 2)[0]);
  }

  /** The target as a request says it, where it is one of {@link #NAMED}. */
  private static Map<String, Object> namedJson(String text, Labels labels, Path folder) {
    boolean atLogit = text.startsWith(LOGIT);
    String[] parts = (atLogit ? text.substring(LOGIT.length()) : text).split(":", -1);
    Map<String, Object> json = new LinkedHashMap<>();
    switch (parts[0]) {
      case "contrast", "log_ratio" -> {
        checkParts(text, parts, 1, 2);
        int most = parts[0].equals("contrast") ? 2 : Integer.MAX_VALUE;
        int[] chosen =
            parts.length == 1 || parts[1].equals("top1")
                ? new int[0]
                : classes(parts[1], labels, 0, 0);
        if (chosen.length > most) {
          throw new UsageException("--target " + text + ": a contrast has two classes at most");
        }
        json.put(parts[0], chosen);
      }
      case "region" -> {
        checkParts(text, parts, 2, 3);
        int[] chosen = classes(parts[1], labels, 0, 0);
        if (chosen.length != 1) {
          throw new UsageException("--target " + text + ": a region has one class");
        }
        Map<String, Object> region = new LinkedHashMap<>();
        region.put("class", chosen[0]);
        if (parts.length == 3) {
          Path mask = Path.of(parts[2]);
          region.put("mask", folder == null ? parts[2] : Provenance.relative(mask, folder));
        }
        json.put(parts[0], region);
      }
      default -> {
        checkParts(text, parts, 3, 3);
        Object place = CompositeOptions.value(parts[2]);
        json.put(
            parts[0],
            Map.of(
                "value",
                CompositeOptions.value(parts[1]),
                place instanceof Number ? "box" : "near",
                place));
      }
    }
    if (atLogit) {
      json.put("logit", true);
    }
    return json;
  }

  private static void checkParts(String text, String[] parts, int least, int most) {
    if (parts.length < least || parts.length > most) {
      throw new UsageException(
          "--target "
              + text
              + " is not understood; use contrast:3,5, log_ratio:3, region:3[:MASK.npy],"
              + " boxes:VALUE:NUMBER or boxes:VALUE:LEFT,TOP,RIGHT,BOTTOM");
    }
  }

  private static Target named(String text, Labels labels) {
    try {
      return TargetReader.read(
          Json.parse(Json.write(namedJson(text, labels, null))), ArraySource.folder(Path.of("")));
    } catch (RequestException e) {
      throw new UsageException("--target " + text + ": " + e.getMessage());
    }
  }

  /** The target of one batch. */
  Target target(Labels labels) {
    return target(labels, 0, 0);
  }

  /** The target of one of several samples that run on their own; 0 samples stand for a batch. */
  Target target(Labels labels, int sample, int samples) {
    if (isNamed(text)) {
      return named(text, labels);
    }
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
    if (isNamed(text)) {
      return namedJson(text, labels, folder);
    }
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
    if (isNamed(text)) {
      namedJson(text, labels, null);
    } else if (!text.startsWith("seed:")) {
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
