/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

import java.util.Optional;
import java.util.Set;
import org.zennit4j.bindings.DataFlow;
import org.zennit4j.bindings.Program;
import org.zennit4j.bindings.Region;

/** What a network ends in, as far as its program tells. */
public enum Ending {
  /** Probabilities. */
  SOFTMAX,
  /** Logarithms of probabilities. */
  LOG_SOFTMAX,
  /** Logits or something else. */
  OTHER;

  private static final Set<String> PASSING =
      Set.of(
          "aten::reshape",
          "aten::view",
          "aten::flatten",
          "aten::squeeze",
          "aten::unsqueeze",
          "aten::to",
          "aten::contiguous",
          "aten::dropout",
          "aten::detach",
          "aten::clone");

  static Ending of(Program program) {
    DataFlow flow = program.dataFlow();
    Optional<Region> last = flow.result(program.regions().get(0));
    while (last.isPresent() && PASSING.contains(last.get().operators().get(0))) {
      last = flow.producer(last.get(), 0);
    }
    if (last.isEmpty()) {
      return OTHER;
    }
    return switch (last.get().operators().get(0)) {
      case "aten::softmax", "aten::_softmax" -> SOFTMAX;
      case "aten::log_softmax", "aten::_log_softmax" -> LOG_SOFTMAX;
      default -> OTHER;
    };
  }
}
