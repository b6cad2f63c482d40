/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/**
 * A class that a network predicts.
 *
 * @param index the class
 * @param name its name, {@code class_<index>} if it has none
 * @param probability from 0 to 1
 */
public record Prediction(int index, String name, double probability) {}
