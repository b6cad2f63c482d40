/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** A dataset many times over, with some samples that cannot be read. */
final class Repeated implements SampleSource {
  private final SampleSource source;
  private final int size;
  private final Set<Integer> broken;

  Repeated(SampleSource source, int size, Set<Integer> broken) {
    this.source = source;
    this.size = size;
    this.broken = broken;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public List<String> classes() {
    return source.classes();
  }

  @Override
  public String id(int index) {
    return "sample, \"" + index + "\"";
  }

  @Override
  public OptionalInt label(int index) {
    return source.label(index % source.size());
  }

  @Override
  public Sample read(int index) {
    if (broken.contains(index)) {
      throw new SampleException("sample " + index + " is torn", null);
    }
    Sample sample = source.read(index % source.size());
    return new Sample(index, id(index), sample.label(), sample.picture(), sample.array());
  }

  @Override
  public void close() {
    source.close();
  }
}
