/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Registry;

/** The named composites with the arguments that the command line can give, and the canonizers. */
final class CompositeCatalogue {
  /** What a composite is and which arguments it takes. */
  record Entry(String description, List<String> arguments) {}

  private CompositeCatalogue() {}

  static Map<String, Entry> composites() {
    CompositeRegistry registry = CompositeRegistry.standard();
    Map<String, Entry> known = new LinkedHashMap<>();
    registry.names().forEach(name -> known.put(name, entry(registry.find(name).orElseThrow())));
    return known;
  }

  private static Entry entry(org.zennit4j.registry.Entry<Composite> entry) {
    List<String> arguments =
        entry.arguments().stream()
            .filter(argument -> argument.kind() != Argument.Kind.LAYER_MAP)
            .map(Argument::name)
            .toList();
    return new Entry(entry.description(), arguments);
  }

  /** A description with the arguments behind it. */
  static String describe(String description, List<String> arguments) {
    return arguments.isEmpty()
        ? description
        : description + " (" + String.join(", ", arguments) + ")";
  }

  /** The canonizers that need no arguments. */
  static List<String> canonizerNames() {
    return plain(Canonizers.registry());
  }

  private static List<String> plain(Registry<Canonizer> registry) {
    return registry.entries().stream()
        .filter(org.zennit4j.registry.Entry::isPlain)
        .map(org.zennit4j.registry.Entry::name)
        .toList();
  }

  /** Reads {@code none} or a list of names. */
  static List<Canonizer> canonizers(String list) {
    if (list.equals("none")) {
      return List.of();
    }
    Registry<Canonizer> registry = Canonizers.registry();
    List<Canonizer> result = new ArrayList<>();
    for (String name : list.split(",", -1)) {
      if (!plain(registry).contains(name.strip())) {
        throw new UsageException(
            "there is no canonizer '"
                + name.strip()
                + "'; there are none, "
                + String.join(", ", plain(registry)));
      }
      result.add(registry.get(name.strip()).create(Map.of()));
    }
    return result;
  }
}
