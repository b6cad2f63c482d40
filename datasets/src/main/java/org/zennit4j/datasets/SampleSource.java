/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.List;
import java.util.OptionalInt;

/**
 * Labelled samples in a fixed order, read one at a time: {@link SampleSources#open} makes one of a
 * folder, a list, an array or an HDF5 file.
 *
 * <p>Safe for use by several threads. Owned by who opens it, who closes it; it is open files at
 * most.
 */
public interface SampleSource extends AutoCloseable {
  /**
   * Returns the number of samples.
   *
   * @return 1 or more
   */
  int size();

  /**
   * Returns the names of the classes, where the dataset has them.
   *
   * @return class 0 first; empty where classes are numbers only
   */
  List<String> classes();

  /**
   * Returns what a sample is called, without reading it.
   *
   * @param index from 0
   * @return its file, relative to the dataset, or {@code #12}
   */
  String id(int index);

  /**
   * Returns a sample's true class, without reading the sample.
   *
   * @param index from 0
   * @return its class, or nothing if the dataset does not know
   */
  OptionalInt label(int index);

  /**
   * Reads a sample.
   *
   * @param index from 0
   * @return the sample
   * @throws SampleException if it cannot be read
   */
  Sample read(int index);

  @Override
  void close();
}
