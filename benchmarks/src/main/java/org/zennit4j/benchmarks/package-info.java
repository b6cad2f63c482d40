/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** Benchmarks with JMH, of rules alone and of composites on whole networks. */
package org.zennit4j.benchmarks;
