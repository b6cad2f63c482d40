/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.requests.NdArray;

/**
 * How fast a run is, against a bare loop over the same batches, which are in memory. Both take
 * turns, and each begins every other turn. Arguments are a dataset of Fashion-MNIST, the size of
 * batches, how often, a folder that is filled, how many samples (0: all), the network (see {@link
 * Fashion.Network}), and the level of packing if it is not the default's.
 *
 * <p>On Linux it also says what the threads did: seconds that they computed and, after the plus,
 * seconds that they could have but others had the processor, as on a busy machine.
 */
final class DatasetRate {
  private final SampleSource source;
  private final Fashion fashion;
  private final DatasetRun run;
  private final List<Batch> batches;

  private DatasetRate(SampleSource source, Fashion fashion, int size, int samples, int level) {
    this.source = source;
    this.fashion = fashion;
    this.run =
        fashion
            .run(source)
            .withBatchSize(size)
            .withLimit(samples)
            .withFormat(DatasetRun.Format.HDF5, level);
    this.batches = batches(size, samples);
  }

  private record Batch(NdArray input, List<Integer> classes) {
    Target target() {
      return Target.classes(classes.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  /** Seconds by the clock, and what the threads did. */
  private record Took(double seconds, Map<String, ThreadTimes.Seconds> threads) {
    static Took by(Runnable work) {
      long start = System.nanoTime();
      double[] seconds = new double[1];
      Map<String, ThreadTimes.Seconds> threads =
          ThreadTimes.during(
              () -> {
                work.run();
                seconds[0] = (System.nanoTime() - start) * 1e-9;
              });
      return new Took(seconds[0], threads);
    }

    double computing() {
      return threads.values().stream().mapToDouble(ThreadTimes.Seconds::computing).sum();
    }

    @Override
    public String toString() {
      return threads.entrySet().stream()
          .filter(thread -> thread.getValue().computing() >= 0.01)
          .map(
              thread ->
                  String.format(
                      Locale.ROOT,
                      "%s %.2f+%.2f",
                      thread.getKey(),
                      thread.getValue().computing(),
                      thread.getValue().queued()))
          .collect(Collectors.joining(", "));
    }
  }

  /** Prints both rates and the ratio, a line a round, and the medians. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) {
    int size = Integer.parseInt(args[1]);
    int rounds = Integer.parseInt(args[2]);
    int limit = args.length > 4 ? Integer.parseInt(args[4]) : 0;
    Fashion.Network network =
        args.length > 5 ? Fashion.Network.valueOf(args[5]) : Fashion.Network.BUNDLED;
    int level = args.length > 6 ? Integer.parseInt(args[6]) : 0;
    try (SampleSource source = SampleSources.open(Path.of(args[0]), SourceOptions.defaults());
        Fashion fashion = new Fashion(network)) {
      int samples = limit == 0 ? source.size() : limit;
      System.out.println(
          samples + " samples in batches of " + size + ", threads " + torch.get_num_threads());
      DatasetRate rate = new DatasetRate(source, fashion, size, samples, level);
      double[] ratios = new double[rounds];
      double[] ratiosOfComputing = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        Path output = Path.of(args[3]).resolve("round-" + round);
        Took loop = round % 2 == 0 ? Took.by(rate::loop) : null;
        Took run = Took.by(() -> rate.run.run(output));
        loop = loop == null ? Took.by(rate::loop) : loop;
        ratios[round] = loop.seconds / run.seconds;
        ratiosOfComputing[round] = loop.computing() / run.computing();
        System.out.printf(
            Locale.ROOT,
            "loop %.0f/s, run %.0f/s, ratio %.3f; of the seconds computed %.2f/%.2f = %.3f%n",
            samples / loop.seconds,
            samples / run.seconds,
            ratios[round],
            loop.computing(),
            run.computing(),
            ratiosOfComputing[round]);
        System.out.println("  loop: " + loop + "\n  run: " + run);
      }
      System.out.printf(
          Locale.ROOT,
          "ratio %s, of the seconds computed %s%n",
          quartiles(ratios),
          quartiles(ratiosOfComputing));
    }
  }

  private static String quartiles(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%.3f (%.3f to %.3f)",
        sorted[sorted.length / 2],
        sorted[sorted.length / 4],
        sorted[3 * sorted.length / 4]);
  }

  private List<Batch> batches(int size, int samples) {
    List<Batch> all = new ArrayList<>();
    for (int first = 0; first < samples; first += size) {
      List<NdArray> inputs = new ArrayList<>();
      List<Integer> classes = new ArrayList<>();
      for (int i = 0; i < Math.min(size, samples - first); i++) {
        Sample sample = source.read(first + i);
        inputs.add(Fashion.PREPARATION.of(sample).input());
        classes.add(sample.label().orElseThrow());
      }
      all.add(new Batch(Preparation.stack(inputs), classes));
    }
    return all;
  }

  private void loop() {
    for (Batch batch : batches) {
      try (PointerScope scope = new PointerScope()) {
        Tensor input = batch.input.toTensor();
        try (Attribution attribution = fashion.explainer().explain(input, batch.target())) {
          attribution.relevance().numel();
        }
      }
    }
  }
}
