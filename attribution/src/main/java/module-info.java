/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** Attributors: what a plan is asked for, and how often; diagnosis: what to know about a plan. */
module org.zennit4j.attribution {
  requires transitive org.zennit4j.composites;

  exports org.zennit4j.attribution;
  exports org.zennit4j.diagnosis;

  uses org.zennit4j.attribution.AttributorProvider;
}
