/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

/** The kernels for resizing, antialiased as Pillow's are. */
public enum Interpolation {
  /** Triangle kernel, radius 1. Torchvision's older weights were trained with it. */
  BILINEAR,
  /** Cubic kernel with a = -0.5, radius 2. */
  BICUBIC
}
