/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.datasets.Preparation;
import org.zennit4j.datasets.Sample;
import org.zennit4j.datasets.SampleException;
import org.zennit4j.datasets.SampleSource;
import org.zennit4j.datasets.SampleSources;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/** The samples of a dataset as a network takes them. */
final class LoadedSamples implements AutoCloseable {
  private final SampleSource source;
  private final Preprocessing preprocessing;
  private final ScriptModel network;
  private final int size;

  private LoadedSamples(
      SampleSource source, Preprocessing preprocessing, ScriptModel network, int size) {
    this.source = source;
    this.preprocessing = preprocessing;
    this.network = network;
    this.size = size;
  }

  /** How pictures become inputs where no option says it: files as ImageNet's, arrays by 1/255. */
  static Preprocessing standard(Path input) {
    boolean files = Files.isDirectory(input) || input.toString().endsWith(".csv");
    return files ? Preprocessing.IMAGENET : Preprocessing.UNIT;
  }

  static LoadedSamples open(
      Path input,
      SampleOptions options,
      Labels names,
      boolean upright,
      Preprocessing preprocessing,
      ScriptModel network,
      Integer limit) {
    if (limit != null && limit < 1) {
      throw new UsageException("--limit is 1 or more, not " + limit);
    }
    SampleSource source = SampleSources.open(input, options.source(names, upright));
    int size = limit == null ? source.size() : Math.min(limit, source.size());
    return new LoadedSamples(source, preprocessing, network, size);
  }

  int size() {
    return size;
  }

  List<String> classes() {
    return source.classes();
  }

  OptionalInt label(int index) {
    return source.label(index);
  }

  boolean hasLabels() {
    for (int i = 0; i < size; i++) {
      if (source.label(i).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  String id(int index) {
    return source.id(index);
  }

  /** A batch as the network takes it, in the caller's innermost scope. */
  Tensor inputs(int from, int to) {
    Preparation preparation = Preparation.of(preprocessing);
    TensorVector all = new TensorVector(to - from);
    long[] shape = null;
    for (int i = from; i < to; i++) {
      Tensor one = preparation.of(source.read(i)).input().toTensor();
      if (shape != null && !Arrays.equals(shape, one.shape())) {
        throw new SampleException(
            id(i)
                + ": its shape is "
                + Arrays.toString(one.shape())
                + ", that of the sample before "
                + Arrays.toString(shape),
            null);
      }
      shape = one.shape();
      all.put(i - from, one);
    }
    return ModelOptions.fitting(torch.stack(all, 0), network);
  }

  /** All samples at once. */
  Tensor inputs() {
    TensorVector parts = new TensorVector();
    List<Tensor> kept = new ArrayList<>();
    try {
      for (int from = 0; from < size; from += 64) {
        try (PointerScope scope = new PointerScope()) {
          kept.add(Natives.keep(inputs(from, Math.min(size, from + 64))));
        }
      }
      kept.forEach(parts::push_back);
      return torch.cat(parts, 0);
    } finally {
      kept.forEach(Natives::release);
    }
  }

  /** What there is to see of a sample: nothing for arrays. */
  Optional<RgbImage> picture(int index) {
    Sample sample = source.read(index);
    return sample.picture().map(preprocessing::photo);
  }

  @Override
  public void close() {
    source.close();
  }
}
