/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Canonizers change what a network looks like, never what it computes. */
@ExtendWith(NativeLeaks.class)
class CanonizerTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 2);

  private static Tensor image(long channels) {
    return SeededWeights.normal(9, ScalarType.Double, 2, channels, 6, 6);
  }

  /** Compares outputs and closes what the canonizer made; says whether it changed anything. */
  private static boolean changes(ScriptModel model, Canonizer canonizer, Tensor... x) {
    Tensor expected = model.run(x).get(0);
    Program program = canonizer.apply(model.program());
    assertThat(Propagation.run(program, x).get(0)).within(1e-12, 1e-13).of(expected);
    assertThat(model.run(x).get(0)).isBitEqualTo(expected);
    Program again = canonizer.apply(program);
    assertThat(again).as("a second time").isSameAs(program);
    boolean changed = program != model.program();
    if (changed) {
      program.close();
    }
    assertThat(model.run(x).get(0)).isBitEqualTo(expected);
    return changed;
  }

  private ScriptModel net(Map<String, JitModule> children, String body) {
    return ScriptModel.of(b.module("nets.Net", children, "def forward(self, x):\n" + body));
  }

  private static Map<String, JitModule> children(Object... pairs) {
    Map<String, JitModule> children = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      children.put((String) pairs[i], (JitModule) pairs[i + 1]);
    }
    return children;
  }

  @ParameterizedTest
  @CsvSource({"false,1", "false,2", "true,1", "true,2"})
  void normalisationIsMergedIntoAConvolution(boolean transposed, long groups) {
    for (boolean bias : new boolean[] {false, true}) {
      Conv options = Conv.PLAIN.withGroups(groups).withBias(bias).withStride(2);
      JitModule conv =
          transposed ? b.convTranspose(2, 2, 4, 3, options) : b.conv(2, 2, 4, 3, options);
      try (ScriptModel model = ScriptModel.of(b.sequential(conv, b.batchNorm(2, 4), b.relu()))) {
        assertThat(changes(model, Canonizers.mergeBatchNorm(), image(2))).isTrue();
        assertThat(changes(model, Canonizers.sequentialMergeBatchNorm(), image(2))).isTrue();
        assertThat(changes(model, Canonizers.vgg(), image(2))).isTrue();
      }
    }
  }

  @Test
  void normalisationIsMergedIntoALinearLayer() {
    JitModule net = b.sequential(b.linear(5, 3), b.batchNorm(1, 3));
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 4, 5);
    try (ScriptModel model = ScriptModel.of(net)) {
      assertThat(changes(model, Canonizers.mergeBatchNorm(), x)).isTrue();
    }
  }

  /** LeViT's layer and two of time series; T is the number of tokens, equal to the channels. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          self.norm.forward(y.flatten(0, 1)).reshape_as(y)
          self.norm.forward(y.flatten(0, -2)).view_as(y)
          self.norm.forward(y.reshape(-1, 3)).reshape(2, 3, 3)
          self.norm.forward(y.transpose(1, 2)).transpose(1, 2)
          self.norm.forward(y.transpose(-1, -2).contiguous()).transpose(1, 2)
          self.norm.forward(y.permute(0, 2, 1)).permute(0, 2, 1)
          """)
  void normalisationIsMergedWhereAxesAreMovedBefore(String expression) {
    Map<String, JitModule> children = children("linear", b.linear(5, 3), "norm", b.batchNorm(1, 3));
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 3, 5);
    try (ScriptModel model =
        net(children, "    y = self.linear.forward(x)\n    return " + expression + "\n")) {
      assertThat(changes(model, Canonizers.mergeBatchNorm(), x)).isTrue();
      assertThat(changes(model, Canonizers.sequentialMergeBatchNorm(), x)).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          self.norm.forward(y.transpose(0, 1))
          self.norm.forward(y.transpose(1, 2)) + y
          self.norm.forward(y.reshape(3, -1).t()[:, :3])
          self.norm.forward(y.permute(2, 1, 0))
          """)
  void normalisationOfAnotherAxisStays(String expression) {
    Map<String, JitModule> children = children("linear", b.linear(5, 3), "norm", b.batchNorm(1, 3));
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 3, 3, 5);
    try (ScriptModel model =
        net(children, "    y = self.linear.forward(x)\n    return " + expression + "\n")) {
      assertThat(changes(model, Canonizers.mergeBatchNorm(), x)).isFalse();
    }
  }

  @Test
  void rulesSeeTheMergedParameters() {
    JitModule unmerged = b.conv(2, 2, 3, 3, Conv.PLAIN.withBias(false));
    JitModule net = b.sequential(unmerged, b.batchNorm(2, 3));
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan =
            Plan.of(model, Composites.epsilonPlus().withCanonizers(Canonizers.mergeBatchNorm()))) {
      Region conv = plan.program().regions(plan.program().layer("0").orElseThrow()).get(0);
      Tensor weight = unmerged.attr("weight").toTensor();
      assertThat(conv.parameters()).containsKeys("weight", "bias");
      assertThat(conv.parameters().get("weight").equal(weight)).isFalse();
      assertThat(
              model.program().regions(model.program().layer("0").orElseThrow()).get(0).parameters())
          .containsOnlyKeys("weight");
    }
  }

  @Test
  void denseNetsNormalisationsBeforeConvolutionsStay() {
    Map<String, JitModule> children =
        children(
            "norm1", b.batchNorm(2, 2),
            "relu1", b.relu(),
            "conv1", b.conv(2, 2, 3, 1, Conv.PLAIN),
            "norm2", b.batchNorm(2, 3),
            "relu2", b.relu(),
            "conv2", b.conv(2, 3, 2, 3, Conv.PLAIN.withPadding(1)),
            "norm3", b.batchNorm(2, 4));
    String body =
        """
            y = self.conv1.forward(self.relu1.forward(self.norm1.forward(x)))
            y = self.conv2.forward(self.relu2.forward(self.norm2.forward(y)))
            return self.norm3.forward(torch.cat([x, y], 1))
        """;
    try (ScriptModel model = net(children, body)) {
      assertThat(changes(model, Canonizers.mergeBatchNorm(), image(2))).isTrue();
      Program merged = Canonizers.mergeBatchNorm().apply(model.program());
      List<String> left =
          merged.layers().stream()
              .filter(l -> l.matches(Types.BATCH_NORM))
              .filter(l -> merged.regions(l).stream().anyMatch(r -> r.batchNorm().isPresent()))
              .map(Layer::name)
              .toList();
      assertThat(left).contains("norm1", "norm3");
      merged.close();
      // Registered right behind a convolution, but it normalises the concatenation.
      assertThatThrownBy(() -> Canonizers.sequentialMergeBatchNorm().apply(model.program()))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("'norm3'")
          .hasMessageContaining("'conv2'")
          .hasMessageContaining("merge_batch_norm");
    }
  }

  @Test
  void aConvolutionThatSomethingElseUsesStays() {
    Map<String, JitModule> children =
        children("conv", b.conv(2, 2, 3, 1, Conv.PLAIN), "norm", b.batchNorm(2, 3));
    try (ScriptModel model =
        net(children, "    y = self.conv.forward(x)\n    return self.norm.forward(y) + y\n")) {
      assertThat(changes(model, Canonizers.mergeBatchNorm(), image(2))).isFalse();
      assertThatThrownBy(() -> Canonizers.sequentialMergeBatchNorm().apply(model.program()))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("alone");
    }
  }

  @Test
  void theOrderOfRegistrationDoesNotMatterToDataFlow() {
    Map<String, JitModule> children =
        children(
            "conv1", b.conv(2, 2, 3, 1, Conv.PLAIN),
            "conv2", b.conv(2, 3, 3, 1, Conv.PLAIN),
            "norm1", b.batchNorm(2, 3),
            "norm2", b.batchNorm(2, 3));
    String body =
        """
            x = torch.relu(self.norm1.forward(self.conv1.forward(x)))
            return self.norm2.forward(self.conv2.forward(x))
        """;
    try (ScriptModel model = net(children, body)) {
      assertThat(changes(model, Canonizers.mergeBatchNorm(), image(2))).isTrue();
      assertThatThrownBy(() -> Canonizers.sequentialMergeBatchNorm().apply(model.program()))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("'norm1'");
      NamedMergeBatchNorm named =
          new NamedMergeBatchNorm(
              List.of(
                  new NamedMergeBatchNorm.Pair(List.of("conv1"), "norm1"),
                  new NamedMergeBatchNorm.Pair(List.of("conv2"), "norm2")));
      Tensor expected = model.run(image(2)).get(0);
      try (Program program = named.apply(model.program())) {
        assertThat(Propagation.run(program, image(2)).get(0)).within(1e-12, 1e-13).of(expected);
      }
    }
  }

  @Test
  void namesAreChecked() {
    Map<String, JitModule> children =
        children("conv", b.conv(2, 2, 3, 1, Conv.PLAIN), "norm", b.batchNorm(2, 3));
    try (ScriptModel model =
        net(children, "    return self.norm.forward(self.conv.forward(x))\n")) {
      NamedMergeBatchNorm misspelt =
          new NamedMergeBatchNorm(List.of(new NamedMergeBatchNorm.Pair(List.of("cov"), "norm")));
      assertThatThrownBy(() -> misspelt.apply(model.program()))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("'cov'")
          .hasMessageContaining("conv");
      NamedMergeBatchNorm swapped =
          new NamedMergeBatchNorm(List.of(new NamedMergeBatchNorm.Pair(List.of("norm"), "conv")));
      assertThatThrownBy(() -> swapped.apply(model.program()))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("'conv' is no batch normalisation");
    }
  }

  @Test
  void additionsBecomeSums() {
    JitModule block =
        b.module(
            "nets.Block",
            children("conv", b.conv(2, 2, 2, 1, Conv.PLAIN)),
            """
            def forward(self, x):
                x = torch.relu(self.conv.forward(x) + x)
                return x + self.conv.forward(x)
            """);
    String body =
        """
            y = self.block.forward(x) + x
            z = torch.add(y, x, alpha=2)
            return z + 1.0 + torch.ones_like(z).sum() + y
        """;
    try (ScriptModel model = net(children("block", block, "relu", b.relu()), body)) {
      assertThat(changes(model, Canonizers.residualSum(), image(2))).isTrue();
      Program program = Canonizers.residualSum().apply(model.program());
      assertThat(program.layers().stream().map(Layer::name))
          .containsSubsequence(
              "block",
              "block.conv",
              "block.canonizer_sum",
              "block.canonizer_sum#1",
              "relu",
              "canonizer_sum");
      assertThat(program.layer("block.canonizer_sum").orElseThrow().matches(Types.SUM)).isTrue();
      program.close();
      try (Plan plan =
          Plan.of(
              model,
              new LayerMapComposite(List.of(MapEntry.of(new Norm(), Types.SUM)))
                  .withCanonizers(Canonizers.residualSum()))) {
        assertThat(plan.rules()).containsKeys("block.canonizer_sum", "canonizer_sum");
      }
    }
  }

  @Test
  void canonizersRunInOrderOuterOnesFirst() {
    List<String> order = new ArrayList<>();
    Composite inner =
        new LayerMapComposite(List.of(MapEntry.of(new ZPlus(), Types.LINEAR)))
            .withCanonizers(told(order, "inner"));
    Composite mixed =
        new MixedComposite(
            List.of(inner, inner.withCanonizers(told(order, "second"))),
            List.of(told(order, "outer"), new CompositeCanonizer(List.of(told(order, "nested")))));
    try (ScriptModel model = ScriptModel.of(b.sequential(b.linear(2, 2)));
        Plan plan = Plan.of(model, mixed)) {
      assertThat(order).containsExactly("outer", "nested", "inner", "second");
      assertThat(plan.program()).isSameAs(model.program());
    }
  }

  private static Canonizer told(List<String> order, String name) {
    return program -> {
      order.add(name);
      return program;
    };
  }

  /** Takes every dropout out and doubles every bias: what a user might write. */
  private static Program own(Program program) {
    try (ProgramEditor editor = program.edit()) {
      for (Region region : program.regions()) {
        if (!region.isOperator() && region.layer().className().endsWith("Dropout")) {
          editor.bypass(region);
        } else if (region.isOperator() && region.linearMap().isPresent()) {
          editor.setParameter(
              region, "bias", region.linearMap().get().bias().orElseThrow().mul(new Scalar(2)));
        }
      }
      return editor.isEmpty() ? program : editor.apply();
    }
  }

  @Test
  void anOwnCanonizerIsALambda() {
    JitModule dropout = b.expression("torch.nn.modules.dropout.Dropout", "input * 0.5");
    JitModule linear = b.linear(3, 2);
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 4, 3);
    Tensor bias = linear.attr("bias").toTensor();
    try (ScriptModel model = ScriptModel.of(b.sequential(dropout, linear));
        Plan plan = Plan.of(model, new EmptyComposite().withCanonizers(CanonizerTests::own))) {
      Tensor expected =
          torch.matmul(x, linear.attr("weight").toTensor().t()).add(bias.mul(new Scalar(2)));
      assertThat(Propagation.run(plan.program(), x).get(0)).within(1e-13, 1e-14).of(expected);
      Tensor untouched =
          torch.matmul(x.mul(new Scalar(0.5)), linear.attr("weight").toTensor().t()).add(bias);
      assertThat(model.run(x).get(0)).within(1e-13, 1e-14).of(untouched);
    }
  }

  @Test
  void aFailingCanonizerLeavesNothingOpen() {
    Canonizer failing =
        program -> {
          throw new CompositeException("no");
        };
    JitModule net = b.sequential(b.conv(2, 2, 3, 3, Conv.PLAIN), b.batchNorm(2, 3));
    try (ScriptModel model = ScriptModel.of(net)) {
      Composite composite =
          new EmptyComposite().withCanonizers(Canonizers.mergeBatchNorm(), failing);
      assertThatThrownBy(() -> Plan.of(model, composite)).isInstanceOf(CompositeException.class);
    }
  }

  @Test
  void aCanonizerThatReturnsNothingIsNamed() {
    JitModule net = b.sequential(b.conv(2, 2, 3, 3, Conv.PLAIN), b.batchNorm(2, 3));
    try (ScriptModel model = ScriptModel.of(net)) {
      Canonizer nothing = program -> null;
      Composite composite =
          new EmptyComposite().withCanonizers(Canonizers.mergeBatchNorm(), nothing);
      assertThatThrownBy(() -> Plan.of(model, composite))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("returned null");
    }
  }

  @Test
  void resNetsBlocksAreMergedAndSummed() {
    JitModule block =
        b.module(
            "torchvision.models.resnet.BasicBlock",
            children(
                "conv1", b.conv(2, 2, 2, 3, Conv.PLAIN.withPadding(1)),
                "bn1", b.batchNorm(2, 2),
                "relu", b.reluInPlace(),
                "conv2", b.conv(2, 2, 2, 3, Conv.PLAIN.withPadding(1)),
                "bn2", b.batchNorm(2, 2)),
            """
            def forward(self, x):
                out = self.relu.forward(self.bn1.forward(self.conv1.forward(x)))
                out = self.bn2.forward(self.conv2.forward(out))
                out += x
                return self.relu.forward(out)
            """);
    try (ScriptModel model =
        net(children("layer1", b.sequential(block)), "    return self.layer1.forward(x) + x\n")) {
      assertThat(changes(model, Canonizers.resNet(), image(2))).isTrue();
      Program program = Canonizers.resNet().apply(model.program());
      assertThat(program.layers().stream().filter(l -> l.matches(Types.SUM)).map(Layer::name))
          .containsExactly("layer1.0.canonizer_sum");
      program.close();
    }
  }
}
