/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file's name with places for the sample: {@code {sample}} for its number from 0, {@code
 * {sample:04d}} for the same with leading zeros, {@code {name}} for its name without the ending.
 */
final class SampleNames {
  private static final Pattern PLACE = Pattern.compile("\\{(?:sample(?::0?(\\d{1,2})d)?|name)\\}");

  private SampleNames() {}

  /** Whether a name has such a place. */
  static boolean has(Path file) {
    return PLACE.matcher(file.toString()).find();
  }

  /** The name for one sample. */
  static Path of(Path file, int index, Path sample) {
    StringBuilder result = new StringBuilder();
    Matcher matcher = PLACE.matcher(file.toString());
    while (matcher.find()) {
      int width = matcher.group(1) == null ? 1 : Math.max(1, Integer.parseInt(matcher.group(1)));
      String value =
          matcher.group().equals("{name}")
              ? PhotoSources.stem(sample)
              : String.format(Locale.ROOT, "%0" + width + "d", index);
      matcher.appendReplacement(result, Matcher.quoteReplacement(value));
    }
    return Path.of(matcher.appendTail(result).toString());
  }

  /** Fails where two samples would get one file. */
  static void checkDistinct(String option, Path file, List<Path> samples) {
    Set<Path> seen = new HashSet<>();
    for (int i = 0; i < samples.size(); i++) {
      Path one = of(file, i, samples.get(i));
      if (!seen.add(one)) {
        throw new UsageException(
            option + " " + file + " gives several photographs the file " + one + "; use {sample}");
      }
    }
  }
}
