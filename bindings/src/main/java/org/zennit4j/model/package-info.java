/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Models as users have them: {@link org.zennit4j.model.Model} loads a TorchScript file or a
 * torch.export archive, by its content, and {@link org.zennit4j.model.ScriptModel} is what was
 * loaded, with the {@link org.zennit4j.graph.Program} that it computes. The front ends of the
 * formats stand beside each other and make the same programs.
 */
package org.zennit4j.model;
