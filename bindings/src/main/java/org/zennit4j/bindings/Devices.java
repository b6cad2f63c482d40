/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The devices on which models run, by name: {@code cpu}, {@code cuda} (the same as {@code cuda:0}),
 * {@code cuda:N}.
 *
 * <p>A fourth name, {@code meta}, stands for LibTorch's device of tensors that have a shape and a
 * dtype but no values. Whatever reads a value there fails, so that it shows, on a machine without
 * GPU, that a computation never leaves its device.
 *
 * <p>All methods are thread-safe.
 */
public final class Devices {
  private static final String NAMES = "cpu|meta|cuda(:\\d{1,2})?";

  private Devices() {}

  /**
   * The devices that this machine and this LibTorch have.
   *
   * @return {@code cpu} first, then {@code cuda:0} and so on
   * @throws Zennit4jException if LibTorch cannot be loaded
   */
  public static List<String> available() {
    LibTorch.load();
    List<String> names = new ArrayList<>();
    names.add("cpu");
    for (int i = 0; i < cudaDevices(); i++) {
      names.add("cuda:" + i);
    }
    return List.copyOf(names);
  }

  /**
   * Demands that a device can be used.
   *
   * @param name {@code cpu}, {@code cuda}, {@code cuda:N} or {@code meta}
   * @throws Zennit4jException if the name is another, or there is no such device; one line that
   *     says what is there
   */
  public static void check(String name) {
    LibTorch.load();
    if (!name.matches(NAMES)) {
      throw new Zennit4jException("unknown device '" + name + "'; use cpu, cuda or cuda:N");
    }
    if (!name.startsWith("cuda")) {
      return;
    }
    int count = cudaDevices();
    if (count == 0) {
      throw new Zennit4jException(
          "device "
              + name
              + " was asked for, but CUDA is not available: it needs an NVIDIA driver and LibTorch's"
              + " natives for CUDA (zennit4j-platform-gpu); or use cpu");
    }
    if (index(name) >= count) {
      throw new Zennit4jException(
          "device "
              + name
              + " was asked for, but there "
              + (count == 1 ? "is only cuda:0" : "are only cuda:0 to cuda:" + (count - 1)));
    }
  }

  /**
   * LibTorch's object for a name.
   *
   * @param name as in {@link #check}
   * @return a device with its number, in the caller's innermost scope
   * @throws Zennit4jException as in {@link #check}
   */
  public static Device of(String name) {
    check(name);
    return new Device(name.startsWith("cuda") ? "cuda:" + index(name) : name);
  }

  /**
   * Waits until a tensor's values are computed, so that work on other CUDA streams may use it. What
   * is computed once and shared by all calls needs it; nothing happens on the CPU.
   *
   * @param tensor the tensor, or null
   */
  public static void finish(Tensor tensor) {
    if (tensor != null && tensor.defined() && tensor.is_cuda()) {
      try (Device device = tensor.device()) {
        torch.cuda_synchronize(device.index());
      }
    }
  }

  private static int index(String name) {
    int colon = name.indexOf(':');
    return colon < 0 ? 0 : Integer.parseInt(name.substring(colon + 1));
  }

  private static int cudaDevices() {
    return torch.cuda_is_available() ? torch.cuda_device_count() : 0;
  }
}
