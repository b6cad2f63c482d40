/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.graph.Layer;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/**
 * The language of TorchScript, construct by construct: the same bits as the module's own forward.
 */
@ExtendWith(NativeLeaks.class)
class TextModelsTests {
  private ModelBuilder b;

  @BeforeEach
  void builder() {
    b = new ModelBuilder(ScalarType.Double, 1);
  }

  private static Tensor input() {
    return SeededWeights.normal(3, ScalarType.Double, 2, 4, 6);
  }

  /** One method body a text; the model has the layers {@code fc} (6 to 6), {@code act} in place. */
  static List<String> bodies() {
    return List.of(
        // tuples, lists, dictionaries
        "    return (x, x * 2)\n",
        "    a, b, c = (x, x + 1, x + 2)\n    return a + b * c\n",
        "    t = (x, x + 1, x + 2, x + 3)\n    u = t[1:3]\n    return u[0] * u[1] + t[-1]\n",
        "    return {\"logits\": self.fc.forward(x), \"x\": x}\n",
        "    d = {\"a\": x}\n    d[\"b\"] = x + 1\n    d[\"a\"] = d[\"a\"] * 3\n    return d[\"a\"] + d[\"b\"]\n",
        "    d = {1: x, 2: x * 2}\n    y = x\n    for k in d.keys():\n        y = y + d[k] * k\n    return y\n",
        "    d: Dict[str, int] = {}\n    d[\"n\"] = 3\n    return x * d[\"n\"]\n",
        "    l = [x, x + 1]\n    l.append(x + 2)\n    return torch.cat(l, 1)\n",
        "    l = [x, x + 1]\n    l[0] = x * 5\n    y = l.pop()\n    return l[0] + y\n",
        "    l: List[Tensor] = []\n    for i in range(3):\n        l.append(x * i)\n    return torch.stack(l)\n",
        "    s = [1, 2]\n    s.append(3)\n    s[0] = 7\n    return x * s[0] + s[2] + len(s)\n",
        "    l = [i * 2 for i in range(3)]\n    return x * l[2] + float(sum(l))\n",
        "    a, b = torch.chunk(x, 2, 1)\n    return a * b\n",
        "    a, b, c, d = torch.unbind(x, 1)\n    return a + b * c - d\n",
        "    p = torch.split(x, [1, 3], 1)\n    return p[0] + p[1]\n",
        // control flow
        "    if x.size(0) > 1:\n        y = x * 2\n    else:\n        y = self.fc.forward(x)\n    return y\n",
        "    if bool(x.sum() > 0):\n        y = x * 2\n    else:\n        y = self.fc.forward(x)\n    return y\n",
        "    i = 0\n    y = x\n    while i < 4:\n        y = self.fc.forward(y) + i\n        i += 1\n    return y\n",
        "    y = x\n    for i in range(5):\n        if i == 3:\n            break\n        if i == 1:\n            continue\n        y = y * 1.5 + i\n    return y\n",
        "    if x.dim() == 2:\n        return x\n    if x.dim() == 3:\n        return x + 3\n    return x + 4\n",
        "    assert x.dim() == 3, \"three dimensions\"\n    return x\n",
        "    y = x\n    for k in range(int(x.size(1))):\n        for m in range(k):\n            y = y + k * m\n    return y\n",
        "    r = 1.0\n    for v in [1.5, 2.5]:\n        r = r * v\n    return x * r\n",
        // None, optionals, numbers, strings
        "    m: Optional[Tensor] = None\n    if x.size(0) > 1:\n        m = x + 1\n    if m is not None:\n        return m * 2\n    return x\n",
        "    m: Optional[int] = None\n    if m is None:\n        m = 3\n    return x * m\n",
        "    k = min(x.size(0), x.size(1))\n    k = max(k, 1)\n    return x * k + min(2.5, 3.5) + abs(-2)\n",
        "    s = \"{} of {}\".format(x.size(0), x.size(1))\n    return x + len(s)\n",
        "    a, b = divmod(7, 2)\n    return x * a + b + 7 // 2 + 7 % 4 + 2 ** 3 + 7 / 2\n",
        "    n = x.shape[0] * x.shape[1]\n    return x.reshape(n, -1)\n",
        "    return x.reshape([x.size(0), -1]) if x.dim() == 3 else x\n",
        "    return x.new_zeros([2, 3]) + x[:, :3, 0]\n",
        "    i = torch.arange(4)\n    return x[:, i] + i.reshape(1, 4, 1)\n",
        "    return x.to(6).to(7) + x.float().double()\n",
        "    return torch.where(x > 0, x, torch.zeros_like(x))\n",
        "    return torch.einsum(\"bij,bkj->bik\", [x, x])\n",
        "    return torch.max(x, 2)[0] + torch.topk(x, 1, 2)[0].squeeze(2)\n",
        // in place
        "    y = self.fc.forward(x)\n    self.act.forward(y)\n    return y\n",
        "    y = self.fc.forward(x)\n    z = self.act.forward(y)\n    return z + y\n",
        "    y = self.fc.forward(x)\n    y += x\n    y *= 2\n    return y\n",
        "    y = self.fc.forward(x)\n    z = y\n    z += x\n    return y + z\n",
        "    y = self.fc.forward(x)\n    v = y[:, 0]\n    y += 1\n    return v + y[:, 1]\n",
        "    y = self.fc.forward(x)\n    v = y[:, 0]\n    v += 1\n    return y\n",
        "    y = self.fc.forward(x)\n    v = y[:, 0]\n    w = v + 1\n    y += 1\n    return y.sum(1) + w\n",
        "    y = self.fc.forward(x)\n    y[:, 1] = 0\n    y[:, 2:, 3] = x[:, 2:, 0]\n    return y\n",
        "    y = torch.zeros([2, 4, 6], dtype=7)\n    y[:, :2] = x[:, :2]\n    return y * 2\n",
        "    y = self.fc.forward(x).view(2, 24)\n    y.add_(1)\n    return y\n",
        "    y = self.fc.forward(x)\n    z = y.view(2, 24)\n    z.add_(1)\n    return y + z.view(2, 4, 6)\n",
        "    l = [self.fc.forward(x)]\n    y = l[0]\n    y.mul_(3)\n    return l[0] + y\n",
        "    y = self.fc.forward(x)\n    if x.size(0) > 1:\n        y += 1\n    return y\n",
        "    y = self.fc.forward(x)\n    if x.size(0) > 1:\n        self.act.forward(y)\n    return y\n",
        "    y = self.fc.forward(x)\n    for i in range(3):\n        y += i\n    return y\n",
        "    y = self.fc.forward(x)\n    z = y if x.size(0) > 1 else x\n    z += 1\n    return y + z\n",
        "    y = torch.dropout(self.fc.forward(x), 0.5, False)\n    y.add_(1)\n    return y\n",
        "    y = self.fc.forward(x)\n    z = torch.dropout(y, 0.5, False)\n    z.add_(1)\n    return y * z\n",
        "    x = x + 0\n    x.clamp_(-0.5, 0.5)\n    x.relu_()\n    return x\n",
        "    x[:, 0] = 0\n    return x * 2\n",
        "    x += 1\n    return x * 2\n",
        "    y = self.fc.forward(x)\n    y.masked_fill_(y > 0, -1.0)\n    y.sub_(x).div_(2)\n    return y.exp_()\n");
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void sameBits(String body) {
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("fc", b.linear(6, 6), "act", b.reluInPlace()),
            "def forward(self, x):\n" + body);
    Tensor x = input();
    Tensor before = x.clone();
    Models.assertSameBits(net, x);
    TensorSubject.assertThat(x).isBitEqualTo(before);
  }

  @Test
  void methodsFunctionsAndSharedModules() {
    JitModule fc = b.linear(6, 6);
    Map<String, JitModule> shared = new LinkedHashMap<>();
    shared.put("fc", fc);
    shared.put("again", fc);
    JitModule inner =
        b.module(
            "nets.Inner",
            shared,
            """
            def helper(self, x, scale: float = 2.0):
                return self.fc.forward(x) * scale
            def forward(self, x):
                return self.helper(x) + self.helper(self.again.forward(x), 3.0)
            """);
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("inner", inner),
            """
            def forward(self, x):
                return self.inner.forward(x) + self.inner.helper(x, 5.0)
            """);
    Models.assertSameBits(net, input());
    try (ScriptModel model = ScriptModel.of(net)) {
      Layer layer = model.program().layer("inner.fc").orElseThrow();
      assertThat(model.program().layer("inner.again")).isEmpty();
      assertThat(model.program().regions(layer)).hasSize(4);
    }
  }

  @Test
  void attributesOfEveryKind() {
    JitModule net = b.empty("nets.Net");
    GenericList sizes = new GenericList(ModelBuilder.type("int"));
    sizes.push_back(new IValue(2L));
    sizes.push_back(new IValue(-1L));
    net.register_attribute("sizes", ModelBuilder.type("int[]"), new IValue(sizes));
    net.register_attribute("scale", ModelBuilder.type("float"), new IValue(1.5));
    net.register_attribute("nothing", ModelBuilder.type("Tensor?"), new IValue());
    net.register_attribute("plain", ModelBuilder.type("Tensor"), new IValue(b.numbers(1, 6)));
    net.register_buffer("count", torch.tensor(3L));
    net.define(
        """
        def forward(self, x, extra: float = 2.0):
            if self.nothing is not None:
                x = x + 7
            s = self.sizes
            return (x * self.scale + self.plain).reshape(s) * self.count + extra
        """);
    Models.assertSameBits(net, input());
  }

  @Test
  void listAttributeIsCopiedBeforeItChanges() {
    JitModule net = b.empty("nets.Net");
    GenericList shifts = new GenericList(ModelBuilder.type("int"));
    shifts.push_back(new IValue(3L));
    shifts.push_back(new IValue(4L));
    net.register_attribute("shifts", ModelBuilder.type("int[]"), new IValue(shifts));
    net.define(
        """
        def forward(self, x):
            s = self.shifts.copy()
            if x.size(0) > 1:
                s[0] = 0
            return x * s[0] + s[1]
        """);
    Models.assertSameBits(net, input());
  }

  @Test
  void severalInputsWithDefault() {
    JitModule net =
        b.module(
            "nets.Net",
            Map.of(),
            """
            def forward(self, x, y, mask: Optional[Tensor] = None):
                if mask is not None:
                    y = y * mask
                return x + y
            """);
    Tensor x = input();
    Tensor y = SeededWeights.normal(4, ScalarType.Double, 2, 4, 6);
    try (ScriptModel model = ScriptModel.of(net)) {
      TensorSubject.assertThat(model.run(x, y).get(0)).isBitEqualTo(x.add(y));
      TensorSubject.assertThat(model.run(x, y, x).get(0)).isBitEqualTo(x.add(y.mul(x)));
      assertThatThrownBy(() -> model.run(x))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("takes 3 inputs");
      assertThatThrownBy(() -> model.run(x, y, x, x)).isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void nestedResultsAreFlattenedInOrder() {
    JitModule net =
        b.module(
            "nets.Net",
            Map.of(),
            """
            def forward(self, x):
                return (x, [x + 1, x + 2], {"a": x + 3, "b": x + 4}, (x + 5, 7))
            """);
    Tensor x = torch.zeros(1).to(ScalarType.Double);
    try (ScriptModel model = ScriptModel.of(net)) {
      assertThat(model.run(x).stream().map(Tensor::item_double))
          .containsExactly(0., 1., 2., 3., 4., 5.);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "        self.count = self.count + 1\n        return x\n",
        "        self.count.add_(1)\n        return x\n",
        "        self.count[0] = 1\n        return x\n",
        "        self.sizes.append(3)\n        return x\n",
      })
  void whatIsNotSupportedIsNamedWithItsModule(String body) {
    JitModule leaf = b.empty("nets.Leaf");
    leaf.register_buffer("count", torch.zeros(1).to(ScalarType.Double));
    GenericList sizes = new GenericList(ModelBuilder.type("int"));
    leaf.register_attribute("sizes", ModelBuilder.type("int[]"), new IValue(sizes));
    String text = "def forward(self, x):\n    if x.size(0) > 1:\n" + body + "    return x * 2\n";
    leaf.define(text);
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("block", leaf),
            "def forward(self, x):\n    return self.block.forward(x)\n");
    // What is never reached does no harm.
    try (ScriptModel model = ScriptModel.of(net)) {
      model.run(SeededWeights.normal(3, ScalarType.Double, 1, 6));
      assertThatThrownBy(() -> model.run(input()))
          .isInstanceOf(UnsupportedOperatorException.class)
          .hasMessageContaining("'block'");
    }
  }

  @Test
  void whatTheModelRaisesArrives() {
    JitModule net =
        b.module(
            "nets.Net",
            Map.of(),
            """
            def forward(self, x):
                assert x.dim() == 2, "two dimensions are wanted"
                return x
            """);
    try (ScriptModel model = ScriptModel.of(net)) {
      assertThatThrownBy(() -> model.run(input()))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("two dimensions are wanted");
    }
  }

  @Test
  void recordedInPlaceOperationsHaveTheirGradients() {
    for (String body : bodies()) {
      JitModule net =
          b.module(
              "nets.Net",
              Map.of("fc", b.linear(6, 6), "act", b.reluInPlace()),
              "def forward(self, x):\n" + body);
      Tensor x = input();
      Tensor leaf = x.clone().requires_grad_(true);
      List<Tensor> outputs = Models.forward(net, leaf.clone());
      Tensor sum = torch.zeros(1).to(ScalarType.Double);
      for (Tensor output : outputs) {
        sum = sum.add(output.mul(output).sum());
      }
      sum.backward();
      try (ScriptModel model = ScriptModel.of(net);
          Propagation pass =
              new Propagation(model.program(), Map.of(), PropagationOptions.defaults())) {
        List<Tensor> recorded = pass.record(List.of(x));
        List<Tensor> seeds =
            recorded.stream().map(o -> o.detach().mul(new org.bytedeco.pytorch.Scalar(2))).toList();
        TensorSubject.assertThat(pass.backward(seeds).get(0)).within(1e-13, 1e-13).of(leaf.grad());
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(body + e.getMessage(), e);
      }
    }
  }
}
