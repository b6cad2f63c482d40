/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.requests.NdArray;

/**
 * How fast a run is, against a bare loop over the same batches, which are in memory: arguments are
 * a dataset of Fashion-MNIST, the size of batches, how often, a folder that is filled, and the
 * level of packing if it is not the default's. On Linux it also says which threads the CPU's time
 * went to.
 */
final class DatasetRate {
  private DatasetRate() {}

  private record Batch(NdArray input, List<Integer> classes) {
    Target target() {
      return Target.classes(classes.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  /** Prints both rates and the ratio, a line a round. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) {
    int size = Integer.parseInt(args[1]);
    try (SampleSource source = SampleSources.open(Path.of(args[0]), SourceOptions.defaults());
        Fashion fashion = new Fashion()) {
      System.out.println(
          source.size()
              + " samples in batches of "
              + size
              + ", threads "
              + torch.get_num_threads());
      List<Batch> batches = batches(source, size);
      for (int round = 0; round < Integer.parseInt(args[2]); round++) {
        double before = cpu();
        double bare = loop(fashion, batches);
        double between = cpu();
        long start = System.nanoTime();
        DatasetRun dataset = fashion.run(source).withBatchSize(size);
        if (args.length > 4) {
          dataset = dataset.withFormat(DatasetRun.Format.HDF5, Integer.parseInt(args[4]));
        }
        DatasetRun timed = dataset;
        Path output = Path.of(args[3]).resolve("round-" + round);
        Map<String, Double> threads = ThreadTimes.during(() -> timed.run(output));
        double run = (System.nanoTime() - start) * 1e-9;
        System.out.printf(
            Locale.ROOT,
            "loop %.0f/s, run %.0f/s, ratio %.3f; CPU seconds %.1f, %.1f%n",
            source.size() / bare,
            source.size() / run,
            bare / run,
            between - before,
            cpu() - between);
        System.out.println("  " + threads);
      }
    }
  }

  private static double cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis() * 1e-3;
  }

  private static List<Batch> batches(SampleSource source, int size) {
    List<Batch> batches = new ArrayList<>();
    for (int first = 0; first < source.size(); first += size) {
      List<NdArray> inputs = new ArrayList<>();
      List<Integer> classes = new ArrayList<>();
      for (int i = 0; i < Math.min(size, source.size() - first); i++) {
        Sample sample = source.read(first + i);
        inputs.add(Fashion.PREPARATION.of(sample).input());
        classes.add(sample.label().orElseThrow());
      }
      batches.add(new Batch(Preparation.stack(inputs), classes));
    }
    return batches;
  }

  private static double loop(Fashion fashion, List<Batch> batches) {
    long start = System.nanoTime();
    for (Batch batch : batches) {
      try (PointerScope scope = new PointerScope()) {
        Tensor input = batch.input.toTensor();
        try (Attribution attribution = fashion.explainer().explain(input, batch.target())) {
          attribution.relevance().numel();
        }
      }
    }
    return (System.nanoTime() - start) * 1e-9;
  }
}
