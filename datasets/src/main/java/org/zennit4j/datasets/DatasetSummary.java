/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

/**
 * What a run did.
 *
 * @param samples how many samples there are
 * @param explained how many are in the result
 * @param skipped how many could not be read or explained
 * @param complete whether the result is there; false after one of several shards
 */
public record DatasetSummary(int samples, long explained, long skipped, boolean complete) {}
