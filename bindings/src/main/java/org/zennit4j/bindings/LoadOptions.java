/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.Map;
import java.util.Set;

/**
 * How a model is loaded.
 *
 * @param device {@code cpu}, {@code cuda} or {@code cuda:N}, see {@link Devices}
 * @param dtype the floating dtype to run in; {@link Dtype#AS_STORED} keeps the file's
 * @param allowTraining whether a model in training mode is accepted; otherwise it is put into
 *     evaluation mode if the file holds that branch
 * @param classTypes types of a user's own module classes, by class name as layers have it, or by
 *     its last part alone
 * @param checksums whether every entry of the file is read once more and compared with its CRC-32,
 *     which LibTorch does not do: a flipped bit in a weight gives other numbers without a word
 */
public record LoadOptions(
    String device,
    Dtype dtype,
    boolean allowTraining,
    Map<String, Set<String>> classTypes,
    boolean checksums) {
  /**
   * Copies the map.
   *
   * @param device {@link #device()}
   * @param dtype {@link #dtype()}
   * @param allowTraining {@link #allowTraining()}
   * @param classTypes {@link #classTypes()}
   * @param checksums {@link #checksums()}
   */
  public LoadOptions {
    classTypes = Map.copyOf(classTypes);
  }

  /**
   * The types that were given to a class.
   *
   * @param className as layers have it, such as {@code nets.MyConv}
   * @return those of the whole name, else those of its last part ({@code MyConv}), else null
   */
  public Set<String> typesOf(String className) {
    Set<String> types = classTypes.get(className);
    return types != null
        ? types
        : classTypes.get(className.substring(className.lastIndexOf('.') + 1));
  }

  /**
   * On the CPU, in the stored dtype, evaluation mode demanded, no types for own classes, checksums
   * compared.
   *
   * @return the defaults
   */
  public static LoadOptions defaults() {
    return new LoadOptions("cpu", Dtype.AS_STORED, false, Map.of(), true);
  }

  /**
   * Changes {@link #device()}.
   *
   * @param value the new value
   * @return a copy
   */
  public LoadOptions withDevice(String value) {
    return new LoadOptions(value, dtype, allowTraining, classTypes, checksums);
  }

  /**
   * Changes {@link #dtype()}.
   *
   * @param value the new value
   * @return a copy
   */
  public LoadOptions withDtype(Dtype value) {
    return new LoadOptions(device, value, allowTraining, classTypes, checksums);
  }

  /**
   * Changes {@link #allowTraining()}.
   *
   * @param value the new value
   * @return a copy
   */
  public LoadOptions withAllowTraining(boolean value) {
    return new LoadOptions(device, dtype, value, classTypes, checksums);
  }

  /**
   * Changes {@link #classTypes()}.
   *
   * @param value the new value
   * @return a copy
   */
  public LoadOptions withClassTypes(Map<String, Set<String>> value) {
    return new LoadOptions(device, dtype, allowTraining, value, checksums);
  }

  /**
   * Changes {@link #checksums()}.
   *
   * @param value the new value
   * @return a copy
   */
  public LoadOptions withChecksums(boolean value) {
    return new LoadOptions(device, dtype, allowTraining, classTypes, value);
  }
}
