/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Attributors: a plan, an input and a target become relevance.
 *
 * <p>What holds for all of them: an input is a batch, its first dimension the samples, in the dtype
 * and on the device of the model; the relevance has the input's shape (that of Grad-CAM has one
 * channel), dtype and device. Inputs are read only, never kept or closed. An {@link
 * org.zennit4j.attribution.Attribution} belongs to the caller, who closes it. Attributors are
 * thread-safe; one that made its own plan closes it, one that was given a plan does not. Defaults
 * are Zennit's. NaN and infinity pass through unless {@link
 * org.zennit4j.attribution.AttributionOptions#checkFinite()} is set.
 */
package org.zennit4j.attribution;
