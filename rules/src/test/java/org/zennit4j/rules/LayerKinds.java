/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.DenseTwin;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.SeededWeights;

/**
 * Linear layers of all kinds, small enough for dense matrices, each as the module "0" of a model.
 */
@SuppressWarnings("ArrayRecordComponent")
final class LayerKinds {
  private LayerKinds() {}

  /** A layer in float64 and the shape of one sample. */
  record Kind(ScriptModel model, DenseTwin twin, DenseTwin padding, long[] sample) {
    Textbook textbook() {
      return new Textbook(twin, padding);
    }

    long[] shape(long batch) {
      long[] shape = new long[sample.length + 1];
      shape[0] = batch;
      System.arraycopy(sample, 0, shape, 1, sample.length);
      return shape;
    }

    Tensor input(long seed) {
      return SeededWeights.normal(seed, ScalarType.Double, shape(2));
    }

    Tensor relevance(long seed, Tensor input) {
      return SeededWeights.normal(seed, ScalarType.Double, model.run(input).get(0).shape());
    }
  }

  private static final Conv PLAIN = Conv.PLAIN;
  private static final Map<String, Case> CASES = cases();

  private record Case(
      int dimensions, boolean transposed, Conv options, long[] sample, String mode) {}

  private static Map<String, Case> cases() {
    Map<String, Case> all = new LinkedHashMap<>();
    all.put("linear", new Case(0, false, PLAIN, new long[] {6}, null));
    all.put("linear without bias", new Case(0, false, PLAIN.withBias(false), new long[] {6}, null));
    all.put("linear on sequences", new Case(0, false, PLAIN, new long[] {3, 6}, null));
    for (int d = 1; d <= 3; d++) {
      long[] sample = new long[d + 1];
      Arrays.fill(sample, d == 3 ? 3 : 5);
      sample[0] = 2;
      Conv full = PLAIN.withStride(2).withPadding(2).withDilation(2).withGroups(2);
      all.put("conv" + d + "d", new Case(d, false, PLAIN, sample, null));
      all.put("conv" + d + "d padded", new Case(d, false, PLAIN.withPadding(1), sample, null));
      all.put("conv" + d + "d with all options", new Case(d, false, full, sample, null));
      all.put(
          "conv" + d + "d without bias", new Case(d, false, full.withBias(false), sample, null));
      all.put("transposed" + d + "d", new Case(d, true, PLAIN, sample, null));
      all.put(
          "transposed" + d + "d with all options",
          new Case(d, true, full.withPadding(1).withOutputPadding(1), sample, null));
      all.put(
          "transposed" + d + "d without bias",
          new Case(d, true, PLAIN.withStride(2).withBias(false), sample, null));
    }
    long[] image = {2, 4, 4};
    for (String mode : List.of("circular", "reflect", "replicate")) {
      all.put("conv2d " + mode, new Case(2, false, PLAIN, image, mode));
    }
    all.put(
        "depthwise",
        new Case(2, false, PLAIN.withGroups(4).withPadding(1), new long[] {4, 4, 4}, null));
    return all;
  }

  static List<String> names() {
    return List.copyOf(CASES.keySet());
  }

  static Kind make(String name) {
    Case c = CASES.get(name);
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 17);
    JitModule layer;
    DenseTwin padding = null;
    if (c.dimensions() == 0) {
      layer = b.linear(6, 4, c.options().bias());
    } else if (c.mode() != null) {
      layer = b.empty("torch.nn.modules.conv.Conv2d");
      layer.register_parameter("weight", b.numbers(0.5, 3, 2, 3, 3), false);
      layer.register_parameter("bias", b.numbers(0.1, 3), false);
      String pad = "torch.pad(input, [1, 1, 1, 1], \"" + c.mode() + "\")";
      layer.define(
          "def forward(self, input):\n    return torch.conv2d("
              + pad
              + ", self.weight, self.bias, [1, 1], [0, 0], [1, 1], 1)\n");
      ScriptModel pads = ScriptModel.of(b.sequential(b.expression("nets.Pad", pad)));
      padding = DenseTwin.of(x -> pads.run(x).get(0), c.sample());
      pads.close();
    } else {
      long in = c.sample()[0];
      long out = 4;
      layer =
          c.transposed()
              ? b.convTranspose(c.dimensions(), in, out, 3, c.options())
              : b.conv(c.dimensions(), in, out, c.dimensions() == 3 ? 2 : 3, c.options());
    }
    ScriptModel model = ScriptModel.of(b.sequential(layer));
    DenseTwin twin;
    if (padding == null) {
      twin = DenseTwin.of(x -> model.run(x).get(0), c.sample());
    } else {
      JitModule bare = b.empty("torch.nn.modules.conv.Conv2d");
      bare.register_parameter("weight", layer.attr("weight").toTensor(), false);
      bare.register_parameter("bias", layer.attr("bias").toTensor(), false);
      bare.define(
          """
          def forward(self, input):
              return torch.conv2d(input, self.weight, self.bias, [1, 1], [0, 0], [1, 1], 1)
          """);
      ScriptModel convolution = ScriptModel.of(b.sequential(bare));
      twin = DenseTwin.of(x -> convolution.run(x).get(0), 2, 6, 6);
      convolution.close();
    }
    return new Kind(model, twin, padding, c.sample());
  }

  static Tensor scaled(Tensor tensor, double factor) {
    return tensor.mul(new Scalar(factor));
  }
}
