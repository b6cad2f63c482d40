/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/** An array in a file of which some rows are read at a time; safe for use by several threads. */
interface Rows extends AutoCloseable {
  DType dtype();

  /** The whole array's shape; its first length is the number of rows. */
  long[] shape();

  /** Some rows, with all of their elements. */
  NdArray read(long first, int count);

  @Override
  void close();
}
