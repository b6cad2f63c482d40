/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.zennit4j.datasets.DatasetRun;
import org.zennit4j.datasets.DatasetTarget;
import org.zennit4j.datasets.SourceOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a dataset is, and how its result is written. */
final class DatasetOptions {
  private static final Pattern SHARD = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  @Mixin private SampleOptions samples;

  @Option(
      names = "--target",
      paramLabel = "label|prediction|CLASS",
      description =
          "Which class of each sample is explained: its true label (default, where the dataset has "
              + "labels), the prediction, or a class by number or name.")
  private String target;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Samples in a pass (default ${DEFAULT-VALUE}).")
  private int batchSize = 32;

  @Option(
      names = "--format",
      paramLabel = "hdf5|npy",
      description = "hdf5 (default), which ViRelAy and CoRelAy read, or npy.")
  private String format = "hdf5";

  @Option(
      names = "--compression",
      paramLabel = "0..9",
      description = "How hard HDF5 is packed: 0 not (default), 1 fast, 9 best.")
  private int compression;

  @Option(names = "--parquet", description = "Write the table as table.parquet too.")
  private boolean parquet;

  @Option(
      names = {"--limit", "--max-samples"},
      paramLabel = "N",
      description = "Only the first N samples.")
  private Integer limit;

  @Option(
      names = "--resume",
      description = "Go on where an earlier run into the same folder stopped, however it did.")
  private boolean resume;

  @Option(
      names = "--strict",
      description = "Stop at a sample that cannot be read or explained; else it is skipped.")
  private boolean strict;

  @Option(
      names = "--shards",
      paramLabel = "K/N",
      description =
          "Do the K-th of N equal shares, for several machines. When all are done and their parts "
              + "lie in one folder, run once with --resume and without --shards.")
  private String shards;

  SourceOptions source(Labels names, boolean upright) {
    return samples.source(names, upright);
  }

  void check() {
    if (batchSize < 1) {
      throw new UsageException("--batch-size is 1 or more, not " + batchSize);
    }
    if (compression < 0 || compression > 9) {
      throw new UsageException("--compression is 0 to 9, not " + compression);
    }
    if (limit != null && limit < 1) {
      throw new UsageException("--limit is 1 or more, not " + limit);
    }
    format();
    shard();
  }

  /** Whether the result can be read as {@code DatasetResult}. */
  boolean isHdf5() {
    return format() == DatasetRun.Format.HDF5;
  }

  private DatasetRun.Format format() {
    return switch (format.toLowerCase(Locale.ROOT)) {
      case "hdf5" -> DatasetRun.Format.HDF5;
      case "npy" -> DatasetRun.Format.NPY;
      default -> throw new UsageException("--format is hdf5 or npy, not '" + format + "'");
    };
  }

  private int[] shard() {
    if (shards == null) {
      return new int[] {1, 1};
    }
    Matcher matcher = SHARD.matcher(shards);
    if (!matcher.matches()) {
      throw new UsageException("--shards is K/N, such as 1/4, not '" + shards + "'");
    }
    int k = Integer.parseInt(matcher.group(1));
    int n = Integer.parseInt(matcher.group(2));
    if (k < 1 || k > n) {
      throw new UsageException("--shards is 1/" + n + " to " + n + "/" + n + ", not " + shards);
    }
    return new int[] {k, n};
  }

  /** What is explained. */
  DatasetTarget target(Labels names, boolean labelled) {
    if (target == null) {
      return labelled ? DatasetTarget.label() : DatasetTarget.prediction();
    }
    return switch (target.toLowerCase(Locale.ROOT)) {
      case "label" -> {
        if (!labelled) {
          throw new UsageException("--target label: the dataset has no labels; use prediction");
        }
        yield DatasetTarget.label();
      }
      case "prediction" -> DatasetTarget.prediction();
      default ->
          DatasetTarget.of(
              target.matches("\\d{1,9}") ? Integer.parseInt(target) : names.find(target));
    };
  }

  DatasetRun applied(DatasetRun run) {
    int[] shard = shard();
    DatasetRun changed =
        run.withBatchSize(batchSize)
            .withFormat(format(), compression)
            .withParquetTable(parquet)
            .withResume(resume)
            .withStrict(strict)
            .withShard(shard[0], shard[1]);
    return limit == null ? changed : changed.withLimit(limit);
  }
}
