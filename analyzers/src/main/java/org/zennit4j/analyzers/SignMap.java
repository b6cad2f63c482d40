/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;

/** One of two values for each value of a tensor, by a threshold. */
final class SignMap {
  private SignMap() {}

  static Tensor of(Tensor x, Object mu, double vlow, double vhigh) {
    if (!(vlow < vhigh)) {
      throw new Zennit4jException(
          "vlow must be below vhigh, not " + Texts.number(vlow) + " and " + Texts.number(vhigh));
    }
    Tensor result;
    try (PointerScope scope = new PointerScope()) {
      Tensor values = x.is_floating_point() ? x.detach() : x.to(ScalarType.Double);
      Object threshold = mu == null ? (vlow + vhigh) / 2 : mu;
      Tensor reached;
      if (threshold instanceof Number number) {
        reached = values.ge(new Scalar(number.doubleValue()));
      } else if (threshold instanceof Tensor tensor) {
        try {
          reached = values.ge(tensor.to(values.device(), values.scalar_type()).expand_as(values));
        } catch (RuntimeException e) {
          throw new ShapeException(
              "mu of shape "
                  + Arrays.toString(tensor.shape())
                  + " does not broadcast to "
                  + Arrays.toString(x.shape()),
              e);
        }
      } else {
        throw new Zennit4jException("mu must be a number, a tensor or null");
      }
      Tensor high = torch.full_like(values, new Scalar(vhigh));
      result = Natives.keep(high.masked_fill(reached.logical_not(), new Scalar(vlow)));
    }
    return Natives.handOver(result);
  }
}
