/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Programs give the very bits of the module's own forward, for every model at hand. */
@ExtendWith(NativeLeaks.class)
class RealModelsTests {
  /** The inputs of the golden models, those of equal shapes together. */
  private static final String GOLDEN_INPUTS =
      """
      2x1x20x20: f32-lenet
      2x1x3x3x3: merge-conv3d
      2x1x3x3x4: rule-conv3d-nobias
      2x2x12: rule-conv1d-dilated
      2x2x2x3x2: merge-convtranspose3d
      2x2x2x3x3: rule-convtranspose3d
      2x2x2x4x4: rule-avgpool3d
      2x2x3x4x4: rule-conv3d
      2x2x3x4x5: rule-adaptiveavgpool3d
      2x2x4x5: merge-conv2d merge-conv2d-frozen
      2x2x4x6x4: volume
      2x2x5x5: rule-conv2d-circular rule-conv2d-reflect rule-conv2d-same
      2x2x5x7: rule-adaptiveavgpool2d
      2x2x6x5: rule-avgpool2d-ceil
      2x2x6x6: rule-maxpool2d
      2x2x7: merge-conv1d rule-maxpool1d-overlap
      2x2x7x6: rule-conv2d-unequal
      2x2x8: rule-adaptiveavgpool1d
      2x3x12x12: mobile vgg-bn
      2x3x16x16: resnet-basic resnet-bottleneck
      2x3x24x24: f32-resnet f32-vgg-bn
      2x3x3x3: merge-convtranspose2d
      2x3x3x4: rule-convtranspose2d-strided
      2x3x4: merge-convtranspose1d rule-hardswish rule-prelu
      2x3x4x2: rule-sum
      2x3x4x4: rule-adaptiveavgpool2d-1 rule-batchnorm2d rule-convtranspose2d rule-relu-inplace
      2x3x5: rule-convtranspose1d rule-leaky-relu rule-linear-3d
      2x3x5x5: rule-conv2d-padded
      2x3x5x5 2x4: two-inputs
      2x3x6x6: convs-then-norms custom rule-avgpool2d rule-conv2d-depthwise shared-norm
      2x3x7x7: activations
      2x3x8: rule-avgpool1d
      2x3x8x8: attr-conv functional misordered
      2x3x9: rule-conv1d
      2x3x9x9: nested padded
      2x4x3x3: rule-convtranspose2d-groups
      2x4x4x5: merge-conv2d-groups
      2x4x5x4: rule-conv2d-groups
      2x5x3x3: rule-conv2d-pointwise
      2x6: rule-elu rule-gelu rule-linear-nobias rule-root rule-sigmoid rule-silu rule-softplus rule-tanh
      2x9: rule-relu6
      3x10: mlp-nobias
      3x12: mlp
      3x1x12x12: lenet
      3x2x32: timeseries
      3x2x4x4: rule-zeros-conv2d
      3x3x6x5: rule-conv2d
      3x4: rule-batchnorm1d
      3x5: rule-softmax
      3x5 3x5: two-input-module
      3x6: decoder merge-linear merge-linear-nobias reused unrolled
      3x7: rule-linear
      3x8: rule-relu rule-two-layers
      3x9: attr-mlp
      4x6: rule-zeros-linear
      """;

  static List<String> goldenModels() throws IOException {
    try (Stream<Path> files = Files.list(Models.RESOURCES.resolve("golden/models"))) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private static List<long[]> goldenShapes(String model) {
    for (String line : GOLDEN_INPUTS.lines().toList()) {
      String[] parts = line.strip().split(": ", -1);
      if (List.of(parts[1].split(" ", -1)).contains(model)) {
        List<long[]> shapes = new ArrayList<>();
        for (String shape : parts[0].split(" ", -1)) {
          shapes.add(Stream.of(shape.split("x", -1)).mapToLong(Long::parseLong).toArray());
        }
        return shapes;
      }
    }
    throw new AssertionError("no shapes are listed for the golden model " + model);
  }

  @ParameterizedTest
  @MethodSource("goldenModels")
  void goldenModels(String file) {
    ScalarType dtype = file.startsWith("f32") ? ScalarType.Float : ScalarType.Double;
    JitModule module = Models.load(Models.RESOURCES.resolve("golden/models").resolve(file));
    List<Tensor> inputs = new ArrayList<>();
    for (long[] shape : goldenShapes(file.substring(0, file.indexOf('.')))) {
      inputs.add(SeededWeights.normal(inputs.size(), dtype, shape));
    }
    Models.assertSameBits(module, inputs.toArray(Tensor[]::new));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mlp_f32 2 20",
        "mlp_f64 2 20",
        "vgg_f32 2 3 24 24",
        "vgg_f64 2 3 24 24",
        "vgg_nhwc_f32 2 3 24 24",
        "vgg_nhwc_f64 2 3 24 24",
      })
  void signxaiModels(String spec) {
    String[] parts = spec.split(" ", -1);
    JitModule module =
        Models.load(Models.RESOURCES.resolve("golden-signxai/models/" + parts[0] + ".pt"));
    long[] shape = Stream.of(parts).skip(1).mapToLong(Long::parseLong).toArray();
    ScalarType dtype = parts[0].endsWith("f64") ? ScalarType.Double : ScalarType.Float;
    Models.assertSameBits(module, SeededWeights.normal(1, dtype, shape));
  }

  @ParameterizedTest
  @CsvSource({
    "efficientnet_lite0, 1x3x224x224",
    "fashion_cnn, 2x1x28x28",
    "fashion_vit, 2x1x28x28",
    "fashion_vit_sdpa, 2x1x28x28",
    "fashion_vit_scripted, 2x1x28x28",
    "ecg_cnn, 2x1x256"
  })
  void bundledModels(String name, String size) {
    long[] shape = Stream.of(size.split("x", -1)).mapToLong(Long::parseLong).toArray();
    JitModule module = Models.load(Models.BUNDLED.resolve(name + ".pt"));
    Models.assertSameBits(module, SeededWeights.normal(1, ScalarType.Float, shape));
  }

  static List<String> skeletons() throws IOException {
    try (Stream<Path> files = Files.list(Models.RESOURCES.resolve("skeletons"))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".pt"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("skeletons")
  void skeletons(String file) {
    String name = file.substring(0, file.indexOf('.'));
    long size =
        switch (name) {
          case "vit_b_16", "swin_t" -> 224;
          case "inception_v3" -> 75;
          default -> 64;
        };
    JitModule module = Models.load(Models.RESOURCES.resolve("skeletons").resolve(file));
    SeededWeights.fill(module, 1);
    Tensor input = SeededWeights.normal(2, ScalarType.Float, 1, 3, size, size);
    try (ScriptModel model = ScriptModel.of(module)) {
      Models.assertSameBits(model, module, input);
      assertThat(model.program().definition().writesInPlace()).isEqualTo(name.equals("swin_t"));
    }
  }

  @Test
  void swinKeepsItsIntegersInAnotherDtype() {
    JitModule module = Models.load(Models.RESOURCES.resolve("skeletons/swin_t.scripted.pt"));
    SeededWeights.fill(module, 1);
    Tensor input = SeededWeights.normal(2, ScalarType.Float, 1, 3, 224, 224);
    Tensor expected = Models.forward(module, input).get(0);
    try (ScriptModel model =
        ScriptModel.of(module, LoadOptions.defaults().withDtype(Dtype.FLOAT64))) {
      Tensor output = model.run(input.to(ScalarType.Double)).get(0);
      assertThat(output.scalar_type().intern()).isEqualTo(ScalarType.Double);
      TensorSubject.assertThat(output).within(1e-3, 1e-3).of(expected);
    }
  }
}
