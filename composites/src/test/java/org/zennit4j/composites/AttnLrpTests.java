/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.bindings.Natives;
import org.zennit4j.graph.Layer;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Rules for each operator: the same map however a network is written, and sums that are kept. */
@ExtendWith(NativeLeaks.class)
class AttnLrpTests {
  private static final int WIDTH = 6;
  private static final int TOKENS = 4;

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  private ScriptModel model(String arguments, String body) {
    return ScriptModel.of(
        b.module("nets.Net", Map.of(), "def forward(self, " + arguments + "):\n" + body.indent(4)));
  }

  /** The relevances of the inputs, kept by the caller's scope. */
  private static List<Tensor> explain(ScriptModel model, Composite composite, Tensor... inputs) {
    try (Plan plan = Plan.of(model, composite)) {
      return explain(plan, inputs);
    }
  }

  private static List<Tensor> explain(Plan plan, Tensor... inputs) {
    List<Tensor> kept = new java.util.ArrayList<>();
    try (Propagation pass = plan.propagate(PropagationOptions.defaults())) {
      List<Tensor> outputs = pass.record(List.of(inputs));
      Tensor relevance = numbers(77, outputs.get(0).shape());
      for (Tensor found : pass.backward(List.of(relevance))) {
        kept.add(Natives.keep(new Tensor(found)));
      }
    }
    kept.forEach(Natives::handOver);
    return kept;
  }

  private static void assertSame(List<Tensor> found, List<Tensor> expected) {
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.get(i)).within(1e-10, 1e-12).of(expected.get(i));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "e = torch.exp(z)\nw = e / e.sum(AXIS, keepdim=True)",
        "e = torch.exp(z - z.amax([AXIS], keepdim=True))\nw = e / e.sum([AXIS], keepdim=True)",
        "e = torch.exp(z - torch.max(z))\nw = e / torch.unsqueeze(torch.sum(e, [AXIS]), AXIS)",
        "e = torch.exp(z - 0.5)\nw = e * (1.0 / e.sum(AXIS, keepdim=True))",
        "e = torch.exp(z)\nw = torch.reciprocal(e.sum(AXIS, keepdim=True) + 0.0) * e",
        "e = torch.exp(z - torch.max(z, AXIS, True)[0].detach())\nw = torch.div(e, e.sum(AXIS, True))"
      })
  void aSoftmaxThatIsWrittenAsOperatorsHasTheMapOfTheOperator(String written) {
    Tensor q = numbers(1, 2, 4, 3);
    Tensor k = numbers(2, 2, 4, 3);
    Tensor v = numbers(3, 2, 4, 3);
    String scores = "z = torch.matmul(q, k.transpose(1, 2))\n";
    for (String axis : List.of("1", "-1")) {
      String end = "\nreturn torch.matmul(w, v)\n";
      try (ScriptModel operator =
              model("q, k, v", scores + "w = torch.softmax(z, " + axis + ")" + end);
          ScriptModel byHand = model("q, k, v", scores + written.replace("AXIS", axis) + end)) {
        for (boolean constant : List.of(false, true)) {
          Composite composite = new AttnLrp(constant);
          assertSame(explain(byHand, composite, q, k, v), explain(operator, composite, q, k, v));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ", None, 0.0, True",
        ", None, 0.0, False, scale=0.3",
        ", torch.gt(torch.ones(4, 4).tril(1), 0)",
        ", torch.cos(torch.arange(16, dtype=7)).view(4, 4)",
        ", torch.log(torch.ones([4, 4], dtype=7).tril(0))",
        ", None, 0.0, False, enable_gqa=True"
      })
  void attentionTakenApartHasTheMapOfTheFusedOne(String arguments) {
    long heads = arguments.contains("gqa") ? 2 : 4;
    Tensor q = numbers(1, 2, 4, 4, 3);
    Tensor k = numbers(2, 2, heads, 4, 3);
    Tensor v = numbers(3, 2, heads, 4, 3);
    String call = "return torch.scaled_dot_product_attention(q, k, v" + arguments + ")\n";
    try (ScriptModel model = model("q, k, v", call)) {
      for (boolean constant : List.of(false, true)) {
        Composite composite = new AttnLrp(constant);
        try (Plan apart =
            Plan.of(model, composite.withCanonizers(Canonizers.decomposeAttention()))) {
          assertThat(apart.program().functionalLayers().stream().map(Layer::name))
              .contains("/scaled_dot_product_attention#0/_safe_softmax#0")
              .doesNotContain("/scaled_dot_product_attention#0");
          assertSame(explain(apart, q, k, v), explain(model, composite, q, k, v));
        }
      }
    }
  }

  @Test
  void aMaskThatMayBeNoneIsLookedAtInTheRun() {
    Tensor q = numbers(1, 2, 2, TOKENS, 3);
    String text =
        """
        mask: Optional[Tensor] = None
        if q.size(0) > 5:
            mask = torch.ones(4, 4)
        return torch.scaled_dot_product_attention(q, q * 2, q - 1, mask)
        """;
    try (ScriptModel model = model("q", text)) {
      Composite apart = new AttnLrp(false).withCanonizers(Canonizers.decomposeAttention());
      assertSame(explain(model, apart, q), explain(model, new AttnLrp(false), q));
    }
  }

  private static final Map<String, String> STEPS =
      Map.of(
          "gru",
          """
          r = torch.sigmoid(a[:, :3] + c[:, :3])
          z = torch.sigmoid(a[:, 3:6] + c[:, 3:6])
          n = torch.tanh(a[:, 6:] + r * c[:, 6:])
          h = (1 - z) * n + z * h
          """,
          "lstm",
          """
          g = a + c
          m = torch.sigmoid(g[:, 3:6]) * m + torch.sigmoid(g[:, :3]) * torch.tanh(g[:, 6:9])
          h = torch.sigmoid(g[:, 9:]) * torch.tanh(m)
          """,
          "rnn_tanh",
          "h = torch.tanh(a + c)\n",
          "rnn_relu",
          "h = torch.relu(a + c)\n");

  private ScriptModel recurrent(long gates, String body) {
    JitModule net = b.empty("nets.Recurrent");
    net.register_parameter("w", numbers(31, 3 * gates, 2), false);
    net.register_parameter("u", numbers(32, 3 * gates, 3), false);
    net.register_parameter("b", numbers(33, 3 * gates), false);
    net.register_parameter("d", numbers(34, 3 * gates), false);
    String zero = "torch.zeros([x.size(0), 3], dtype=7)";
    net.define(
        "def forward(self, x):\n"
            + ("h = " + zero + "\nm = " + zero + "\n" + body + "return h\n").indent(4));
    return ScriptModel.of(net);
  }

  /** In the first step the state is constant: what a gate lets through of the biases stays. */
  @ParameterizedTest
  @CsvSource({"gru, 3", "lstm, 4", "rnn_tanh, 1", "rnn_relu, 1"})
  void aRecurrentNetworkHasOneMapHoweverItIsWritten(String kind, long gates) {
    boolean two = kind.equals("lstm");
    String all = "self.w, self.u, self.b, self.d";
    String operator =
        "h = torch."
            + kind
            + "(x, "
            + (two ? "[h.unsqueeze(0), m.unsqueeze(0)]" : "h.unsqueeze(0)")
            + ", ["
            + all
            + "], True, 1, 0.0, False, False, True)[0][:, -1]\n";
    String cell =
        (two ? "h, m" : "h")
            + " = torch."
            + kind
            + "_cell(x[:, t], "
            + (two ? "[h, m]" : "h")
            + ", "
            + all
            + ")\n";
    String written =
        "a = torch.linear(x[:, t], self.w, self.b)\nc = torch.linear(h, self.u, self.d)\n"
            + STEPS.get(kind);
    Tensor x = numbers(1, 2, 3, 2);
    try (ScriptModel whole = recurrent(gates, operator)) {
      List<Tensor> expected = explain(whole, Composites.attnLrp(), x);
      for (String step : List.of(cell, written)) {
        String unrolled =
            IntStream.range(0, 3)
                .mapToObj(t -> step.replace("x[:, t]", "x[:, " + t + "]"))
                .collect(Collectors.joining());
        for (String body : List.of("for t in range(3):\n" + step.indent(4), unrolled)) {
          try (ScriptModel model = recurrent(gates, body)) {
            assertSame(explain(model, Composites.attnLrp(), x), expected);
          }
        }
      }
    }
  }

  private JitModule weights() {
    JitModule net = b.empty("nets.Layer");
    long seed = 20;
    for (Map.Entry<String, long[]> entry :
        Map.of(
                "win", new long[] {3 * WIDTH, WIDTH},
                "bin", new long[] {3 * WIDTH},
                "wout", new long[] {WIDTH, WIDTH},
                "bout", new long[] {WIDTH},
                "w1", new long[] {2 * WIDTH, WIDTH},
                "b1", new long[] {2 * WIDTH},
                "w2", new long[] {WIDTH, 2 * WIDTH},
                "n1", new long[] {WIDTH},
                "n2", new long[] {WIDTH})
            .entrySet()) {
      net.register_parameter(entry.getKey(), numbers(++seed, entry.getValue()), false);
    }
    return net;
  }

  private static final String ATTENTION =
      """
          n = x.size(0)
          y = torch.linear(%s, self.win, self.bin)
          q, k, v = torch.chunk(y, 3, -1)
          q = q.view(n, -1, 2, 3).transpose(1, 2)
          k = k.view(n, -1, 2, 3).transpose(1, 2)
          v = v.view(n, -1, 2, 3).transpose(1, 2)
          o = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 1.7320508075688772, -1)
          o = torch.matmul(o, v).transpose(1, 2).reshape(n, -1, 6)
          o = torch.linear(o, self.wout, self.bout)
      """;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWholeEncoderLayerAsOneOperatorIsTakenApart(boolean normFirst) {
    JitModule fused = weights();
    fused.define(
        "def forward(self, x):\n    return torch._transformer_encoder_layer_fwd(x, 6, 2, self.win,"
            + " self.bin, self.wout, self.bout, True, "
            + (normFirst ? "True" : "False")
            + ", 1e-5, self.n1, self.bout, self.n2, self.bout, self.w1, self.b1, self.w2,"
            + " self.bout)\n");
    JitModule parts = weights();
    String norm1 = "torch.layer_norm(%s, [6], self.n1, self.bout, 1e-5)";
    String norm2 = "torch.layer_norm(%s, [6], self.n2, self.bout, 1e-5)";
    String forward =
        "torch.linear(torch.gelu(torch.linear(%s, self.w1, self.b1)), self.w2, self.bout)";
    String text =
        normFirst
            ? ATTENTION.formatted(norm1.formatted("x"))
                + "    z = x + o\n    return z + "
                + forward.formatted(norm2.formatted("z"))
            : ATTENTION.formatted("x")
                + "    z = "
                + norm1.formatted("x + o")
                + "\n    return "
                + norm2.formatted("z + " + forward.formatted("z"));
    parts.define("def forward(self, x):\n" + text + "\n");
    Tensor x = numbers(5, 2, TOKENS, WIDTH);
    try (ScriptModel one = ScriptModel.of(fused);
        ScriptModel many = ScriptModel.of(parts)) {
      for (boolean constant : List.of(false, true)) {
        Composite composite = new AttnLrp(constant);
        assertSame(explain(one, composite, x), explain(many, composite, x));
      }
    }
  }

  @Test
  void multiHeadAttentionAsOneOperatorCanBeTakenApart() {
    JitModule net = weights();
    net.define(
        "def forward(self, x):\n    return torch._native_multi_head_attention(x, x, x, 6, 2,"
            + " self.win, self.bin, self.wout, self.bout, None, True, True)[0]\n");
    JitModule parts = weights();
    parts.define("def forward(self, x):\n" + ATTENTION.formatted("x") + "    return o\n");
    Tensor x = numbers(5, 2, TOKENS, WIDTH);
    try (ScriptModel model = ScriptModel.of(net);
        ScriptModel many = ScriptModel.of(parts)) {
      for (boolean constant : List.of(false, true)) {
        Composite composite = new AttnLrp(constant);
        List<Tensor> expected = explain(many, composite, x);
        assertSame(explain(model, composite, x), expected);
        Composite apart = composite.withCanonizers(Canonizers.decomposeAttention());
        assertSame(explain(model, apart, x), expected);
      }
    }
  }

  /** As torchvision's MViT adds queries to what attention gives. */
  @Test
  void relevancePassesWhatIsWrittenIntoAPartOfATensor() {
    Tensor x = numbers(5, 2, TOKENS, WIDTH);
    String text =
        """
        y = torch.tanh(x * 2)
        z = torch.sin(x)
        """;
    try (ScriptModel writes =
            model("x", text + "y[:, 1:].add_(z[:, 1:])\nreturn torch.relu(y) * 3\n");
        ScriptModel copies =
            model(
                "x",
                text
                    + "y = torch.cat([y[:, :1], y[:, 1:] + z[:, 1:]], 1)\n"
                    + "return torch.relu(y) * 3\n")) {
      assertSame(explain(writes, new AttnLrp(false), x), explain(copies, new AttnLrp(false), x));
    }
  }

  /** As timm's BatchNormAct2d. */
  @Test
  void aBatchNormalisationThatHoldsItsActivationIsLookedInto() {
    JitModule norm = b.empty("nets.NormAct");
    norm.register_parameter("weight", numbers(1, 3), false);
    norm.register_parameter("bias", numbers(2, 3).zero_(), false);
    norm.register_buffer("running_mean", numbers(3, 3).zero_());
    norm.register_buffer("running_var", numbers(4, 3).abs());
    norm.define(
        """
        def forward(self, x):
            y = torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, False, 0.1, 1e-5, False)
            return torch.silu(y)
        """);
    Tensor x = numbers(5, 2, 3, 4, 4);
    try (ScriptModel model = ScriptModel.of(b.sequential(norm))) {
      try (Plan plan = Plan.of(model, new AttnLrp(false))) {
        assertThat(plan.rules().keySet()).contains("0/batch_norm#0", "0/silu#0");
      }
      double sum = explain(model, new AttnLrp(false), x).get(0).sum().item_double();
      assertThat(sum).isCloseTo(numbers(77, 2, 3, 4, 4).sum().item_double(), within(1e-10));
    }
  }

  @Test
  void biasesThatCountAsZeroTakeNothingHoweverDeepTheNetwork() {
    JitModule[] layers = new JitModule[24];
    for (int i = 0; i < layers.length; i++) {
      layers[i] =
          i % 2 == 0 ? b.linear(WIDTH, WIDTH) : b.expression("nets.Gelu" + i, "torch.gelu(input)");
    }
    Tensor x = numbers(5, 3, WIDTH);
    Composite composite =
        Composites.attnLrp(
            PresetArguments.defaults()
                .withEpsilon(Stabilizer.of(AttnLrp.DEFAULT_EPSILON))
                .withZeroParams(ZeroParams.of("bias")));
    try (ScriptModel model = ScriptModel.of(b.sequential(layers))) {
      Tensor r = explain(model, composite, x).get(0);
      double seed = numbers(77, 3, WIDTH).sum().item_double();
      assertThat(r.sum().item_double()).isCloseTo(seed, within(1e-9));
      assertThat(r.abs().max().item_double()).isLessThan(1e4);
    }
  }

  private static final String MAP =
      "m = torch.cos(torch.arange(36, dtype=7)).view(6, 6)\nn = m[0:1]\n";

  /** Softmaxes whose scores a linear map makes; x has samples, tokens and features. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // A branch is chosen for each feature, as in selective kernels.
        """
        s = torch.stack([torch.linear(x.mean(1, True), m), torch.linear(x.mean(1, True), m + 1)])
        w = torch.softmax(s, 0)
        return (torch.stack([x, x * 2]) * w).sum(0)
        """,
        // Places are pooled, as in global context blocks.
        """
        w = torch.softmax(torch.linear(x, n), 1)
        return torch.matmul(x.transpose(1, 2), w)
        """,
        """
        w = torch.softmax(torch.matmul(x, n.t()), 1)
        return torch.bmm(w.transpose(1, 2), x)
        """,
        """
        w = torch.softmax(torch.linear(x, n), 1)
        return torch.einsum('btf,bto->bof', [x, w])
        """,
        // Additive attention; a softmax by hand; one that is masked; one of a convolution.
        """
        w = torch.softmax(torch.linear(torch.tanh(torch.linear(x, m)), n), 1)
        return (w * x).sum(1)
        """,
        """
        z = torch.linear(x, n)
        e = torch.exp(z - z.amax([1], True))
        return (e / e.sum(1, True) * x).sum(1)
        """,
        """
        z = torch.linear(x, n) / 3.0 + 0.1
        z = z.masked_fill(torch.ones([4, 1]).cumsum(0) > 3, -1e9)
        return (x * torch.softmax(z, 1)).sum(1)
        """,
        """
        z = torch.conv1d(x.transpose(1, 2), n.unsqueeze(2))
        return (x * torch.softmax(z, 2).transpose(1, 2)).sum(1)
        """
      })
  void aSoftmaxOfALinearMapIsAGate(String body) {
    Tensor x = numbers(1, 2, TOKENS, WIDTH);
    try (ScriptModel model = model("x", MAP + body)) {
      Tensor found = explain(model, new AttnLrp(false), x).get(0);
      double seed = numbers(77, model.run(x).get(0).shape()).sum().item_double();
      assertThat(found.sum().item_double()).isCloseTo(seed, within(1e-9));
      assertSame(List.of(found), explain(model, new AttnLrp(true), x));
    }
  }

  /** Queries and keys, perhaps with heads that are mixed before the softmax. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "z = torch.matmul(x, torch.linear(x, m).transpose(1, 2))",
        "z = torch.linear(torch.matmul(x, torch.linear(x, m).transpose(1, 2)), m[0:4, 0:4])",
        "z = torch.einsum('btf,bsf->bts', [x, torch.linear(x, m)])",
        "z = torch.einsum('btf,bsf->bts', [x, torch.linear(x, m)]) + torch.linear(x, m[0:4])",
        "z = (x.unsqueeze(1) * torch.linear(x, m).unsqueeze(2)).sum(3)"
      })
  void aSoftmaxOfProductsIsNoGate(String scores) {
    Tensor x = numbers(1, 2, TOKENS, WIDTH);
    String body = MAP + scores + "\nreturn torch.matmul(torch.softmax(z, -1), x)\n";
    try (ScriptModel model = model("x", body)) {
      Tensor found = explain(model, new AttnLrp(false), x).get(0);
      Tensor constant = explain(model, new AttnLrp(true), x).get(0);
      assertThat(found.sub(constant).abs().max().item_double()).isGreaterThan(1e-3);
    }
  }
}
