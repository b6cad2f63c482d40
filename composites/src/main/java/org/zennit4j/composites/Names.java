/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;

/** Finds names in maps that no layer has. */
final class Names {
  private Names() {}

  static List<String> unknownNames(List<MapEntry> entries, Program program, boolean strict) {
    Set<String> known = new TreeSet<>();
    program.layers().forEach(l -> known.add(l.name()));
    program.functionalLayers().forEach(l -> known.add(l.name()));
    return report("layer", entries, known, strict);
  }

  static List<String> unknownTypes(List<MapEntry> entries, Program program, boolean strict) {
    Set<String> known = new TreeSet<>(Types.ALL);
    for (Layer layer : program.layers()) {
      known.add(layer.className());
      known.addAll(layer.types());
    }
    for (Layer layer : program.functionalLayers()) {
      known.add(layer.className());
      known.addAll(layer.types());
    }
    known.addAll(Operators.furtherTypes());
    List<MapEntry> doubtful = new ArrayList<>();
    for (MapEntry entry : entries) {
      List<String> keys = entry.keys().stream().filter(k -> !isAlwaysKnown(k)).toList();
      doubtful.add(new MapEntry(keys, entry.rule()));
    }
    return report("layer type", doubtful, known, strict);
  }

  /** A class of PyTorch or one of LibTorch's operators, whether this network has it or not. */
  private static boolean isAlwaysKnown(String key) {
    return key.startsWith("torch.nn.") || (key.startsWith("aten::") && Operators.isKnown(key));
  }

  private static List<String> report(
      String what, List<MapEntry> entries, Set<String> known, boolean strict) {
    List<String> findings = new ArrayList<>();
    for (MapEntry entry : entries) {
      for (String key : entry.keys()) {
        if (!known.contains(key)) {
          String message =
              "there is no "
                  + what
                  + " '"
                  + key
                  + "'; the nearest: "
                  + NearestNames.list(key, known);
          if (strict) {
            throw new CompositeException(message);
          }
          findings.add(message + "; the entry is ignored");
        }
      }
    }
    return findings;
  }
}
