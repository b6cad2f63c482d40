/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.graph.ModelInput;

/**
 * A model as a front end read it, from which programs of several dtypes are made. Thread-safe;
 * counted, since the models that were made of it share it.
 */
public interface ModelSource {
  /**
   * What a front end makes.
   *
   * @param code the root's code; its parameters are the model's inputs
   * @param modules the modules, in the order of registration
   * @param defaults of the inputs, null where there is none
   * @param inputs what is known about the inputs
   * @param outputNames names of the outputs, or none where they have none
   * @param writesInPlace whether the program overwrites memory that others may see
   * @param findings what is unusual, one sentence each
   * @param owned native objects that the program owns, kept
   */
  record Compiled(
      Code code,
      List<ModuleEntry> modules,
      List<IValue> defaults,
      List<ModelInput> inputs,
      List<String> outputNames,
      boolean writesInPlace,
      List<String> findings,
      List<Pointer> owned) {}

  /** The file, for messages. */
  String name();

  /** What the model tells users about its format. */
  String format();

  /** The floating dtype of the stored tensors, or null if there are none. */
  ScalarType storedDtype();

  /** Whether the model says of itself that it is in training mode. */
  boolean isTraining();

  /**
   * Makes the program, inside of the caller's scope.
   *
   * @param cast brings tensors to the dtype and device to run in
   * @param options how the model is loaded
   */
  Compiled compile(TensorCast cast, LoadOptions options);

  /** Counts a user. */
  void retain();

  /** Takes back a {@link #retain}; the last one frees the source. */
  void release();
}
