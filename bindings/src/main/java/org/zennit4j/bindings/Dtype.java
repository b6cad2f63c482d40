/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The floating dtypes in which a model can run. */
public enum Dtype {
  /** Whatever the model is stored in. */
  AS_STORED("stored", null),
  /** 32 bit. */
  FLOAT32("float32", ScalarType.Float),
  /** 64 bit. */
  FLOAT64("float64", ScalarType.Double);

  private final String text;
  private final ScalarType scalarType;

  Dtype(String text, ScalarType scalarType) {
    this.text = text;
    this.scalarType = scalarType;
  }

  /**
   * LibTorch's name for it.
   *
   * @return the scalar type, null for {@link #AS_STORED}
   */
  public ScalarType scalarType() {
    return scalarType;
  }

  /**
   * What stands for a scalar type.
   *
   * @param type LibTorch's name
   * @return the dtype; empty for types in which nothing is computed
   */
  public static Optional<Dtype> of(ScalarType type) {
    return Arrays.stream(values()).filter(d -> d.scalarType == type.intern()).findFirst();
  }

  /**
   * Reads a name.
   *
   * @param name {@code float32} or {@code float64}
   * @return the dtype
   * @throws Zennit4jException if it is another name
   */
  public static Dtype parse(String name) {
    for (Dtype dtype : values()) {
      if (dtype.text.equals(name)) {
        return dtype;
      }
    }
    throw new Zennit4jException("unknown dtype '" + name + "'; use float32 or float64");
  }

  @Override
  public String toString() {
    return text;
  }
}
