/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What a model computes: a {@link org.zennit4j.graph.Program} of {@link org.zennit4j.graph.Layer}s
 * and their calls, whatever file it came from; {@link org.zennit4j.graph.Operators} says what each
 * operator is, {@link org.zennit4j.graph.ProgramEditor} makes changed programs.
 */
package org.zennit4j.graph;
