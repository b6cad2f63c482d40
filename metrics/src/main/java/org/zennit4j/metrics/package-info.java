/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Measures of relevance maps: what a {@link org.zennit4j.metrics.Metric} says about a {@link
 * org.zennit4j.metrics.Subject}, which is a network's scores, inputs, classes and maps.
 *
 * <p>Each metric follows its paper, named in its class; where Quantus 0.6 differs an argument gives
 * its variant. Metrics are immutable and thread-safe. Tensors belong to the caller, are never
 * changed, and may be of any floating dtype and on any device; values are computed per sample and
 * come as doubles. A seed gives the same random numbers on every device.
 */
package org.zennit4j.metrics;
