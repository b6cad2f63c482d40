/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.io.Serializable;
import org.zennit4j.images.Preprocessing;

/**
 * What is computed, apart from the rows: executors keep one model for each.
 *
 * @param model a path on the executors; or the name and checksum of a file that the driver shipped
 * @param composite a name or JSON; null for the recommended one
 * @param method the name of a method instead; null for a composite
 * @param options of the method, JSON
 * @param preprocessing of pictures; its bounds are those of the input
 * @param keepEnding whether a softmax or sigmoid at the end stays
 */
record Recipe(
    String model,
    String composite,
    String method,
    String options,
    Preprocessing preprocessing,
    boolean keepEnding)
    implements Serializable {}
