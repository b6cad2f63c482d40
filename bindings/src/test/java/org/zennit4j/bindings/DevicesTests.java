/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;
import static org.zennit4j.testing.TestDevices.on;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.DeviceTest;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Names of devices, and models on them. */
@ExtendWith(NativeLeaks.class)
class DevicesTests {
  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  @Test
  void theCpuIsAlwaysThere() {
    assertThat(Devices.available()).startsWith("cpu");
    Devices.check("cpu");
    assertThat(Devices.of("cpu").is_cpu()).isTrue();
  }

  @Test
  void whatIsNotThereIsNamed() {
    for (String name : List.of("tpu", "", "cuda:", "cuda:-1", "cuda:1000", "cpu:0", "CUDA")) {
      assertThatThrownBy(() -> Devices.check(name))
          .isInstanceOf(Zennit4jException.class)
          .hasMessage("unknown device '" + name + "'; use cpu, cuda or cuda:N");
    }
    int count = Devices.available().size() - 1;
    assertThatThrownBy(() -> Devices.of("cuda:99"))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageStartingWith("device cuda:99 was asked for, but ")
        .hasMessageContaining(count == 0 ? "CUDA is not available" : "cuda:0");
    if (count == 0) {
      assertThatThrownBy(() -> Devices.check("cuda")).hasMessageContaining("zennit4j-platform-gpu");
    } else {
      assertThat(Devices.of("cuda").index()).isZero();
    }
  }

  @Test
  void aModelMovesToAnotherDevice() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    try (ScriptModel model = ScriptModel.of(b.sequential(b.linear(5, 4)));
        ScriptModel moved = model.to("meta")) {
      assertThat(moved.device()).isEqualTo("meta");
      assertThat(moved.dtype()).isEqualTo(ScalarType.Double);
      Tensor output = moved.run(on(numbers(1, 2, 5), "meta")).get(0);
      assertThat(output.is_meta()).isTrue();
      assertThat(output).hasShape(2, 4);
      assertThat(model.run(numbers(1, 2, 5)).get(0).is_meta()).isFalse();
      assertThatThrownBy(() -> model.to("cuda:99")).isInstanceOf(ModelLoadException.class);
    }
  }

  /** A trace says on which device it was made, in every operator that makes a tensor. */
  @Test
  void devicesInTheModelsTextGiveWayToTheModels() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule net =
        b.module(
            "nets.Traced",
            Map.of(),
            """
            def forward(self, x):
                y = torch.ones([2, 5], dtype=7, device=torch.device("cuda:3"))
                z = torch.arange(5, dtype=7, layout=0, device=torch.device("cpu"))
                return (x + y + z).to(torch.device("cuda:3"), 7)
            """);
    Tensor x = numbers(1, 2, 5);
    try (ScriptModel model = ScriptModel.of(net);
        ScriptModel moved = model.to("meta")) {
      assertThat(model.run(x).get(0))
          .isBitEqualTo(
              x.add(torch.ones_like(x))
                  .add(torch.arange(new org.bytedeco.pytorch.Scalar(5)).to(ScalarType.Double)));
      assertThat(moved.run(on(x, "meta")).get(0).is_meta()).isTrue();
    }
  }

  @DeviceTest
  void aModelComputesTheSameOnEveryDevice(String device) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    Tensor x = numbers(1, 2, 2, 8, 8);
    Tensor seed = numbers(2, 2, 3);
    try (ScriptModel model =
            ScriptModel.of(
                b.sequential(
                    b.conv(2, 2, 4, 3, Conv.PLAIN.withPadding(1)),
                    b.batchNorm(2, 4),
                    b.reluInPlace(),
                    b.maxPool(2, 2, 2),
                    b.flatten(),
                    b.linear(64, 3)));
        ScriptModel moved = model.to(device);
        Propagation here =
            new Propagation(model.program(), Map.of(), PropagationOptions.defaults());
        Propagation there =
            new Propagation(moved.program(), Map.of(), PropagationOptions.defaults())) {
      here.record(List.of(x));
      there.record(List.of(on(x, device)));
      Tensor output = there.outputs().get(0);
      assertThat(output.is_cuda()).isEqualTo(device.startsWith("cuda"));
      assertThat(output).within(1e-12, 1e-13).of(here.outputs().get(0));
      assertThat(there.backward(List.of(on(seed, device))).get(0))
          .within(1e-12, 1e-13)
          .of(here.backward(List.of(seed)).get(0));
    }
  }
}
