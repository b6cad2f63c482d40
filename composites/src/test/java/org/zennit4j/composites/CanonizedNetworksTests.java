/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.graph.Program;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/**
 * Every canonizer keeps the output of every network, or refuses it: on all pairs of a linear layer
 * and a normalisation, for inputs of all numbers of dimensions, with something in between or not.
 * All axes have the same length, so that a wrong one cannot be told by its length.
 */
@ExtendWith(NativeLeaks.class)
class CanonizedNetworksTests {
  private static final int SIZE = 3;

  private static final List<String> BETWEEN =
      List.of(
          "x",
          "x.transpose(1, -1)",
          "x.flatten(1)",
          "x.view(x.shape)",
          "torch.constant_pad_nd(x, [0, 0])",
          "torch.constant_pad_nd(x, [1, 0])",
          "torch.cat([x, x], 1)",
          "torch.cat([x, x], 0)",
          "torch.cat([x], 1)",
          "x.unsqueeze(1)");

  private static final List<Canonizer> CANONIZERS =
      List.of(
          Canonizers.mergeBatchNorm(),
          Canonizers.sequentialMergeBatchNorm(),
          Canonizers.resNet(),
          Canonizers.vgg(),
          Canonizers.residualSum(),
          new NamedMergeBatchNorm(
              List.of(new NamedMergeBatchNorm.Pair(List.of("linear"), "norm"))));

  private int merged;
  private int refused;
  private int stopped;
  private int networks;

  @Test
  void everyCanonizerKeepsTheOutput() {
    for (String linear : List.of("dense", "conv", "transposed")) {
      for (int dimensions = 1; dimensions <= 3; dimensions++) {
        for (int norm = 0; norm <= 3; norm++) {
          for (String between : BETWEEN) {
            int first = linear.equals("dense") ? 2 : dimensions + 1;
            int last = linear.equals("dense") ? dimensions + 1 : dimensions + 2;
            for (int rank = first; rank <= last; rank++) {
              try (PointerScope scope = new PointerScope()) {
                check(linear, dimensions, norm, between, rank);
              }
            }
          }
        }
      }
    }
    assertThat(networks).isGreaterThan(300);
    assertThat(merged).as("merged").isGreaterThan(100);
    assertThat(stopped).as("stopped when they ran").isGreaterThan(10);
    assertThat(refused).as("refused").isGreaterThan(100);
  }

  private void check(String linear, int dimensions, int norm, String between, int rank) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 7);
    long[] shape = new long[rank];
    Arrays.fill(shape, SIZE);
    Tensor x = SeededWeights.normal(5, ScalarType.Double, shape);
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put(
        "linear",
        switch (linear) {
          case "dense" -> b.linear(SIZE, SIZE);
          case "conv" -> b.conv(dimensions, SIZE, SIZE, 1, Conv.PLAIN);
          default -> b.convTranspose(dimensions, SIZE, SIZE, 1, Conv.PLAIN);
        });
    children.put("norm", norm == 0 ? frozen(b, SIZE) : b.batchNorm(norm, channels(between, rank)));
    JitModule module =
        b.module(
            "nets.Net",
            children,
            "def forward(self, x):\n    x = self.linear.forward(x)\n    x = "
                + between
                + "\n    return self.norm.forward(x)\n");
    try (ScriptModel model = ScriptModel.of(module)) {
      Tensor expected;
      try {
        expected = model.run(x).get(0);
      } catch (RuntimeException e) {
        return; // No network: the shapes do not fit.
      }
      networks++;
      for (Canonizer canonizer : CANONIZERS) {
        compare(model, canonizer, x, expected);
      }
    }
  }

  private void compare(ScriptModel model, Canonizer canonizer, Tensor x, Tensor expected) {
    Program program;
    try {
      program = canonizer.apply(model.program());
    } catch (CompositeException e) {
      refused++;
      return;
    }
    if (program == model.program()) {
      return;
    }
    try {
      assertThat(Propagation.run(program, x).get(0)).within(1e-12, 1e-12).of(expected);
      merged++;
    } catch (ShapeException e) {
      assertThat(e).hasMessageContaining("was merged into the layer before it");
      stopped++;
    } finally {
      program.close();
    }
  }

  private static long channels(String between, int rank) {
    return switch (between) {
      case "x.flatten(1)" -> (long) Math.pow(SIZE, rank - 1);
      case "torch.cat([x, x], 1)" -> 2 * SIZE;
      case "torch.constant_pad_nd(x, [1, 0])" -> rank == 2 ? SIZE + 1 : SIZE;
      case "x.unsqueeze(1)" -> 1;
      default -> SIZE;
    };
  }

  private static JitModule frozen(ModelBuilder b, long channels) {
    JitModule module = b.empty("torchvision.ops.misc.FrozenBatchNorm2d");
    module.register_buffer("weight", b.numbers(1, channels));
    module.register_buffer("bias", b.numbers(1, channels));
    module.register_buffer("running_mean", b.numbers(1, channels));
    module.register_buffer("running_var", torch.abs(b.numbers(1, channels)));
    module.define(
        """
        def forward(self, x):
            w = self.weight.reshape(1, -1, 1, 1)
            b = self.bias.reshape(1, -1, 1, 1)
            rv = self.running_var.reshape(1, -1, 1, 1)
            rm = self.running_mean.reshape(1, -1, 1, 1)
            scale = w * (rv + 1e-05).rsqrt()
            return x * scale + (b - rm * scale)
        """);
    return module;
  }
}
