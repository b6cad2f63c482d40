/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/** What there is to see in the relevance of a whole dataset: statistics and clusters. */
package org.zennit4j.datasets.analysis;
