/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.model.ScriptModel;

/** Uniform noise, the same for every channel and sample. */
final class RandomEngine implements Engine {
  private final ScriptModel model;
  private final long seed;

  RandomEngine(ScriptModel model, long seed) {
    this.model = model.retain();
    this.seed = seed;
  }

  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    Tensor output = Explanation.checked(model.run(x), x);
    // A target that does not fit is an error here as everywhere.
    Tensor unused = target.apply(output);
    unused.close();
    long[] shape = x.shape();
    shape[0] = 1;
    if (shape.length > 2) {
      shape[1] = 1;
    }
    int size = 1;
    for (long length : shape) {
      size *= (int) length;
    }
    MersenneTwister generator = new MersenneTwister((int) seed);
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = 2 * generator.nextDouble() - 1;
    }
    Tensor plane = OwnedTensors.of(values, shape).to(x.device(), x.scalar_type());
    Explanation.progress(options, 1, 1);
    return Explanation.of(output, plane.expand_as(x).contiguous());
  }

  @Override
  public void close() {
    model.release();
  }
}
