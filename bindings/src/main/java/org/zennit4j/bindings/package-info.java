/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * LibTorch from Java: the loaded library, what its objects need to be kept and freed, devices,
 * dtypes and the exceptions. Knows no graph.
 *
 * <p>Tensors live outside of the Java heap: an open {@code PointerScope} or {@code close()} frees
 * them. Every failure is a {@link org.zennit4j.bindings.Zennit4jException}; where another exception
 * is its reason, that is its cause.
 */
package org.zennit4j.bindings;
