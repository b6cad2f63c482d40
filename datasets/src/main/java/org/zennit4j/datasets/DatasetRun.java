/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;

/**
 * Explains a whole dataset and writes relevance, outputs and labels to a folder.
 *
 * <p>Samples are read by other threads than the caller's, which explains batch by batch, and
 * another one writes. No more than a few batches are in memory. The result is the same whether a
 * run was interrupted or not, bit for bit, data set by data set.
 *
 * <p>Files: {@code input.h5} (data, label, index), {@code attribution.h5} (attribution, prediction,
 * label, index), {@code labels.json}, {@code project.yaml}, {@code table.csv}, and {@code
 * dataset.json}, which says how it was made. They are a project of ViRelAy if the samples are
 * pictures.
 *
 * <p>Immutable; each {@code with} returns another run.
 */
public final class DatasetRun {
  /** What is written. */
  public enum Format {
    /** input.h5 and attribution.h5, which ViRelAy and CoRelAy read. */
    HDF5,
    /** data.npy, attribution.npy, prediction.npy, label.npy, sample.npy. */
    NPY
  }

  /** Samples of a segment: a part costs some milliseconds, whatever it holds. */
  private static final int SEGMENT = 256;

  private static final int SMALL_SEGMENT = 512;
  private static final int SMALL_BYTES = 8 << 10;
  private static final int AHEAD = 2;
  private static final String RESULT = "dataset.json";

  /** What may be chosen; never changed once a run has it. */
  private static final class Settings implements Cloneable {
    private int batchSize = 32;
    private DatasetTarget target = DatasetTarget.label();
    private Format format = Format.HDF5;
    private int level;
    private boolean parquet;
    private boolean strict;
    private boolean resume;
    private int shard = 1;
    private int shards = 1;
    private int limit = Integer.MAX_VALUE;
    private int readers = Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors() - 1));
    private Map<String, Object> about = Map.of();
    private DatasetListener listener = new DatasetListener() {};

    Settings copy() {
      try {
        return (Settings) clone();
      } catch (CloneNotSupportedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private final SampleSource source;
  private final Preparation preparation;
  private final BatchExplainer explainer;
  private final Settings settings;

  private DatasetRun(
      SampleSource source, Preparation preparation, BatchExplainer explainer, Settings settings) {
    this.source = source;
    this.preparation = preparation;
    this.explainer = explainer;
    this.settings = settings;
  }

  /**
   * Makes a run: batches of 32, true labels, HDF5 that is not packed.
   *
   * @param source the samples; stays the caller's
   * @param preparation how samples become inputs
   * @param explainer what explains a batch
   * @return the run
   */
  public static DatasetRun of(
      SampleSource source, Preparation preparation, BatchExplainer explainer) {
    return new DatasetRun(
        Objects.requireNonNull(source),
        Objects.requireNonNull(preparation),
        Objects.requireNonNull(explainer),
        new Settings());
  }

  private DatasetRun with(Consumer<Settings> change) {
    Settings changed = settings.copy();
    change.accept(changed);
    return new DatasetRun(source, preparation, explainer, changed);
  }

  /**
   * Returns a run with another size of batches.
   *
   * @param size 1 or more
   * @return another run
   */
  public DatasetRun withBatchSize(int size) {
    if (size < 1) {
      throw new DatasetException("a batch has 1 sample or more, not " + size);
    }
    return with(s -> s.batchSize = size);
  }

  /**
   * Returns a run that explains other classes.
   *
   * @param target which class of each sample
   * @return another run
   */
  public DatasetRun withTarget(DatasetTarget target) {
    return with(s -> s.target = target);
  }

  /**
   * Returns a run that writes another format.
   *
   * @param format the format
   * @param level how hard HDF5 is packed: 0 not (the default), 1 fast, 9 best
   * @return another run
   */
  public DatasetRun withFormat(Format format, int level) {
    if (level < 0 || level > 9) {
      throw new DatasetException("the level of packing is 0 to 9, not " + level);
    }
    return with(
        s -> {
          s.format = format;
          s.level = level;
        });
  }

  /**
   * Returns a run that writes its table as {@code table.parquet} too. It takes
   * blue.strategic.parquet:parquet-floor on the class path, which is an optional dependency.
   *
   * @param parquet whether it does
   * @return another run
   */
  public DatasetRun withParquetTable(boolean parquet) {
    return with(s -> s.parquet = parquet);
  }

  /**
   * Returns a run that stops at a bad sample, or reports and skips it.
   *
   * @param strict whether it stops
   * @return another run
   */
  public DatasetRun withStrict(boolean strict) {
    return with(s -> s.strict = strict);
  }

  /**
   * Returns a run that goes on where an earlier one in the same folder stopped.
   *
   * @param resume whether it may
   * @return another run
   */
  public DatasetRun withResume(boolean resume) {
    return with(s -> s.resume = resume);
  }

  /**
   * Returns a run that does one of several equal shares. When all are done, in one folder, a run
   * without shards and with resume makes the result.
   *
   * @param shard from 1
   * @param shards how many
   * @return another run
   */
  public DatasetRun withShard(int shard, int shards) {
    if (shard < 1 || shard > shards) {
      throw new DatasetException("a shard is 1/N to N/N, not " + shard + "/" + shards);
    }
    return with(
        s -> {
          s.shard = shard;
          s.shards = shards;
        });
  }

  /**
   * Returns a run over the first samples only.
   *
   * @param samples how many at most
   * @return another run
   */
  public DatasetRun withLimit(int samples) {
    if (samples < 1) {
      throw new DatasetException("a limit is 1 or more, not " + samples);
    }
    return with(s -> s.limit = samples);
  }

  /**
   * Returns a run that writes down how it was made. A run that is resumed must be made in the same
   * way.
   *
   * @param about what {@link Json#write} writes, the same at each start: no times; the keys {@code
   *     model} and {@code method} name both in ViRelAy
   * @return another run
   */
  public DatasetRun withAbout(Map<String, Object> about) {
    return with(s -> s.about = new LinkedHashMap<>(about));
  }

  /**
   * Returns a run that says how far it is.
   *
   * @param listener hears it
   * @return another run
   */
  public DatasetRun withListener(DatasetListener listener) {
    return with(s -> s.listener = listener);
  }

  private int samples() {
    return Math.min(settings.limit, source.size());
  }

  /** Whole batches, so that a segment that is begun anew has the same ones. */
  private int segmentSize(NdArray like) {
    int samples = like.bytes().remaining() <= SMALL_BYTES ? SMALL_SEGMENT : SEGMENT;
    int batches = Math.max(1, (samples + settings.batchSize - 1) / settings.batchSize);
    return batches * settings.batchSize;
  }

  private Map<String, Object> plan(NdArray like) {
    Map<String, Object> plan = new LinkedHashMap<>();
    plan.put("samples", samples());
    plan.put("batch_size", settings.batchSize);
    plan.put("part_size", segmentSize(like));
    plan.put("target", settings.target.toString());
    plan.put("format", settings.format.name().toLowerCase(java.util.Locale.ROOT));
    plan.put("level", settings.level);
    plan.put("shape", like.shape());
    plan.put("strict", settings.strict);
    plan.put("about", sorted(settings.about));
    return plan;
  }

  /** Maps in the order of their keys: some have another one in each process. */
  private static Object sorted(Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> sorted = new TreeMap<>();
      map.forEach((key, one) -> sorted.put(String.valueOf(key), sorted(one)));
      return sorted;
    }
    return value instanceof List<?> list ? list.stream().map(DatasetRun::sorted).toList() : value;
  }

  /**
   * Runs.
   *
   * @param output a folder, made if it is absent; it must be empty unless the run resumes or does a
   *     shard
   * @return what was done
   * @throws SampleException at a bad sample if the run is strict
   * @throws DatasetException if the folder is not empty or was begun in another way, or something
   *     cannot be read or written
   */
  public DatasetSummary run(Path output) {
    Parts parts = new Parts(output);
    boolean complete = Files.exists(output.resolve(RESULT));
    check(output, complete);
    Preparation.Prepared like = first();
    Map<String, Object> plan = plan(like.input());
    String text = Json.write(plan) + "\n";
    int size = segmentSize(like.input());
    int segments = (samples() + size - 1) / size;
    if (!complete) {
      parts.open(text);
      try (RunLock lock = RunLock.of(output, settings.shards > 1)) {
        compute(parts, segments, like);
        if (missing(parts, segments) > 0 || !lock.alone()) {
          return summary(parts, size, false);
        }
        DatasetSummary summary = summary(parts, size, true);
        assemble(output, parts, segments, like.picture(), plan, summary);
        parts.delete();
        return summary;
      }
    }
    parts.delete();
    long[] counted = count(output.resolve("table.csv"));
    return new DatasetSummary(samples(), counted[0], counted[1], true);
  }

  private static long[] count(Path table) {
    long[] counted = new long[2];
    List<List<String>> rows = Csv.read(table);
    for (List<String> row : rows.subList(1, rows.size())) {
      counted[row.get(row.size() - 1).isEmpty() ? 0 : 1]++;
    }
    return counted;
  }

  private void check(Path output, boolean complete) {
    if (settings.resume) {
      return;
    }
    boolean sharing = settings.shards > 1 && !complete;
    if (sharing || !Files.exists(output)) {
      return;
    }
    if (!Files.isDirectory(output)) {
      throw new DatasetException(output + " is a file; give a folder");
    }
    try (Stream<Path> all = Files.list(output)) {
      if (all.findAny().isPresent()) {
        throw new DatasetException(
            output + " is not empty; give another folder, or resume what was begun in it");
      }
    } catch (IOException e) {
      throw new DatasetException("cannot read " + output + ": " + e.getMessage(), e);
    }
  }

  /** The first sample that can be read says what all are like. */
  private Preparation.Prepared first() {
    SampleException failure = null;
    for (int i = 0; i < samples(); i++) {
      try {
        return preparation.of(source.read(i));
      } catch (SampleException e) {
        failure = failure == null ? e : failure;
        if (settings.strict) {
          throw e;
        }
      }
    }
    throw new DatasetException(
        "no sample can be read; the first: " + failure.getMessage(), failure);
  }

  private static int missing(Parts parts, int segments) {
    int missing = 0;
    for (int i = 0; i < segments; i++) {
      missing += parts.has(i) ? 0 : 1;
    }
    return missing;
  }

  private DatasetSummary summary(Parts parts, int size, boolean complete) {
    long skipped = 0;
    long done = 0;
    for (int first = 0; first < samples(); first += size) {
      if (parts.has(first / size)) {
        skipped += parts.skipped(first / size);
        done += Math.min(size, samples() - first);
      }
    }
    return new DatasetSummary(samples(), done - skipped, skipped, complete);
  }

  /** A batch that is read, or will be. */
  private record Reading(int segment, boolean last, Future<Samples> samples) {}

  private void compute(Parts parts, int segments, Preparation.Prepared like) {
    int from = (int) ((long) segments * (settings.shard - 1) / settings.shards);
    int to = (int) ((long) segments * settings.shard / settings.shards);
    long done = 0;
    long total = 0;
    List<int[]> batches = new ArrayList<>();
    int most = segmentSize(like.input());
    for (int segment = from; segment < to; segment++) {
      int size = Math.min(most, samples() - segment * most);
      total += size;
      if (parts.has(segment)) {
        done += size;
        continue;
      }
      for (int at = 0; at < size; at += settings.batchSize) {
        int count = Math.min(settings.batchSize, size - at);
        batches.add(new int[] {segment, segment * most + at, count, at + count == size ? 1 : 0});
      }
    }
    settings.listener.onProgress(done, total);
    Explaining explaining =
        new Explaining(explainer, settings.target, settings.strict, settings.listener);
    ExecutorService readers =
        Executors.newFixedThreadPool(settings.readers, Daemons.named("reads samples"));
    try (PartsWriter writer = new PartsWriter(parts, settings.level)) {
      Deque<Reading> ahead = new ArrayDeque<>();
      int next = 0;
      while (next < batches.size() || !ahead.isEmpty()) {
        while (next < batches.size() && ahead.size() < settings.readers + AHEAD) {
          int[] batch = batches.get(next++);
          ahead.add(
              new Reading(
                  batch[0], batch[3] == 1, readers.submit(() -> read(batch[1], batch[2], like))));
        }
        Reading reading = ahead.remove();
        Samples samples = get(reading.samples);
        writer.put(
            new PartsWriter.Writing(reading.segment, reading.last, explaining.explain(samples)));
        done += samples.read().size() + samples.bad().size();
        settings.listener.onProgress(done, total);
      }
      writer.finish();
    } finally {
      Daemons.end(readers);
    }
  }

  private Samples read(int first, int count, Preparation.Prepared like) {
    boolean labelled = settings.target.kind() == DatasetTarget.Kind.LABEL;
    return Samples.read(source, preparation, first, count, like, labelled);
  }

  private static <T> T get(Future<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatasetException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new DatasetException("cannot read samples: " + e.getCause(), e);
    }
  }

  private void assemble(
      Path output,
      Parts parts,
      int segments,
      boolean pictures,
      Map<String, Object> plan,
      DatasetSummary summary) {
    if (summary.explained() == 0) {
      throw new DatasetException("no sample could be explained; " + parts.table(0) + " says why");
    }
    Assembly assembly = new Assembly(output, parts, segments);
    if (settings.format == Format.HDF5) {
      try (JoinedParts joined = new JoinedParts(output, parts, settings.level)) {
        joined.finish(segments);
        ProjectFiles.labels(output.resolve("labels.json"), source.classes(), joined.classes());
      }
      if (pictures) {
        ProjectFiles.project(
            output.resolve("project.yaml"),
            String.valueOf(output.toAbsolutePath().getFileName()),
            String.valueOf(settings.about.getOrDefault("model", "model")),
            String.valueOf(settings.about.getOrDefault("method", "relevance")),
            settings.target.strategy(),
            false);
      }
    } else {
      assembly.npy();
    }
    assembly.table();
    if (settings.parquet) {
      assembly.parquet();
    }
    Map<String, Object> result = new LinkedHashMap<>(plan);
    result.put("explained", summary.explained());
    result.put("skipped", summary.skipped());
    result.put("classes", source.classes());
    Parts.writeWhole(output.resolve(RESULT), Json.write(result) + "\n");
  }
}
