/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Rules: how the relevance of a layer's outputs becomes the relevance of its inputs.
 *
 * <p>What holds for all of them, unless a class says otherwise:
 *
 * <ul>
 *   <li><b>Words.</b> x is the input, W and b are the layer's weight and bias, z = Wx + b its
 *       output, R the relevance of z. {@code W^T(r)} is the vector-Jacobian product of the linear
 *       map; x+ = max(x, 0), x- = min(x, 0), likewise W+, W-, b+, b-.
 *   <li><b>Stabilizer.</b> {@code s(z) = z + epsilon sign(z)} with sign(0) = +1 and epsilon 1e-6,
 *       Zennit's default; see {@link org.zennit4j.rules.Stabilizer}.
 *   <li><b>Shapes.</b> Any layer that is linear in its input: matrix products, convolutions in one,
 *       two and three dimensions and their transposes, with every stride, padding, dilation and
 *       group; the batch is the first dimension. A relevance has the shape of what it belongs to.
 *   <li><b>Types.</b> float32 and float64, half precision with little accuracy; on any device. No
 *       rule reads a tensor's values on the host when the device is a GPU.
 *   <li><b>Lifetime.</b> Rules are immutable values, thread-safe, and hold nothing that has to be
 *       closed, except tensors that a caller put into a {@link org.zennit4j.rules.Bound}: these
 *       stay the caller's. What a rule prepares for one layer belongs to the plan.
 *   <li><b>Failure.</b> A constructor and {@link org.zennit4j.rules.Rule#bind} throw {@link
 *       org.zennit4j.rules.RuleException} for arguments or layers that do not fit. NaN and infinity
 *       pass through.
 * </ul>
 *
 * <p>{@link org.zennit4j.rules.BasicRule} is the general form, and the way to write a rule of one's
 * own; the other classes are declarations of it with a faster way for layers that are exactly one
 * linear map.
 */
package org.zennit4j.rules;
