/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Zennit4jException;

/** Reads targets as options have them. */
final class Targets {
  private Targets() {}

  static Target of(Optional<Object> value) {
    return value.map(Targets::of).orElseGet(Target::top1);
  }

  private static Target of(Object value) {
    if (value instanceof Target target) {
      return target;
    }
    if (value instanceof Integer one) {
      return Target.classes(one);
    }
    if (value instanceof List<?> classes) {
      return Target.classes(classes.stream().mapToInt(c -> (Integer) c).toArray());
    }
    if (value instanceof Tensor seed) {
      return Target.seed(seed);
    }
    if (value.equals("all")) {
      return Target.all();
    }
    throw new Zennit4jException(
        "option target must be a class, a list of classes, max_activation, all, a tensor or a"
            + " target, not "
            + Texts.show(value));
  }
}
