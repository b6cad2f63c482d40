/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;

/** Layers by whole names or patterns, in which {@code *} stands for any text. */
record LayerNames(List<String> names) implements Predicate<Layer> {
  LayerNames {
    names = List.copyOf(names);
  }

  @Override
  public boolean test(Layer layer) {
    return names.stream().anyMatch(n -> matches(n, layer.name()));
  }

  private static boolean matches(String pattern, String name) {
    if (!pattern.contains("*")) {
      return pattern.equals(name);
    }
    String regex =
        Stream.of(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
    return name.matches(regex);
  }

  /** Fails if a name or pattern matches no layer. */
  void check(Program program) {
    for (String name : names) {
      boolean known =
          Stream.concat(program.layers().stream(), program.functionalLayers().stream())
              .anyMatch(l -> matches(name, l.name()));
      if (!known) {
        throw new Zennit4jException(
            "there is no layer '"
                + name
                + "' whose relevance could be kept; ask for one of the plan's layers");
      }
    }
  }
}
