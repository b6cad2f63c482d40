/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerFunction;

/**
 * Hands the relevance of the output to the input unchanged: {@code R_x = R}. Not for layers with
 * several inputs.
 */
public record Pass() implements Rule {
  @Override
  public String name() {
    return "pass";
  }

  @Override
  public Map<String, Object> arguments() {
    return Map.of();
  }

  @Override
  public boolean keepsSums() {
    return true;
  }

  @Override
  public LayerFunction bind(Region region) {
    return LayerFunction.reading(
        LayerFunction.Reads.NOTHING,
        (call, relevance) -> {
          if (call.inputs().size() != 1 || relevance.size() != 1) {
            throw new RuleException(
                "pass cannot explain layer '"
                    + region.name()
                    + "', which has "
                    + call.inputs().size()
                    + " inputs");
          }
          return List.of(relevance.get(0));
        });
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of("pass", Pass.class, "unchanged", v -> new Pass()).withFormula("R");
  }
}
