/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Map;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.rules.Rule;

/** Says which layers a composite left without a rule although it gave one to others like them. */
final class Coverage {
  private static final int NAMED = 3;

  private Coverage() {}

  static List<String> findings(Program program, Composite composite, Map<String, Rule> rules) {
    if (composite instanceof EmptyComposite) {
      return List.of();
    }
    if (rules.isEmpty()) {
      return List.of(
          "no layer of this model gets a rule from the composite, so that it is the plain gradient: its layers are"
              + " functional, or of classes of your own; set functional, or name their types when loading");
    }
    List<Layer> linear = program.layers().stream().filter(l -> l.matches(Types.LINEAR)).toList();
    List<String> without =
        linear.stream().map(Layer::name).filter(name -> !rules.containsKey(name)).toList();
    // A composite for activations alone leaves all linear layers to the gradient on purpose.
    if (without.isEmpty() || without.size() == linear.size()) {
      return List.of();
    }
    return List.of(
        without.size()
            + " of "
            + linear.size()
            + " linear layers have no rule and pass their gradient ("
            + String.join(", ", without.subList(0, Math.min(NAMED, without.size())))
            + (without.size() > NAMED ? " and " + (without.size() - NAMED) + " more" : "")
            + "): map their names or types too");
  }
}
