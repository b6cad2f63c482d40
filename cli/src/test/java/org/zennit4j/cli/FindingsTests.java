/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.ModelBuilder;

class FindingsTests {
  private interface Model {
    JitModule make(ModelBuilder builder);
  }

  @TempDir Path folder;

  private String inspect(Model model, String... more) {
    Path file = folder.resolve("m.pt");
    try (PointerScope scope = new PointerScope()) {
      ModelBuilder.save(model.make(new ModelBuilder(ScalarType.Float, 1)), file);
    }
    Object[] all = new Object[2 + more.length];
    all[0] = "inspect";
    all[1] = file;
    System.arraycopy(more, 0, all, 2, more.length);
    return Session.of(all).ok().out();
  }

  @Test
  void aPlainNetworkHasNone() {
    assertThat(
            inspect(
                b -> b.sequential(b.linear(4, 3), b.relu(), b.linear(3, 2)),
                "--composite",
                "epsilon_plus"))
        .endsWith("findings: none\n");
  }

  @Test
  void anEndInProbabilities() {
    assertThat(
            inspect(b -> b.sequential(b.linear(4, 3), b.expression("nets.S", "input.softmax(1)"))))
        .contains("ends in a softmax");
    assertThat(
            inspect(
                b ->
                    b.sequential(
                        b.linear(4, 3), b.expression("nets.S", "input.log_softmax(1).view(-1)"))))
        .contains("ends in a log-softmax");
    assertThat(
            inspect(
                b ->
                    b.sequential(
                        b.linear(4, 3),
                        b.expression("nets.S", "input.softmax(1)"),
                        b.linear(3, 2))))
        .doesNotContain("ends in");
  }

  @Test
  void aFirstLayerThatIsNotExecutedFirst() {
    Model model =
        b -> {
          Map<String, JitModule> children = new LinkedHashMap<>();
          children.put("head", b.linear(3, 2));
          children.put("body", b.linear(4, 3));
          return b.module(
              "nets.Odd",
              children,
              "def forward(self, x):\n    return self.head.forward(self.body.forward(x))\n");
        };
    assertThat(inspect(model)).contains("head, is not executed first, but body is");
  }

  @Test
  void batchNormsThatAreNotMerged() {
    Model model = b -> b.sequential(b.linear(4, 3), b.batchNorm(1, 3));
    assertThat(inspect(model)).contains("1 batch normalisation is not merged (1)");
    assertThat(inspect(model, "--composite", "epsilon_plus", "--canonizers", "merge_batch_norm"))
        .contains("merged into 0", "findings: none");
  }

  @Test
  void operatorsThatTakeNoPart() {
    Model model =
        b -> {
          Map<String, JitModule> children = new LinkedHashMap<>();
          children.put("a", b.linear(4, 4));
          children.put("b", b.linear(4, 4));
          return b.module(
              "nets.Branches",
              children,
              """
              def forward(self, x):
                  y = torch.relu(self.a.forward(x))
                  return (y + self.b.forward(y)) * torch.sigmoid(x) + 1
              """);
        };
    assertThat(inspect(model, "--composite", "epsilon_plus"))
        .contains("1 addition of two branches (/add#0) passes all relevance to both")
        .contains("2 functional operators take no part (/relu#0, /sigmoid#0)")
        .contains("mul has no rule and passes its gradient (/mul#0)")
        .doesNotContain("add#1");
    String functional =
        """
        {"type": "named", "name": "epsilon_plus", "functional": true,
         "canonizers": [{"type": "residual_sum"}]}
        """;
    assertThat(inspect(model, "--composite", functional))
        .doesNotContain("take no part", "of two branches")
        .containsPattern("canonizer_sum +.*norm +added");
  }
}
