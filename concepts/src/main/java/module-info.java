/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** Which concepts a network uses: relevance of channels, and samples that show what they are. */
module org.zennit4j.concepts {
  requires transitive org.zennit4j.attribution;
  requires transitive org.zennit4j.requests;

  exports org.zennit4j.concepts;
}
