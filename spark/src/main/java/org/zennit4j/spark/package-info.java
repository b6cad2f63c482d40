/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Explanations on Apache Spark: a DataFrame of pictures or arrays in, the same rows with output and
 * relevance out. {@link org.zennit4j.spark.SparkExplainer} is where to start.
 */
package org.zennit4j.spark;
