/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * LibTorch from Java: {@link org.zennit4j.bindings.ScriptModel} loads a TorchScript file, {@link
 * org.zennit4j.bindings.Program} says what it computes, {@link org.zennit4j.bindings.Propagation}
 * runs it and lets a {@link org.zennit4j.bindings.LayerFunction} or a {@link
 * org.zennit4j.bindings.ModuleHook} take the place of a layer's gradient. Knows no rule.
 *
 * <p>Tensors live outside of the Java heap: an open {@code PointerScope} or {@code close()} frees
 * them. Every failure is a {@link org.zennit4j.bindings.Zennit4jException}; where another exception
 * is its reason, that is its cause.
 */
package org.zennit4j.bindings;
