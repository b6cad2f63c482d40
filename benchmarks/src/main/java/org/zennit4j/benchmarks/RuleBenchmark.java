/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;

/** Forward and back through a single layer with a rule, "gradient" without any. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RuleBenchmark {
  static final List<String> LAYERS =
      List.of("layer_linear", "layer_conv3x3", "layer_conv1x1", "layer_depthwise");

  /** The layer. */
  @Param({"layer_linear", "layer_conv3x3", "layer_conv1x1", "layer_depthwise"})
  public String layer;

  /** The rule, with its defaults. */
  @Param({"gradient", "epsilon", "zplus", "gamma", "alpha_beta", "flat", "wsquare", "zbox"})
  public String rule;

  /** Samples at once. */
  @Param({"1", "4", "16"})
  public int batch;

  private Explaining explaining;

  /** Loads the layer. */
  @Setup(Level.Trial)
  public void open() {
    explaining =
        new Explaining(
            layer,
            batch,
            model -> {
              if (rule.equals("gradient")) {
                return Plan.gradient(model);
              }
              Map<String, Object> arguments =
                  rule.equals("zbox") ? Map.of("low", 0.0, "high", 1.0) : Map.of();
              Rule chosen = Rules.standard().get(rule).create(arguments);
              Composite everywhere =
                  (context, name, one) -> name.equals("0") ? Optional.of(chosen) : Optional.empty();
              return Plan.of(model, everywhere);
            });
  }

  /** Closes it. */
  @TearDown(Level.Trial)
  public void close() {
    explaining.close();
  }

  /**
   * Explains a batch.
   *
   * @return the number of relevances
   */
  @Benchmark
  public long explain() {
    return explaining.relevance();
  }
}
