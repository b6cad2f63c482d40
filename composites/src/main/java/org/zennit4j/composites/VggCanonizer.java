/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import org.zennit4j.graph.Program;
import org.zennit4j.registry.Entry;

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

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of("vgg", VggCanonizer.class, "Zennit's for VGGs", v -> new VggCanonizer());
  }
}
