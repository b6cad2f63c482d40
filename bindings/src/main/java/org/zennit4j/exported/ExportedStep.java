/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.List;
import java.util.Objects;
import org.zennit4j.graph.ir.OperatorMode;

/**
 * A call of an operator in an exported program, with names that are unique in the whole program.
 *
 * @param target such as {@code torch.ops.aten.conv2d.default}
 * @param arguments by name, positional ones too
 * @param results what the call makes
 * @param frames the module calls around it, outermost first, the root left out; null where the file
 *     does not say
 * @param mode the modes in which it runs
 */
record ExportedStep(
    String target,
    List<Argument> arguments,
    List<Result> results,
    List<Frame> frames,
    OperatorMode mode) {
  ExportedStep {
    arguments = List.copyOf(arguments);
    results = List.copyOf(results);
    frames = frames == null ? null : List.copyOf(frames);
  }

  /** An argument under its name in the schema. */
  record Argument(String name, ExportedArgument value) {}

  /**
   * A result: one value, or a list of tensors that is taken apart.
   *
   * @param kind what the names stand for
   * @param names one, or as many as the list has
   * @param list whether the operator returns a list
   */
  record Result(ExportedArgument.Kind kind, List<String> names, boolean list) {
    Result {
      names = List.copyOf(names);
    }
  }

  /**
   * A call of a module.
   *
   * @param path the module's name
   * @param key tells two calls of one module apart
   * @param className the Python class
   */
  record Frame(String path, String key, String className) {
    boolean isSameCall(Frame other) {
      return path.equals(other.path) && key.equals(other.key);
    }
  }

  /** The argument of a name, or null. */
  ExportedArgument argument(String name) {
    for (Argument argument : arguments) {
      if (argument.name().equals(name)) {
        return argument.value();
      }
    }
    return null;
  }

  /** The name that an argument is, or null. */
  String ref(String name) {
    return argument(name) instanceof ExportedArgument.Ref ref ? ref.name() : null;
  }

  boolean isLiteral(String name, Object value) {
    return argument(name) instanceof ExportedArgument.Literal literal
        && Objects.equals(literal.value(), value);
  }

  ExportedStep withFrames(List<Frame> value) {
    return new ExportedStep(target, arguments, results, value, mode);
  }

  /** The same place in the program with another operator. */
  ExportedStep becomes(String other, List<Argument> newArguments, List<Result> newResults) {
    return new ExportedStep(other, newArguments, newResults, frames, mode);
  }

  String path() {
    return frames.isEmpty() ? "" : frames.get(frames.size() - 1).path();
  }

  /** All names that the call makes. */
  List<String> names() {
    return results.stream().flatMap(r -> r.names().stream()).toList();
  }
}
