/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What is known about an input of a model before it runs. TorchScript names its inputs; a
 * torch.export archive says dtype and shape too.
 *
 * @param name the argument of forward
 * @param dtype the dtype that it must have, or empty if the file does not say
 * @param shape its sizes, -1 where any size may stand; empty if the file does not say
 */
public record ModelInput(String name, Optional<ScalarType> dtype, Optional<List<Long>> shape) {
  /**
   * Copies the list.
   *
   * @param name {@link #name()}
   * @param dtype {@link #dtype()}
   * @param shape {@link #shape()}
   */
  public ModelInput {
    shape = shape.map(List::copyOf);
  }

  /**
   * An input of which the file tells nothing but the name.
   *
   * @param name {@link #name()}
   * @return the input
   */
  public static ModelInput unknown(String name) {
    return new ModelInput(name, Optional.empty(), Optional.empty());
  }
}
