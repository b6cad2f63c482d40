/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.model;

import java.nio.file.Path;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.UnsupportedOperatorException;

/** Loads models, whatever their format: the content of the file tells it, not its name. */
public final class Model {
  private Model() {}

  /**
   * Loads a model on the CPU, in the dtype in which it is stored.
   *
   * @param file what {@code torch.export.save} or {@code torch.jit.save} wrote
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the file is missing, or no model that can be read; it says what
   *     the file is, and how to make one that can
   */
  public static ScriptModel load(Path file) {
    return ScriptModel.load(file);
  }

  /**
   * Loads a model.
   *
   * @param file what {@code torch.export.save} or {@code torch.jit.save} wrote
   * @param options device, dtype, ...
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the file is missing, or no model that can be read; it says what
   *     the file is, and how to make one that can
   * @throws UnsupportedOperatorException if the model holds something that cannot be run here
   */
  public static ScriptModel load(Path file, LoadOptions options) {
    return ScriptModel.load(file, options);
  }
}
