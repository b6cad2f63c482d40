/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * SignXAI's analyzers and method names.
 *
 * <p>A method is chosen by name, for instance {@code lrpsign_epsilon_0_25_std_x_mu_neg_0_5} or
 * {@code gradient_x_input_x_sign}. {@link org.zennit4j.analyzers.MethodName} reads such a name,
 * {@link org.zennit4j.analyzers.MethodOptions} carries what a caller sets beside it, {@link
 * org.zennit4j.analyzers.ResolvedMethod} is both together with every default filled in, and {@link
 * org.zennit4j.analyzers.MethodInfo} tells what a name means.
 */
package org.zennit4j.analyzers;
