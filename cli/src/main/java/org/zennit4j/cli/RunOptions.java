/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.LibTorch;
import picocli.CommandLine.Option;

/** Where and on how many threads LibTorch runs. */
final class RunOptions {
  @Option(names = "--device", paramLabel = "DEVICE", description = "cpu (default), cuda or cuda:N.")
  private String device = "cpu";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads inside an operator; by default LibTorch decides.")
  private Integer threads;

  String device() {
    if (!device.matches("cpu|cuda(:\\d{1,4})?")) {
      throw new UsageException("unknown --device '" + device + "'; use cpu, cuda or cuda:N");
    }
    return device;
  }

  /** Loads LibTorch, demands that the device is there, and sets the threads. */
  void start() {
    if (threads != null && (threads < 1 || threads > 1024)) {
      throw new UsageException("--threads is a number from 1 on, not " + threads);
    }
    LibTorch.load();
    Devices.check(device());
    if (threads != null) {
      torch.set_num_threads(threads);
    }
  }
}
