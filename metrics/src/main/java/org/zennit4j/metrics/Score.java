/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Which number of a network's output counts. */
public enum Score {
  /** The output at the class as it is. */
  LOGIT,
  /** Its softmax. */
  PROBABILITY,
  /** One where the class is the most likely one, else zero. */
  CORRECT;

  /** The numbers of a batch: (n). */
  Tensor of(Tensor output, Tensor classes) {
    Tensor column = classes.unsqueeze(1);
    return switch (this) {
      case LOGIT -> output.gather(1, column).squeeze(1);
      case PROBABILITY -> torch.softmax(output, 1).gather(1, column).squeeze(1);
      case CORRECT ->
          output
              .argmax(new org.bytedeco.pytorch.LongOptional(1), false)
              .eq(classes)
              .to(output.scalar_type());
    };
  }
}
