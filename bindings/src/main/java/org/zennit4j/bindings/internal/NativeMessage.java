/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What LibTorch's error messages say. LibTorch has no error codes: its words are all there is. */
public final class NativeMessage {
  private static final List<String> SHAPE_WORDS =
      List.of("size", "shape", "dimension", "channels", "dtype", "scalar type", "expected");

  private static final Pattern NO_DERIVATIVE =
      Pattern.compile("derivative for '?([^']+?)'? is not implemented");

  private NativeMessage() {}

  /**
   * Whether a message complains about the shape or dtype of a tensor.
   *
   * @param line one line of a message
   * @return false for everything else
   */
  public static boolean isAboutShapes(String line) {
    String lower = line.toLowerCase(Locale.ROOT);
    return SHAPE_WORDS.stream().anyMatch(lower::contains);
  }

  /**
   * The operator of which a message says that nobody wrote its derivative.
   *
   * @param line one line of a message
   * @return the operator's name, or empty for everything else
   */
  public static Optional<String> withoutDerivative(String line) {
    Matcher missing = NO_DERIVATIVE.matcher(line);
    return missing.find() ? Optional.of(missing.group(1)) : Optional.empty();
  }

  /**
   * Whether a message says that there was no memory left.
   *
   * @param line one line of a message
   * @return false for everything else
   */
  public static boolean isAboutMemory(String line) {
    String lower = line.toLowerCase(Locale.ROOT);
    return lower.contains("can't allocate memory") || lower.contains("out of memory");
  }

  /**
   * The part that tells something: the first line, without C++ source positions.
   *
   * @param error what LibTorch threw
   * @return one line
   */
  public static String firstLine(Throwable error) {
    return firstLine(String.valueOf(error.getMessage()));
  }

  /**
   * The part of a message that tells something.
   *
   * @param message LibTorch's
   * @return one line
   */
  public static String firstLine(String message) {
    for (String line : message.split("\n", -1)) {
      String text = line.strip();
      if (!text.isEmpty()
          && !text.startsWith("The following operation failed in the TorchScript interpreter")
          && !text.startsWith("Traceback of TorchScript")
          && !text.startsWith("RuntimeError:")) {
        int source = text.indexOf("Exception raised from");
        return source > 0 ? text.substring(0, source).strip() : text;
      }
      if (text.startsWith("RuntimeError:")) {
        return text.substring("RuntimeError:".length()).strip();
      }
    }
    return message.strip();
  }
}
