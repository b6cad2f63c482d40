/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.internal.NearestNames;

/** The names of a model's classes, one a line; there may be none. */
final class Labels {
  private final List<String> names;

  private Labels(List<String> names) {
    this.names = names;
  }

  static Labels none() {
    return new Labels(List.of());
  }

  static Labels read(Path file) throws IOException {
    try {
      List<String> lines =
          new ArrayList<>(Files.readAllLines(file).stream().map(String::strip).toList());
      if (lines.stream().allMatch(String::isEmpty)) {
        throw new UsageException(file + ": holds no class names; it needs one a line");
      }
      while (lines.get(lines.size() - 1).isEmpty()) {
        lines.remove(lines.size() - 1);
      }
      return new Labels(List.copyOf(lines));
    } catch (CharacterCodingException e) {
      throw new UsageException(file + ": is no text in UTF-8; it needs one class name a line");
    }
  }

  /**
   * Refuses names that are not those of the model's classes.
   *
   * @param output of shape (batch, classes), or another one, which has no classes
   */
  void check(Tensor output) {
    if (!names.isEmpty() && output.dim() == 2 && output.size(1) != names.size()) {
      throw new UsageException(
          "there are "
              + names.size()
              + " class names for "
              + output.size(1)
              + " classes; give one a line, line 1 for class 0");
    }
  }

  /** All names, class 0 first. */
  List<String> names() {
    return names;
  }

  /** A class as it is shown. */
  String show(int index) {
    return index < names.size() ? index + " " + names.get(index) : Integer.toString(index);
  }

  /** The name of a class, or null. */
  String name(int index) {
    return index < names.size() ? names.get(index) : null;
  }

  /** The class that has a name. */
  int find(String name) {
    if (names.isEmpty()) {
      throw new UsageException(
          "--target '"
              + name
              + "' is neither top1, output, all, logit:..., seed:FILE.npy nor a class number; "
              + "class names need --labels FILE");
    }
    List<Integer> found =
        IntStream.range(0, names.size())
            .filter(i -> names.get(i).equalsIgnoreCase(name.strip()))
            .boxed()
            .toList();
    if (found.size() > 1) {
      throw new UsageException(
          "--target '"
              + name
              + "' names several classes; give one of the numbers "
              + found.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
    if (found.isEmpty()) {
      throw new UsageException(
          "there is no class '" + name + "'; the nearest: " + NearestNames.list(name, names));
    }
    return found.get(0);
  }
}
