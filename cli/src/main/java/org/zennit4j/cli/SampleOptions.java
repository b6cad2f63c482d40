/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import org.zennit4j.datasets.SourceOptions;
import picocli.CommandLine.Option;

/** Where the samples and labels of a dataset are. */
final class SampleOptions {
  @Option(
      names = "--data",
      paramLabel = "NAME",
      description = "The array of samples in an npz or HDF5 file; by default data, images or x.")
  private String data;

  @Option(
      names = "--label-data",
      paramLabel = "NAME",
      description = "The array of labels in it; by default label, labels, targets or y.")
  private String labelData;

  @Option(
      names = "--label-file",
      paramLabel = "FILE",
      description = "Labels for an npy or idx file: npy or idx, a number for each sample.")
  private Path labelFile;

  SourceOptions source(Labels names, boolean upright) {
    SourceOptions options =
        SourceOptions.defaults().withClassNames(names.names()).withUpright(upright);
    options = data == null ? options : options.withData(data);
    options = labelData == null ? options : options.withLabels(labelData);
    return labelFile == null ? options : options.withLabelFile(labelFile);
  }
}
