/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** Is an explanation right: measures of relevance maps. */
module org.zennit4j.metrics {
  requires transitive org.zennit4j.attribution;

  exports org.zennit4j.metrics;

  uses org.zennit4j.metrics.MetricProvider;
}
