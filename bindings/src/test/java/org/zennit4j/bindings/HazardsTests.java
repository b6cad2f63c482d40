/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;

/** Models whose explanation would be wrong without a word. */
@ExtendWith(NativeLeaks.class)
class HazardsTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);

  private JitModule with(String expression) {
    return b.sequential(b.linear(4, 4), b.expression("nets.Odd", expression));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.dropout(input, 0.5, True)",
        "torch.dropout_(input, 0.5, True)",
        "torch.feature_dropout(input, 0.5, True)",
        "torch.alpha_dropout(input, 0.5, True)",
        "torch.batch_norm(input, None, None, None, None, False, 0.1, 1e-05, True)",
        "torch.batch_norm(input, None, None, torch.zeros([4]), torch.ones([4]), True, 0.1, 1e-05, True)",
        "torch.add(input, torch.dropout(torch.ones([4]), 0.5, True))",
        "torch.rrelu(input, 0.1, 0.3, True)",
        "torch.add(input, torch.rand([4]))",
        "torch.add(input, torch.randn_like(input))",
        "torch.bernoulli(input)",
        "torch.scaled_dot_product_attention(input, input, input, None, 0.1)"
      })
  void trainingBehaviourInTheFileIsRefusedOrAllowed(String expression) {
    JitModule module = with(expression);
    assertThatThrownBy(() -> ScriptModel.of(module).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("module '1'")
        .hasMessageContaining("allow training mode");
    LoadOptions allowed = LoadOptions.defaults().withAllowTraining(true);
    try (ScriptModel model = ScriptModel.of(module, allowed)) {
      assertThat(model.findings()).anyMatch(f -> f.startsWith("module '1' "));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.dropout(input, 0.5, False)",
        "torch.dropout(input, 0.0, True)",
        "torch.batch_norm(input, None, None, torch.zeros([4]), torch.ones([4]), False, 0.1, 1e-05, True)",
        "torch.instance_norm(input.unsqueeze(0), None, None, None, None, True, 0.1, 1e-05, True)",
        "torch.linear(input, torch.batch_norm(torch.ones([1, 4, 4]), None, None, None, None, True, 0.1, 1e-05, True).reshape([4, 4]))",
        "torch.scaled_dot_product_attention(input, input, input, None, 0.0)"
      })
  void whatDependsOnTheInputAloneIsNot(String expression) {
    try (ScriptModel model = ScriptModel.of(with(expression))) {
      assertThat(model.findings()).isEmpty();
    }
  }

  @Test
  void aBranchThatIsNotTakenMayHoldAnything() {
    JitModule odd =
        b.module(
            "nets.Odd",
            Map.of(),
            """
            def forward(self, input):
                if bool(input.sum() > 100):
                    input = torch.dropout(input, 0.5, True)
                return input
            """);
    try (ScriptModel model = ScriptModel.of(b.sequential(odd))) {
      assertThat(model.run(torch.zeros(2, 2))).hasSize(1);
      assertThatThrownBy(() -> model.run(torch.ones(20, 20)))
          .isInstanceOf(UnsupportedOperatorException.class)
          .hasMessageContaining("allow training mode");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.dequantize(torch.quantize_per_tensor(input, 0.10000000000000001, 0, 13))",
        "ops.quantized.linear_dynamic(input, ops.quantized.linear_prepack("
            + "torch.quantize_per_tensor(torch.eye(4), 0.10000000000000001, 0, 12)))",
        "ops.mkldnn._linear_pointwise(input, torch.eye(4), None, \"none\", annotate(List[Optional[number]], []), None)"
      })
  void operatorsWithoutADerivativeRunButAreNotExplained(String expression, @TempDir Path folder)
      throws IOException {
    try (ScriptModel model = ScriptModel.load(calling(expression, folder));
        Tensor x = torch.ones(2, 4)) {
      assertThat(model.findings()).anyMatch(f -> f.contains("has no derivative"));
      model.run(x).get(0).close();
      try (Propagation pass =
          new Propagation(model.program(), Map.of(), PropagationOptions.defaults())) {
        assertThatThrownBy(() -> pass.record(List.of(x)))
            .isInstanceOf(UnsupportedOperatorException.class)
            .hasMessageContaining("in layer '1'")
            .hasMessageContaining("has no derivative");
      }
    }
  }

  @Test
  void anOperatorOfAnotherLibraryIsNamed(@TempDir Path folder) throws Exception {
    Path file = calling("ops.torchvision.nms(input, input, 0.5)", folder);
    assertThatThrownBy(() -> ScriptModel.load(file))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("torchvision::nms")
        .hasMessageContaining("another library");
  }

  /** Operators outside of torch can be written in a file only. */
  private Path calling(String expression, Path folder) throws IOException {
    Path good = ModelBuilder.save(with("torch.selu(input)"), folder.resolve("good.pt"));
    Path file = folder.resolve("other.pt");
    try (ZipFile in = new ZipFile(good.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (ZipEntry entry : Collections.list(in.entries())) {
        byte[] bytes = in.getInputStream(entry).readAllBytes();
        if (entry.getName().endsWith(".py")) {
          String text = new String(bytes, StandardCharsets.UTF_8);
          bytes = text.replace("torch.selu(input)", expression).getBytes(StandardCharsets.UTF_8);
        }
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setMethod(ZipEntry.STORED);
        copy.setSize(bytes.length);
        copy.setCrc(crc.getValue());
        out.putNextEntry(copy);
        out.write(bytes);
      }
    }
    return file;
  }
}
