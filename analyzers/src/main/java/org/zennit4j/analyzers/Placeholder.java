/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/**
 * Stands for a value that the caller has yet to set, where a method is described only.
 *
 * @param key what the value is called in formulas
 */
record Placeholder(String key) {}
