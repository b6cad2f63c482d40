/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
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
 * What an iteration costs the process besides the time that passes. Processor time for an
 * operation, of all threads, which a busy machine disturbs less than the clock. And how much memory
 * it takes on top of what was there: the growth of the largest resident size, nearly all of which
 * is native, since the Java heap of a benchmark has a fixed size that was touched; Linux only.
 */
public final class ProcessCosts implements InternalProfiler {
  /** The name of the result about memory. */
  static final String MEMORY = "native.peak";

  /** The name of the result about processor time. */
  static final String PROCESSOR = "cpu";

  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  private double before = Double.NaN;
  private long processor;

  /** Made by JMH. */
  public ProcessCosts() {}

  @Override
  public String getDescription() {
    return "processor time of an operation, peak of native memory in an iteration";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    try {
      Files.writeString(RESET, "5");
      before = megabytes("VmRSS:");
    } catch (IOException e) {
      before = Double.NaN;
    }
    processor = SYSTEM.getProcessCpuTime();
  }

  @Override
  public Collection<? extends Result<?>> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    List<Result<?>> results = new ArrayList<>();
    double taken = (SYSTEM.getProcessCpuTime() - processor) / 1e6;
    long operations = result.getMetadata().getAllOps();
    results.add(new ScalarResult(PROCESSOR, taken / operations, "ms/op", AggregationPolicy.AVG));
    try {
      if (!Double.isNaN(before)) {
        double grown = megabytes("VmHWM:") - before;
        results.add(new ScalarResult(MEMORY, Math.max(0, grown), "MB", AggregationPolicy.MAX));
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
