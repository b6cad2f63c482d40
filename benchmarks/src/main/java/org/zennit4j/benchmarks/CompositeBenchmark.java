/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import java.util.List;
import java.util.Map;
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
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;

/** One attribution with a composite, "gradient" without any. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CompositeBenchmark {
  static final List<String> NETWORKS =
      List.of(
          "vgg16", "vgg16_bn", "resnet50", "efficientnet_lite0", "mobilenet_v2", "vit_b_16", "ecg");

  /** Values of pictures that are normalised as torchvision's. */
  private static final double LOW = -2.2;

  private static final double HIGH = 2.7;

  /** The network. */
  @Param({"vgg16", "vgg16_bn", "resnet50", "efficientnet_lite0", "mobilenet_v2", "vit_b_16", "ecg"})
  public String network;

  /** What explains it. */
  @Param({
    "gradient",
    "epsilon_plus",
    "epsilon_plus_flat",
    "epsilon_alpha2_beta1",
    "epsilon_gamma_box",
    "guided_backprop"
  })
  public String composite;

  /** Samples at once. */
  @Param({"1", "4", "16"})
  public int batch;

  private Explaining explaining;

  /** Loads the network. */
  @Setup(Level.Trial)
  public void open() {
    explaining =
        new Explaining(
            network,
            batch,
            model ->
                composite.equals("gradient")
                    ? Plan.gradient(model)
                    : Plan.of(model, COMPOSITES.get(composite).get()));
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

  private interface Making {
    Composite get();
  }

  private static final Map<String, Making> COMPOSITES =
      Map.of(
          "epsilon_plus", () -> canonized(Composites.epsilonPlus()),
          "epsilon_plus_flat", () -> canonized(Composites.epsilonPlusFlat()),
          "epsilon_alpha2_beta1", () -> canonized(Composites.epsilonAlpha2Beta1()),
          "epsilon_gamma_box", () -> canonized(Composites.epsilonGammaBox(LOW, HIGH)),
          "guided_backprop", Composites::guidedBackprop);

  private static Composite canonized(Composite composite) {
    return composite.withCanonizers(
        new Canonizer[] {Canonizers.mergeBatchNorm(), Canonizers.residualSum()});
  }
}
