/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;

/** Small networks whose relevance was computed by LXT 2.1, in float64, to eight digits. */
@ExtendWith(NativeLeaks.class)
class PublishedNumbersTests {
  private static final double DIGITS = 6e-9;

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);

  private static Tensor matrix(long columns, double... values) {
    Tensor t = torch.zeros(values.length).to(ScalarType.Double);
    for (int i = 0; i < values.length; i++) {
      t.narrow(0, i, 1).fill_(new org.bytedeco.pytorch.Scalar(values[i]));
    }
    return columns == 0 ? t : t.view(-1, columns);
  }

  private JitModule net() {
    return b.empty("nets.Published");
  }

  /** The relevance that starts as the output's value at some places. */
  private static void check(
      JitModule net, Composite composite, Tensor x, Tensor places, double... expected) {
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan = Plan.of(model, composite);
        Propagation pass = plan.propagate(PropagationOptions.defaults())) {
      Tensor out = pass.record(List.of(x)).get(0).detach();
      assertThat(pass.backward(List.of(out.mul(places))).get(0))
          .within(DIGITS, DIGITS)
          .of(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void oneHeadOfAttention(boolean fused) {
    String weights =
        fused
            ? "torch.scaled_dot_product_attention(q, k, v)"
            : "torch.matmul(torch.softmax(torch.matmul(q, k.t()) / 1.4142135623730951, -1), v)";
    Tensor x = matrix(2, 1, .5, -.5, .9, .3, -1);
    Tensor place = matrix(2, 0, 0, 0, 0, 1, 0);
    for (boolean constant : List.of(false, true)) {
      JitModule net = net();
      net.register_parameter("wq", matrix(2, 1, 0, .5, 1), false);
      net.register_parameter("wk", matrix(2, .5, -.8, 1, .2), false);
      net.register_parameter("wv", matrix(2, 1, 1, -1, 2), false);
      net.register_parameter("wo", matrix(2, 1, 0, 0, .5), false);
      net.define(
          """
          def forward(self, x):
              q = torch.linear(x, self.wq)
              k = torch.linear(x, self.wk)
              v = torch.linear(x, self.wv)
              return torch.linear(%s, self.wo)
          """
              .formatted(weights));
      double[] expected =
          constant
              ? new double[] {.19780555, .09890278, -.18505145, .33309261, .12962746, -.43209154}
              : new double[] {.06566974, .03971886, -.08662433, .16032455, .06256526, -.28281799};
      check(net, new AttnLrp(constant), x, place, expected);
    }
  }

  @Test
  void aGatedPerceptron() {
    for (boolean constant : List.of(false, true)) {
      JitModule net = net();
      net.register_parameter("wg", matrix(3, 1, .5, -.25, .5, -1, 1), false);
      net.register_parameter("wu", matrix(3, .3, 1, .2, -.7, .1, .9), false);
      net.register_parameter("wd", matrix(2, 1, -2), false);
      net.define(
          """
          def forward(self, x):
              return torch.linear(torch.silu(torch.linear(x, self.wg)) * torch.linear(x, self.wu), self.wd)
          """);
      double[] expected =
          constant
              ? new double[] {4.04297457, .21550018, -10.23158292}
              : new double[] {1.57760352, -.40640574, -7.14430595};
      Tensor x = matrix(3, 1, -.5, 2);
      check(net, new AttnLrp(constant), x, matrix(1, 1), expected);
    }
  }

  @Test
  void aPerceptronAndNormalisations() {
    Tensor x = matrix(3, 1, -.5, 2);
    JitModule layer = net();
    layer.register_parameter("w", matrix(0, .5, 2, -1), false);
    layer.define("def forward(self, x):\n    return torch.layer_norm(x, [3], self.w)\n");
    JitModule rms = net();
    rms.register_parameter("w", matrix(0, .5, 2, -1), false);
    rms.define("def forward(self, x):\n    return torch.rms_norm(x, [3], self.w, 1e-6)\n");
    check(rms, new AttnLrp(false), x, matrix(3, 1, 1, 1), .37796437, -.75592873, -1.51185746);
    JitModule net = net();
    net.register_parameter("wg", matrix(3, 1, .5, -.25, .5, -1, 1), false);
    net.register_parameter("wd", matrix(2, 1, -2), false);
    net.define(
        """
        def forward(self, x):
            return torch.linear(torch.gelu(torch.linear(x, self.wg)), self.wd)
        """);
    check(net, new AttnLrp(false), x, matrix(1, 1), -.39994378, -1.14832668, -4.29395357);
    check(layer, new AttnLrp(false), x, matrix(3, 1, 1, 1), 0, -.72999294, -2.91997175);
  }
}
