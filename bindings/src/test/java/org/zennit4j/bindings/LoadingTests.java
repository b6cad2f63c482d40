/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

@ExtendWith(NativeLeaks.class)
class LoadingTests {
  private static final Path LENET = Models.RESOURCES.resolve("golden/models/f32-lenet.traced.pt");

  @TempDir Path folder;

  private static Tensor input(ScalarType dtype) {
    return SeededWeights.normal(1, dtype, 2, 1, 20, 20);
  }

  private static void assertRefused(Path file, String... words) {
    assertThatThrownBy(() -> ScriptModel.load(file).close())
        .isInstanceOf(ModelLoadException.class)
        .satisfies(
            e -> {
              assertThat(e.getMessage()).doesNotContain("\n").contains(file.toString());
              assertThat(e.getMessage()).contains(words);
            });
  }

  @Test
  void aFlippedBitIsNoticed() throws IOException {
    byte[] whole = Files.readAllBytes(LENET);
    // In the middle of the largest weight.
    whole[whole.length / 2] ^= 4;
    Path damaged = Files.write(folder.resolve("damaged.pt"), whole);
    assertRefused(damaged, "damaged", "checksum");
    try (ScriptModel model =
        ScriptModel.load(damaged, LoadOptions.defaults().withChecksums(false))) {
      assertThat(model.program().inputs()).isEqualTo(1);
    }
  }

  @Test
  void pathAndStreamGiveTheSameModel() throws IOException {
    try (ScriptModel model = ScriptModel.load(LENET);
        InputStream stream = Files.newInputStream(LENET);
        ScriptModel streamed = ScriptModel.load(stream, LoadOptions.defaults())) {
      Tensor x = input(ScalarType.Float);
      TensorSubject.assertThat(streamed.run(x).get(0)).isBitEqualTo(model.run(x).get(0));
      assertThat(model.dtype()).isEqualTo(ScalarType.Float);
      assertThat(model.device()).isEqualTo("cpu");
      assertThat(model.source()).isEqualTo(LENET.toString());
      assertThat(streamed.source()).isEqualTo("stream");
      assertThat(model.findings()).isEmpty();
    }
  }

  @Test
  void missingFileAndFolder() {
    assertRefused(folder.resolve("none.pt"), "no such file");
    assertRefused(folder, "folder");
  }

  @Test
  void otherFiles() throws IOException {
    assertRefused(Files.writeString(folder.resolve("a.pt"), "not a model\n"), "torch.jit.save");
    assertRefused(Files.write(folder.resolve("b.pt"), new byte[0]), "torch.jit.save");
    assertRefused(
        zip("c.pt", Map.of("archive/data.pkl", "x", "archive/version", "3")), "state dict");
    assertRefused(
        zip("d.pt", Map.of("m/models/model.json", "{}", "m/version", "1")), "torch.export");
    assertRefused(
        zip("e.pt", Map.of("m/code/x.py", "x", "m/constants.pkl", "y")), "not a TorchScript model");
    byte[] pickle = new byte[] {(byte) 0x80, 2, 'c'};
    assertRefused(Files.write(folder.resolve("f.pt"), pickle), "torch.jit.save");
  }

  private Path zip(String name, Map<String, String> entries) throws IOException {
    Path file = folder.resolve(name);
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        out.putNextEntry(new ZipEntry(entry.getKey()));
        out.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
    }
    return file;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.001, 0.1, 0.5, 0.9, 0.99, 0.9999})
  void truncatedArchives(double part) throws IOException {
    byte[] bytes = Files.readAllBytes(LENET);
    Path file = folder.resolve("cut.pt");
    Files.write(file, Arrays.copyOf(bytes, (int) (bytes.length * part)));
    assertRefused(file, "truncated");
  }

  @Test
  void overwrittenProgram() throws IOException {
    byte[] bytes = Files.readAllBytes(LENET);
    Arrays.fill(bytes, 200, 2000, (byte) 7);
    Path bad = Files.write(folder.resolve("bad.pt"), bytes);
    assertRefused(bad, "damaged", "checksum");
    assertThatThrownBy(
            () -> ScriptModel.load(bad, LoadOptions.defaults().withChecksums(false)).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("torch.jit.save");
  }

  @Test
  void brokenStreamsAreRefusedToo() {
    assertThatThrownBy(
            () ->
                ScriptModel.load(
                    new java.io.ByteArrayInputStream(new byte[] {1, 2, 3}), LoadOptions.defaults()))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageStartingWith("stream:");
    InputStream failing =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("the line is down");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return read();
          }
        };
    assertThatThrownBy(() -> ScriptModel.load(failing, LoadOptions.defaults()))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("the line is down");
  }

  @Test
  void unknownAndMissingDevices() {
    assertThatThrownBy(
            () -> ScriptModel.load(LENET, LoadOptions.defaults().withDevice("tpu")).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'tpu'");
    if (!torch.cuda_is_available()) {
      assertThatThrownBy(
              () -> ScriptModel.load(LENET, LoadOptions.defaults().withDevice("cuda:0")).close())
          .isInstanceOf(ModelLoadException.class)
          .hasMessageContaining("CUDA is not available");
    }
  }

  @Test
  void closedModels() {
    ScriptModel model = ScriptModel.load(LENET);
    Program program = model.program();
    model.retain();
    assertThatThrownBy(model::close)
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("1 open plan");
    model.release();
    model.close();
    model.close();
    assertThatThrownBy(model::program).isInstanceOf(ClosedException.class);
    assertThatThrownBy(model::retain).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> model.to(Dtype.FLOAT64)).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> model.run(input(ScalarType.Float)))
        .isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> Propagation.run(program, input(ScalarType.Float)))
        .isInstanceOf(ClosedException.class);
    assertThatThrownBy(program::edit).isInstanceOf(ClosedException.class);
  }

  @Test
  void wrongInputs() {
    try (ScriptModel model = ScriptModel.load(LENET)) {
      Tensor closed = input(ScalarType.Float);
      closed.close();
      assertThatThrownBy(() -> model.run(closed))
          .isInstanceOf(ClosedException.class)
          .hasMessageContaining("closed");
      assertThatThrownBy(() -> model.run(new Tensor())).isInstanceOf(Zennit4jException.class);
      assertThatThrownBy(() -> model.run()).isInstanceOf(ShapeException.class);
      Tensor channels = SeededWeights.normal(1, ScalarType.Float, 2, 5, 20, 20);
      assertThatThrownBy(() -> model.run(channels))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("in layer '")
          .hasMessageContaining("channels")
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
      assertThatThrownBy(() -> model.run(SeededWeights.normal(1, ScalarType.Float, 2, 1, 3, 3)))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> model.run(SeededWeights.normal(1, ScalarType.Float, 7)))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> model.run(input(ScalarType.Double)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("in layer '");
      // The model still works.
      model.run(input(ScalarType.Float));
    }
  }

  @Test
  void anotherDtypeLeavesTheModelAsItWas() {
    Tensor x = input(ScalarType.Float);
    try (ScriptModel model = ScriptModel.load(LENET)) {
      Tensor before = model.run(x).get(0);
      try (ScriptModel wide = model.to(Dtype.FLOAT64);
          ScriptModel back = wide.to(Dtype.FLOAT32)) {
        Tensor output = wide.run(x.to(ScalarType.Double)).get(0);
        assertThat(output.scalar_type().intern()).isEqualTo(ScalarType.Double);
        TensorSubject.assertThat(output).within(1e-4, 1e-5).of(before);
        TensorSubject.assertThat(back.run(x).get(0)).isBitEqualTo(before);
      }
      TensorSubject.assertThat(model.run(x).get(0)).isBitEqualTo(before);
    }
  }

  @Test
  void aModelOutlivesTheOneItWasMadeFrom() {
    Tensor x = input(ScalarType.Double);
    ScriptModel model = ScriptModel.load(LENET);
    try (ScriptModel wide = model.to(Dtype.FLOAT64)) {
      Tensor before = wide.run(x).get(0);
      model.close();
      TensorSubject.assertThat(wide.run(x).get(0)).isBitEqualTo(before);
    }
  }

  @Test
  void literalDtypesFollowTheModel() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    JitModule net = b.empty("nets.Net");
    net.register_parameter("weight", b.numbers(1, 6), false);
    net.register_buffer("index", torch.arange(new org.bytedeco.pytorch.Scalar(6)));
    net.register_attribute("flag", ModelBuilder.type("bool"), new IValue(true));
    net.define(
        """
        def forward(self, x):
            y = torch.zeros([2, 6], dtype=6)
            z = torch.zeros([2, 6])
            z[:, :3] = x[:, :3]
            w = torch.full([6], 0.1) + torch.tensor([0.5]) + torch.arange(0.0, 6.0)
            k = torch.ones([2, 6], dtype=3)
            return x.to(6)[:, self.index] * self.weight + y + z + w + k
        """);
    Models.assertSameBits(net, SeededWeights.normal(1, ScalarType.Float, 2, 6));
    Tensor third = torch.ones(2, 6).to(ScalarType.Double).div(new org.bytedeco.pytorch.Scalar(3.0));
    try (ScriptModel wide = ScriptModel.of(net, LoadOptions.defaults().withDtype(Dtype.FLOAT64))) {
      Tensor output = wide.run(third).get(0);
      assertThat(output.scalar_type().intern()).isEqualTo(ScalarType.Double);
      double[] weight = TensorSubject.values(net.attr("weight").toTensor());
      double[] expected = new double[12];
      for (int i = 0; i < 12; i++) {
        int j = i % 6;
        expected[i] = weight[j] / 3 + (j < 3 ? 1.0 / 3 : 0) + 0.6 + j + 1;
      }
      TensorSubject.assertThat(output).within(1e-15, 1e-15).of(expected);
    }
    assertThat(net.attr("weight").toTensor().scalar_type().intern()).isEqualTo(ScalarType.Float);
  }

  @Test
  void trainingModeIsRefusedOrReported() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("norm", b.batchNorm(1, 3)),
            "def forward(self, x):\n    return self.norm.forward(x)\n");
    net.train(true);
    assertThatThrownBy(() -> ScriptModel.of(net).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("eval()");
    try (ScriptModel model = ScriptModel.of(net, LoadOptions.defaults().withAllowTraining(true))) {
      assertThat(model.findings()).hasSize(1);
      model.run(SeededWeights.normal(1, ScalarType.Float, 2, 3));
    }
  }

  /** A scripted model holds the fused operator for when gradients are off, and does not run it. */
  @ParameterizedTest
  @CsvSource({"traced, true", "scripted, false"})
  void onlyTracedAttentionIsFused(String form, boolean fused) {
    JitModule net = Models.load(Models.RESOURCES.resolve("skeletons/vit_b_16." + form + ".pt"));
    try (ScriptModel model = ScriptModel.of(net)) {
      assertThat(model.findings().stream().anyMatch(f -> f.contains("attention is one opaque")))
          .isEqualTo(fused);
    }
  }

  @Test
  void unsupportedModelsLeaveNothingBehind() throws Exception {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule net = b.empty("nets.Net");
    net.register_buffer("count", torch.zeros(1));
    net.define("def forward(self, x):\n    self.count.add_(1)\n    return x + 1\n");
    NativeLeaks.assertNone(
        () ->
            assertThatThrownBy(
                    () ->
                        ScriptModel.of(net, LoadOptions.defaults().withDtype(Dtype.FLOAT64))
                            .close())
                .isInstanceOf(UnsupportedOperatorException.class));
  }

  @Test
  void classesAndTypes() {
    try (ScriptModel model = ScriptModel.load(LENET)) {
      assertThat(model.program().layers().get(0).name()).isEmpty();
      assertThat(model.program().layers().stream().filter(l -> l.matches("Convolution")))
          .isNotEmpty()
          .allMatch(l -> l.className().equals("torch.nn.modules.conv.Conv2d"))
          .allMatch(l -> l.matches("torch.nn.Conv2d") && l.matches("Linear"))
          .allMatch(l -> l.parameters().contains("weight"))
          .allMatch(l -> model.program().regions(l).get(0).linearMap().isPresent());
    }
  }

  /** Also where an even kernel needs one more zero at the end than at the beginning. */
  @ParameterizedTest
  @CsvSource({"3, 3, 2", "2, 4, 1", "2, 3, 1"})
  void tracedPaddingByNameIsAConvolution(long height, long width, long dilation) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule conv = b.empty("torch.nn.modules.conv.Conv2d");
    conv.register_parameter("weight", b.numbers(1, 2, 3, height, width), false);
    conv.define(
        """
        def forward(self, x):
            return torch._convolution_mode(x, self.weight, None, [1, 1], "same", [%1$d, %1$d], 1)
        """
            .formatted(dilation));
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("conv", conv),
            "def forward(self, x):\n    return self.conv.forward(x)\n");
    try (ScriptModel model = ScriptModel.of(net)) {
      Tensor x = SeededWeights.normal(2, ScalarType.Double, 1, 3, 5, 6);
      Tensor g = SeededWeights.normal(3, ScalarType.Double, 1, 2, 5, 6);
      LinearMap map =
          model.program().regions().stream()
              .filter(r -> r.name().equals("conv"))
              .findFirst()
              .flatMap(Region::linearMap)
              .orElseThrow();
      Tensor z = map.forward(x, map.weight(), null);
      TensorSubject.assertThat(z)
          .within(1e-13, 1e-13)
          .of(TensorSubject.values(model.run(x).get(0)));
      Tensor back = map.adjoint(g, x, map.weight());
      assertThat(back.shape()).containsExactly(x.shape());
      assertThat(back.mul(x).sum().item_double())
          .isCloseTo(z.mul(g).sum().item_double(), Offset.offset(1e-11));
    }
  }

  @Test
  void aFailureToLoadNamesEveryPossibleReason() {
    String message =
        LibTorch.failure(new UnsatisfiedLinkError("no jnitorch in java.library.path"), "/c/ache");
    assertThat(message)
        .contains("no jnitorch in java.library.path")
        .contains("on the class path")
        .contains("the cache /c/ache is writable", "noexec", "-Dorg.bytedeco.javacpp.cachedir=DIR")
        .doesNotContain("\n");
  }
}
