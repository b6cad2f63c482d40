/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;

/**
 * How a {@link Plan} lays images out in memory while it works. Inputs, outputs and relevances keep
 * the caller's layout. Numbers differ in their last bits from one layout to the other.
 */
public enum Layout {
  /** As the inputs come: bit for bit what the module itself computes. The default. */
  CONTIGUOUS,

  /**
   * Channels last, which convolutions on the CPU are faster with; holds a second copy of the
   * weights of two-dimensional convolutions.
   */
  CHANNELS_LAST,

  /** Channels last for models on the CPU whose convolutions gain by it, else as inputs come. */
  AUTO;

  /**
   * The name in commands and files.
   *
   * @return such as {@code channels_last}
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What is really used for a program: never {@link #AUTO}. */
  Layout of(Program program) {
    if (this != AUTO) {
      return program.writesInPlace() ? CONTIGUOUS : this;
    }
    boolean gains = !program.writesInPlace() && gains(program);
    return gains ? CHANNELS_LAST : CONTIGUOUS;
  }

  /** Depthwise convolutions have kernels of their own for either layout. */
  private static boolean gains(Program program) {
    List<LinearMap> images = images(program).map(r -> r.linearMap().orElseThrow()).toList();
    return !images.isEmpty()
        && images.stream().allMatch(map -> map.weight().is_cpu())
        && images.stream().anyMatch(map -> map.groups() == 1);
  }

  private static Stream<Region> images(Program program) {
    return program.regions().stream()
        .filter(Region::isOperator)
        .filter(
            region ->
                region
                    .linearMap()
                    .filter(map -> map.isConvolution() && map.weight().dim() == 4)
                    .isPresent());
  }

  /** The program with the weights of its two-dimensional convolutions in this layout. */
  Program applied(Program program) {
    if (this != CHANNELS_LAST) {
      return program;
    }
    try (ProgramEditor editor = program.edit();
        PointerScope scope = new PointerScope()) {
      images(program)
          .forEach(
              region -> {
                Tensor weight = region.linearMap().orElseThrow().weight();
                Tensor turned = weight.contiguous(MemoryFormat.ChannelsLast);
                if (!turned.is_alias_of(weight)) {
                  editor.setParameter(region, "weight", turned);
                }
              });
      return editor.isEmpty() ? program : editor.apply();
    }
  }
}
