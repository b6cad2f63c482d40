/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import org.junit.jupiter.api.Test;
import org.zennit4j.testing.ApiListing;

class ApiTests {
  @Test
  void thePublicApiIsTheCommittedOne() {
    ApiListing.check("org.zennit4j.spark");
  }
}
