/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The modes of a thread in which a model runs an operator: a block of Python such as {@code with
 * torch.no_grad()} that the file kept.
 *
 * @param records whether gradients flow through it
 * @param autocast the autocast block around it, or null if there is none
 */
public record OperatorMode(boolean records, Autocast autocast) {
  /** As any operator runs. */
  public static final OperatorMode PLAIN = new OperatorMode(true, null);

  /**
   * An autocast block.
   *
   * @param device the kind of device that it is for
   * @param dtype the lower precision, or null for the device's own
   * @param enabled whether it switches autocast on
   */
  public record Autocast(DeviceType device, ScalarType dtype, boolean enabled) {}

  public OperatorMode withRecords(boolean value) {
    return new OperatorMode(value, autocast);
  }

  public OperatorMode withAutocast(Autocast value) {
    return new OperatorMode(records, value);
  }

  /** What was before, to be put back on the same thread. */
  public interface Guard extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Enters the modes.
   *
   * @return leaves them again; null for plain ones
   */
  public Guard enter() {
    if (records && autocast == null) {
      return null;
    }
    AutoGradMode gradients = records ? null : new AutoGradMode(false);
    if (autocast == null) {
      return () -> close(gradients);
    }
    boolean was = torch.is_autocast_enabled(autocast.device);
    ScalarType dtype = torch.get_autocast_dtype(autocast.device);
    boolean cached = torch.is_autocast_cache_enabled();
    torch.set_autocast_enabled(autocast.device, autocast.enabled);
    // A cached copy of a weight would outlive the block.
    torch.set_autocast_cache_enabled(false);
    if (autocast.dtype != null) {
      torch.set_autocast_dtype(autocast.device, autocast.dtype);
    }
    return () -> {
      torch.set_autocast_enabled(autocast.device, was);
      torch.set_autocast_dtype(autocast.device, dtype);
      torch.set_autocast_cache_enabled(cached);
      close(gradients);
    };
  }

  private static void close(AutoGradMode mode) {
    if (mode != null) {
      mode.close();
    }
  }
}
