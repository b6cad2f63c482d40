/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The front end for TorchScript files: {@link org.zennit4j.torchscript.ScriptModel} loads one and
 * makes its {@link org.zennit4j.graph.Program}.
 */
package org.zennit4j.torchscript;
