/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.ShapeException;

/** Fits what a {@link Baseline} gives to an input. */
final class Baselines {
  private Baselines() {}

  /** A number for all values. */
  record Constant(double value) implements Baseline {
    @Override
    public Tensor of(Tensor input, int index) {
      return torch.full_like(input, new Scalar(value));
    }
  }

  /** Tensors of the caller's, one for each input. */
  record Tensors(List<Tensor> tensors) implements Baseline {
    @Override
    public Tensor of(Tensor input, int index) {
      if (index >= tensors.size()) {
        throw new ShapeException(
            "a baseline is given for " + tensors.size() + " inputs, but there are more");
      }
      return tensors.get(index);
    }
  }

  /** A baseline as an argument: a number, tensors, or code of one's own. */
  static Object argument(Baseline baseline) {
    if (baseline instanceof Constant number) {
      return number.value();
    }
    return baseline instanceof Tensors given ? given.tensors() : baseline;
  }

  /** The baseline in the shape, dtype and device of the input. */
  static Tensor like(Baseline baseline, Tensor input, int index) {
    Tensor found = baseline.of(input, index);
    if (found == null || found.isNull()) {
      throw new ClosedException(
          "the baseline of input " + index + " is null, or was closed before it was used");
    }
    Tensor cast = found.to(input.device(), input.scalar_type());
    try {
      return cast.expand_as(input);
    } catch (RuntimeException e) {
      throw new ShapeException(
          "a baseline of shape "
              + Arrays.toString(found.shape())
              + " does not fit an input of shape "
              + Arrays.toString(input.shape()),
          e);
    }
  }
}
