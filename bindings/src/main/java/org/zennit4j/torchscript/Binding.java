/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.JitModule;
import org.zennit4j.graph.ir.Constant;

/** What a value of a graph stands for. */
sealed interface Binding {
  record Slot(int slot) implements Binding {}

  record Fixed(Constant constant) implements Binding {}

  record Submodule(JitModule module, String path) implements Binding {}

  record FreeFunction(Function function) implements Binding {}
}
