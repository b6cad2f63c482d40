/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Diagnosis: what is unusual about a model and the rules that it gets, and where relevance is lost.
 *
 * <p>{@link org.zennit4j.diagnosis.Diagnosis} looks at programs and rules only, and runs nothing;
 * {@link org.zennit4j.diagnosis.Conservation} explains one batch and adds up the relevance at each
 * layer. Results are immutable, hold no native memory and need not be closed. Sums of relevance are
 * in the unit of the model's output, or of whatever the target made of it.
 */
package org.zennit4j.diagnosis;
