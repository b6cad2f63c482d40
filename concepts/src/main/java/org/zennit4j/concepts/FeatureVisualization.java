/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.ProgressListener;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

/**
 * Walks through a dataset and keeps, for each channel of some layers, the samples in which it has
 * most relevance or activation: zennit-crp's {@code FeatureVisualization}, with its files.
 *
 * <p>In a folder lie {@code RelMax_sum_normed/LAYER_data.npy} (sample numbers), {@code _rel.npy}
 * (values) and {@code _rf.npy} (neurons), {@code ActMax_sum_normed/} likewise; {@code
 * RelStats_sum_normed/targets.npy} with the targets and {@code
 * RelStats_sum_normed/LAYER/TARGET_data.npy} and so on with the samples of one target, {@code
 * ActStats_sum_normed/} likewise. Without normalisation the names end in {@code unnormed}. A walk
 * that was broken off goes on where its last checkpoint was; one that is complete is not done
 * again.
 */
public final class FeatureVisualization {
  /** How a channel's values in space become one. */
  public enum MaxTarget {
    /** Their sum. */
    SUM,
    /** The highest. */
    MAX
  }

  /** What makes a sample a good reference. */
  public enum Mode {
    /** The channel's relevance for the sample's target. */
    RELEVANCE,
    /** The channel's activation. */
    ACTIVATION
  }

  /**
   * How references are kept.
   *
   * @param maxTarget how a channel's values in space become one
   * @param absNorm whether each sample's channels are divided by the sum of their absolute values
   * @param kept how many samples for each channel
   */
  public record Settings(MaxTarget maxTarget, boolean absNorm, int kept) {
    /**
     * Sums, normalised, 40 samples, as zennit-crp.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(MaxTarget.SUM, true, 40);
    }
  }

  private static final Pattern CHECKPOINT = Pattern.compile("(\\d+)_(\\d+)\\.done");

  private final ConditionalAttribution attribution;
  private final List<String> layers;
  private final Path folder;
  private final Settings settings;

  /**
   * Prepares a walk.
   *
   * @param attribution gives relevances; the caller closes it
   * @param layers whose channels are the concepts
   * @param folder where the files lie
   * @param settings how references are kept
   */
  public FeatureVisualization(
      ConditionalAttribution attribution, List<String> layers, Path folder, Settings settings) {
    this.attribution = attribution;
    this.layers = List.copyOf(layers);
    this.folder = folder;
    this.settings = settings;
  }

  private Path part(String name) {
    String target = settings.maxTarget() == MaxTarget.SUM ? "sum" : "max";
    return folder.resolve(name + "_" + target + (settings.absNorm() ? "_normed" : "_unnormed"));
  }

  private Path maxStem(Mode mode, String layer) {
    String name = mode == Mode.RELEVANCE ? "RelMax" : "ActMax";
    return part(name).resolve(ReferenceFiles.fileName(layer));
  }

  private Path statsStem(Mode mode, String layer, int target) {
    String name = mode == Mode.RELEVANCE ? "RelStats" : "ActStats";
    return part(name).resolve(ReferenceFiles.fileName(layer)).resolve(Integer.toString(target));
  }

  private static Path checkpoint(Path stem, int from, int to) {
    return stem.resolveSibling(stem.getFileName() + "_" + from + "_" + to);
  }

  /**
   * Whether a walk was completed in this folder, for these layers.
   *
   * @return true if all files are there
   */
  public boolean isComplete() {
    return layers.stream()
        .allMatch(
            layer ->
                ReferenceFiles.exist(maxStem(Mode.RELEVANCE, layer))
                    && ReferenceFiles.exist(maxStem(Mode.ACTIVATION, layer)));
  }

  /** What one part of the dataset gave, by the stem of its files. */
  private static final class Found {
    private final int kept;
    private final Map<Path, TopSamples> tops = new LinkedHashMap<>();

    Found(int kept) {
      this.kept = kept;
    }

    TopSamples at(Path stem) {
      return tops.computeIfAbsent(stem, s -> new TopSamples(kept));
    }
  }

  /**
   * Walks through the dataset.
   *
   * @param data the samples
   * @param batchSize how many run at once
   * @param checkpoint after how many samples files are written
   * @param listener hears how many samples are done, and can cancel: what was written stays
   * @throws CancelledException if the listener cancels
   */
  public void run(ConceptData data, int batchSize, int checkpoint, ProgressListener listener) {
    if (isComplete()) {
      return;
    }
    ReferenceFiles.create(folder);
    Map<Integer, Integer> done = new TreeMap<>();
    for (String name : ReferenceFiles.names(folder)) {
      Matcher matcher = CHECKPOINT.matcher(name);
      if (matcher.matches()) {
        done.put(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
      }
    }
    int from = 0;
    List<int[]> parts = new ArrayList<>();
    while (from < data.size()) {
      Integer to = done.get(from);
      if (to == null || to > data.size()) {
        to = Math.min(data.size(), from + checkpoint);
        walk(data, from, to, batchSize, listener);
      }
      parts.add(new int[] {from, to});
      from = to;
    }
    merge(data, parts);
  }

  private void walk(ConceptData data, int from, int to, int batchSize, ProgressListener listener) {
    Found found = new Found(settings.kept());
    for (int first = from; first < to; first += batchSize) {
      int last = Math.min(to, first + batchSize);
      batch(data, first, last, found);
      if (!listener.onProgress(last, data.size())) {
        throw new CancelledException(last, data.size());
      }
    }
    found.tops.forEach(
        (stem, top) -> ReferenceFiles.write(checkpoint(stem, from, to), top.references()));
    try {
      Files.writeString(folder.resolve(from + "_" + to + ".done"), "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void batch(ConceptData data, int first, int last, Found found) {
    try (PointerScope scope = new PointerScope()) {
      List<Condition> conditions = new ArrayList<>();
      List<Integer> samples = new ArrayList<>();
      List<Integer> targets = new ArrayList<>();
      List<Boolean> once = new ArrayList<>();
      for (int sample = first; sample < last; sample++) {
        int[] own = data.targets(sample);
        for (int k = 0; k < own.length; k++) {
          conditions.add(Condition.y(own[k]));
          samples.add(sample);
          targets.add(own[k]);
          once.add(k == 0);
        }
      }
      if (samples.isEmpty()) {
        return;
      }
      int start = first;
      long[] rows = samples.stream().mapToLong(sample -> sample - start).toArray();
      Tensor inputs = data.inputs(first, last);
      Tensor index = Tensor.create(rows, rows.length).to(inputs.device(), ScalarType.Long);
      ConditionalOptions options =
          ConditionalOptions.defaults()
              .withRecordLayer(layers)
              .withExcludeParallel(false)
              .withBatchSize(rows.length);
      try (ConditionalResult result =
          attribution.attribute(inputs.index_select(0, index), conditions, options)) {
        for (String layer : layers) {
          Rows relevance = rows(result.relevances().get(layer));
          Rows activation = rows(result.activations().get(layer));
          for (int row = 0; row < samples.size(); row++) {
            int target = targets.get(row);
            relevance.addTo(found.at(maxStem(Mode.RELEVANCE, layer)), row, samples.get(row));
            relevance.addTo(
                found.at(statsStem(Mode.RELEVANCE, layer, target)), row, samples.get(row));
            activation.addTo(
                found.at(statsStem(Mode.ACTIVATION, layer, target)), row, samples.get(row));
            if (once.get(row)) {
              activation.addTo(found.at(maxStem(Mode.ACTIVATION, layer)), row, samples.get(row));
            }
          }
        }
      }
    }
  }

  /** One value and one neuron for each row and channel. */
  private static final class Rows {
    private final float[] values;
    private final long[] neurons;
    private final int channels;

    Rows(float[] values, long[] neurons, int channels) {
      this.values = values;
      this.neurons = neurons;
      this.channels = channels;
    }

    void addTo(TopSamples top, int row, int sample) {
      long[] own = new long[channels];
      Arrays.fill(own, sample);
      top.add(
          new long[][] {own},
          new float[][] {Arrays.copyOfRange(values, row * channels, (row + 1) * channels)},
          new long[][] {Arrays.copyOfRange(neurons, row * channels, (row + 1) * channels)});
    }
  }

  private Rows rows(Tensor atLayer) {
    try (PointerScope scope = new PointerScope()) {
      Tensor values =
          settings.maxTarget() == MaxTarget.SUM
              ? ChannelConcept.attribute(atLayer, settings.absNorm())
              : ChannelConcept.highest(atLayer, settings.absNorm());
      Tensor neurons = ChannelConcept.neuron(atLayer);
      return new Rows(
          NdArray.of(values).toFloats(),
          NdArray.of(neurons).toLongs(),
          Math.toIntExact(atLayer.size(1)));
    }
  }

  /** Puts the checkpoints together and deletes them. */
  private void merge(ConceptData data, List<int[]> parts) {
    TreeSet<Integer> targets = new TreeSet<>();
    for (int sample = 0; sample < data.size(); sample++) {
      IntStream.of(data.targets(sample)).forEach(targets::add);
    }
    List<Path> stats = new ArrayList<>();
    List<Path> maxima = new ArrayList<>();
    for (Mode mode : Mode.values()) {
      for (String layer : layers) {
        maxima.add(maxStem(mode, layer));
        targets.forEach(target -> stats.add(statsStem(mode, layer, target)));
      }
    }
    // The maxima come last: where they are, the walk is complete.
    List<Path> stems = new ArrayList<>(stats);
    stems.addAll(maxima);
    for (Path stem : stems) {
      TopSamples all = new TopSamples(settings.kept());
      for (int[] part : parts) {
        Path piece = checkpoint(stem, part[0], part[1]);
        if (ReferenceFiles.exist(piece)) {
          all.add(ReferenceFiles.read(piece));
        }
      }
      ReferenceFiles.write(stem, all.references());
    }
    for (Mode mode : Mode.values()) {
      String name = mode == Mode.RELEVANCE ? "RelStats" : "ActStats";
      Npy.writeTexts(
          part(name).resolve("targets.npy"), targets.stream().map(String::valueOf).toList());
    }
    for (int[] part : parts) {
      stems.forEach(stem -> ReferenceFiles.delete(checkpoint(stem, part[0], part[1])));
      try {
        Files.deleteIfExists(folder.resolve(part[0] + "_" + part[1] + ".done"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * The samples that show each channel best: zennit-crp's {@code get_max_reference}.
   *
   * @param layer its name
   * @param mode by relevance or by activation
   * @return for all channels
   * @throws Zennit4jException if the walk was not done
   */
  public References maxReference(String layer, Mode mode) {
    return ReferenceFiles.read(maxStem(mode, layer));
  }

  /**
   * The samples of one target that show each channel best: zennit-crp's {@code
   * get_stats_reference}.
   *
   * @param layer its name
   * @param target one of the targets of the dataset
   * @param mode by relevance or by activation
   * @return for all channels
   * @throws Zennit4jException if the walk was not done, or there is no such target
   */
  public References statsReference(String layer, int target, Mode mode) {
    return ReferenceFiles.read(statsStem(mode, layer, target));
  }
}
