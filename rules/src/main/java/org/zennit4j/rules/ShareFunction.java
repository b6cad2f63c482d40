/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;

/** What rules have in common that share out relevance by the layer's own parameters. */
abstract class ShareFunction extends LinearFunction {
  private final ParameterModifier modifier;
  private final boolean plain;

  ShareFunction(LinearMap map, ZeroParams zeroParams) {
    super(map);
    this.modifier = ParameterModifier.identity().zeroing(zeroParams);
    this.plain = zeroParams.names().isEmpty();
  }

  @Override
  public Reads reads() {
    return plain ? Reads.BOTH : Reads.INPUTS;
  }

  /** The weight that counts. */
  final Tensor weight() {
    return plain ? map.weight() : weight(Part.WEIGHT, modifier);
  }

  /** The output with the parameters that count. */
  final Tensor output(LayerCall call, Tensor x) {
    return plain ? call.outputs().get(0) : map.forward(x, weight(), bias(Part.BIAS, modifier));
  }
}
