/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The relevance at one call of a layer.
 *
 * @param layer the layer's name
 * @param call the number of the call, from 0, in the order of execution
 * @param inputs what the layer gives to each of its inputs; null where an input has no relevance
 * @param outputs what arrives at each of its outputs from all users
 */
public record LayerRelevance(String layer, int call, List<Tensor> inputs, List<Tensor> outputs) {}
