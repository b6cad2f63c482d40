/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Concept relevance propagation: the relevance of a layer's channels, maps of what goes through
 * chosen channels only, and the samples of a dataset that show a channel best. R. Achtibat et al.,
 * From attribution maps to human-understandable explanations through concept relevance propagation,
 * 2023. The words are those of zennit-crp 0.6, and so are the files of reference samples.
 *
 * <p>A channel is an index on axis 1 of a layer's output. Tensors that are given belong to the
 * caller and are never changed. {@link org.zennit4j.concepts.ConditionalAttribution} is
 * thread-safe.
 */
package org.zennit4j.concepts;
