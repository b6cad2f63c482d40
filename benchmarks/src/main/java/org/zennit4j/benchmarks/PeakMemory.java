/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * How much memory an iteration takes on top of what was there: the growth of the largest resident
 * size, nearly all of which is native, since the Java heap of a benchmark has a fixed size that was
 * touched. Linux only; elsewhere there is no such result.
 */
public final class PeakMemory implements InternalProfiler {
  /** The name of the secondary result. */
  static final String RESULT = "native.peak";

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  private double before = Double.NaN;

  /** Made by JMH. */
  public PeakMemory() {}

  @Override
  public String getDescription() {
    return "peak of native memory in an iteration";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    try {
      Files.writeString(RESET, "5");
      before = megabytes("VmRSS:");
    } catch (IOException e) {
      before = Double.NaN;
    }
  }

  @Override
  public Collection<? extends Result<?>> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    List<Result<?>> results = new ArrayList<>();
    try {
      if (!Double.isNaN(before)) {
        double grown = megabytes("VmHWM:") - before;
        results.add(new ScalarResult(RESULT, Math.max(0, grown), "MB", AggregationPolicy.MAX));
      }
    } catch (IOException e) {
      return results;
    }
    return results;
  }

  private static double megabytes(String key) throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("no " + key);
  }
}
