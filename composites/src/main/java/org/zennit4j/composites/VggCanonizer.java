/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import org.zennit4j.bindings.Program;

/** Zennit's canonizer for torchvision's VGGs: merges batch normalisations as registered. */
public record VggCanonizer() implements Canonizer {
  @Override
  public Program apply(Program program) {
    return new SequentialMergeBatchNorm().apply(program);
  }

  @Override
  public String name() {
    return "vgg";
  }
}
