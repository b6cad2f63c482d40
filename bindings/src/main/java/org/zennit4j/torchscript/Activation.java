/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A method or function whose nodes are being compiled. */
final class Activation {
  final GraphText text;
  int position;
  boolean finished;

  /** The blocks that do not run because the one that is being compiled does. */
  final List<int[]> excluded = new ArrayList<>();

  Activation(GraphText text) {
    this.text = text;
  }

  /** Whether a value is used by a node that comes later. */
  boolean live(long value) {
    return !finished
        && text.uses().getOrDefault(value, Set.of()).stream()
            .anyMatch(
                use ->
                    use > position && excluded.stream().noneMatch(r -> r[0] <= use && use < r[1]));
  }
}
