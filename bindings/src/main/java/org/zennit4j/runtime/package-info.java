/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * How a program runs: {@link org.zennit4j.runtime.Propagation} runs it forward and back and lets a
 * {@link org.zennit4j.runtime.LayerFunction} or a {@link org.zennit4j.runtime.ModuleHook} take the
 * place of a layer's gradient. Knows no rule.
 */
package org.zennit4j.runtime;
