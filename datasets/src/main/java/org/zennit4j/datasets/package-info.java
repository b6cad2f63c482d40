/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Whole datasets: labelled samples from folders, lists, arrays and HDF5 are explained batch by
 * batch, and the relevance is written to HDF5 files. Memory does not grow with the number of
 * samples.
 */
package org.zennit4j.datasets;
