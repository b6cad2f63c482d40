/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The networks: files that make_models.py makes. */
final class Models {
  static final String PROPERTY = "zennit4j.models";

  private Models() {}

  static Path folder() {
    return Path.of(System.getProperty(PROPERTY, "benchmarks/models"));
  }

  static Path file(String network) {
    return folder().resolve(network + ".pt");
  }

  static boolean has(String network) {
    return Files.isRegularFile(file(network));
  }

  /** Those of some that have a file. */
  static List<String> present(List<String> networks) {
    return networks.stream().filter(Models::has).toList();
  }

  /** The shape of one sample, as make_models.py has it. */
  static long[] shape(String network) {
    return switch (network) {
      case "layer_linear" -> new long[] {1024};
      case "layer_conv3x3", "layer_conv1x1", "layer_depthwise" -> new long[] {64, 56, 56};
      case "ecg" -> new long[] {1, 256};
      default -> new long[] {3, 224, 224};
    };
  }
}
