/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Positions;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** Networks that are written in other ways than as a chain of modules. */
@ExtendWith(NativeLeaks.class)
class ArchitectureTests {
  private final ModelBuilder b = Networks.builder();

  private static Map<String, JitModule> children(Object... namesAndModules) {
    Map<String, JitModule> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndModules.length; i += 2) {
      map.put((String) namesAndModules[i], (JitModule) namesAndModules[i + 1]);
    }
    return map;
  }

  private static Tensor map(ScriptModel model, String name, Tensor x, MethodOptions options) {
    return SignXai.calculateRelevanceMap(model, x, name, options.with("target", 0));
  }

  private static Tensor map(ScriptModel model, String name, Tensor x) {
    return map(model, name, x, MethodOptions.none());
  }

  @Test
  void functionalInPlaceAndModuleReLUsAreTheSame() {
    JitModule first = b.linear(6, 8);
    JitModule last = b.linear(8, 3);
    List<JitModule> networks =
        List.of(
            b.sequential(first, b.relu(), last),
            b.sequential(first, b.reluInPlace(), last),
            Networks.network(
                b,
                children("a", first, "b", last),
                "return self.b.forward(torch.relu(self.a.forward(x)))"),
            Networks.network(
                b,
                children("a", first, "b", last),
                "return self.b.forward(self.a.forward(x).relu_())"),
            Networks.network(
                b,
                children("a", first, "b", last),
                "return self.b.forward(torch.clamp_min(self.a.forward(x), 0))"),
            Networks.network(
                b,
                children("a", first, "b", last),
                "y = torch.linear(x, self.a.weight, self.a.bias)",
                "return torch.linear(torch.relu(y), self.b.weight, self.b.bias)"));
    Tensor x = Networks.numbers(1, 2, 6);
    for (String name :
        List.of(
            "guided_backprop",
            "deconvnet",
            "lrp_flat",
            "lrpsign_gamma",
            "deep_taylor",
            "deeplift",
            "w2lrp_epsilon_0_25_std_x")) {
      double[] expected = null;
      for (JitModule network : networks) {
        try (ScriptModel model = Networks.model(network)) {
          double[] found = TensorSubject.values(map(model, name, x));
          if (expected == null) {
            expected = found;
          }
          assertThat(found).as(name).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void relu6HasAnUpperEnd() {
    JitModule first = b.linear(6, 8);
    JitModule last = b.linear(8, 3);
    List<String> ways =
        List.of(
            "torch.hardtanh(y, 0., 6.)", "torch.clamp(y, 0, 6)", "torch.clamp(y, min=0., max=6.)");
    Tensor x = Networks.scaled(5, 1, 3, 6);
    for (String way : ways) {
      try (ScriptModel model =
          Networks.model(
              Networks.network(
                  b,
                  children("a", first, "b", last),
                  "y = self.a.forward(x)",
                  "return self.b.forward(" + way + ")"))) {
        Tensor z =
            torch.linear(
                x,
                first.attr("weight").toTensor(),
                new org.bytedeco.pytorch.TensorOptional(first.attr("bias").toTensor()));
        Tensor g = last.attr("weight").toTensor().narrow(0, 0, 1).expand(3, 8);
        Tensor inside = z.gt(new Scalar(0)).logical_and(z.lt(new Scalar(6)));
        Tensor guided =
            g.clamp_min(new Scalar(0)).mul(inside).matmul(first.attr("weight").toTensor());
        TensorSubject.assertThat(map(model, "guided_backprop", x)).within(1e-12, 1e-14).of(guided);
        Tensor deconv = g.clamp_min(new Scalar(0)).matmul(first.attr("weight").toTensor());
        TensorSubject.assertThat(map(model, "deconvnet", x)).within(1e-12, 1e-14).of(deconv);
      }
    }
  }

  @Test
  void parallelFirstLayersAreInputLayers() {
    try (ScriptModel model =
        Networks.model(
            Networks.network(
                b,
                children(
                    "p",
                    b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)),
                    "q",
                    b.conv(2, 2, 3, 1, Conv.PLAIN),
                    "c",
                    b.conv(2, 6, 2, 1, Conv.PLAIN),
                    "f",
                    b.linear(32, 3)),
                "y = torch.cat([self.p.forward(x), self.q.forward(x)], 1)",
                "z = torch.relu(self.c.forward(torch.relu(y)))",
                "return self.f.forward(z.flatten(1, -1))"))) {
      assertThat(Positions.of(model.program()).inputs()).containsExactly("p", "q");
      try (MethodAnalyzer analyzer = new MethodAnalyzer(model, "flatlrp_epsilon_1");
          var result = analyzer.attribute(Networks.numbers(1, 1, 2, 4, 4))) {
        assertThat(result.rules().get("p").name()).isEqualTo("flat");
        assertThat(result.rules().get("q").name()).isEqualTo("flat");
        assertThat(result.rules().get("c").name()).isEqualTo("epsilon");
        assertThat(result.rules().get("f").name()).isEqualTo("epsilon");
      }
    }
  }

  @Test
  void inputLayersAreSeenThroughReshapingAndAffineSteps() {
    JitModule conv = b.conv(2, 2, 3, 3, Conv.PLAIN);
    JitModule fc = b.linear(12, 3);
    String tail = "return self.fc.forward(torch.relu(y).flatten(1, -1))";
    try (ScriptModel plain =
            Networks.model(
                Networks.network(
                    b, children("conv", conv, "fc", fc), "y = self.conv.forward(x)", tail));
        ScriptModel scaled =
            Networks.model(
                Networks.network(
                    b,
                    children("conv", conv, "fc", fc),
                    "h = torch.dropout((x - 0.5) / 2.0, 0.1, False)",
                    "h = torch.permute(torch.permute(h, [0, 2, 3, 1]), [0, 3, 1, 2])",
                    "y = self.conv.forward(torch.mul(h + 1.0, 1.0).double())",
                    tail));
        ScriptModel normalised =
            Networks.model(
                Networks.network(
                    b,
                    children("bn", b.batchNorm(2, 2), "conv", conv, "fc", fc),
                    "y = self.conv.forward(self.bn.forward(x))",
                    tail));
        ScriptModel late =
            Networks.model(
                Networks.network(
                    b,
                    children("conv", conv, "fc", fc),
                    "y = self.conv.forward(torch.tanh(x))",
                    tail))) {
      Tensor x = Networks.numbers(1, 2, 2, 4, 4);
      assertThat(Positions.of(scaled.program()).inputs()).containsExactly("conv");
      assertThat(Positions.of(scaled.program()).affine()).hasSize(4);
      assertThat(Positions.of(normalised.program()).inputs()).containsExactly("conv");
      assertThat(Positions.of(normalised.program()).affine()).containsExactly("bn");
      assertThat(Positions.of(late.program()).inputs()).isEmpty();
      // Relevance passes the affine steps unchanged.
      Tensor h = x.sub(new Scalar(0.5)).div(new Scalar(2)).add(new Scalar(1));
      TensorSubject.assertThat(map(scaled, "lrpz_gamma", x))
          .within(1e-12, 1e-14)
          .of(map(plain, "lrpz_gamma", h));
    }
  }

  @Test
  void unmergedBatchNormIsAnAffineMapWithABias() {
    JitModule bn = b.batchNorm(1, 8);
    try (ScriptModel model =
        Networks.model(b.sequential(b.linear(6, 8), b.relu(), bn, b.linear(8, 3)))) {
      Tensor x = Networks.numbers(1, 2, 6);
      try (MethodAnalyzer analyzer = new MethodAnalyzer(model, "lrp_epsilon_0_1");
          var result = analyzer.attribute(x)) {
        assertThat(result.rules().get("2").name()).isEqualTo("norm");
      }
      try (MethodAnalyzer exact =
              new MethodAnalyzer(model, "lrp_z", MethodOptions.of("stabilizer", "strict"));
          MethodAnalyzer gradient = new MethodAnalyzer(model, "gradient_x_input")) {
        Target target = Target.classes(0);
        TensorSubject.assertThat(exact.analyze(x, target))
            .within(1e-9, 1e-12)
            .of(gradient.analyze(x, target));
      }
    }
    try (ScriptModel merged =
            Networks.model(b.sequential(b.linear(6, 8), bn, b.relu(), b.linear(8, 3)));
        MethodAnalyzer analyzer = new MethodAnalyzer(merged, "lrp_epsilon_0_1");
        var result = analyzer.attribute(Networks.numbers(1, 2, 6))) {
      assertThat(result.rules()).containsOnlyKeys("0", "2", "3");
    }
  }

  @Test
  void residualSumsAndPoolingShareOut() {
    try (ScriptModel model =
        Networks.model(
            Networks.network(
                b,
                children(
                    "a",
                    b.conv(2, 2, 4, 3, Conv.PLAIN.withPadding(1)),
                    "b",
                    b.conv(2, 4, 4, 3, Conv.PLAIN.withPadding(1)),
                    "f",
                    b.linear(4, 3)),
                "y = torch.relu(self.a.forward(x))",
                "z = torch.relu(self.b.forward(y) + y)",
                "return self.f.forward(torch.mean(z, [2, 3]))"))) {
      Tensor x = Networks.numbers(1, 2, 2, 6, 6);
      TensorSubject.assertThat(map(model, "lrp_z", x, MethodOptions.of("stabilizer", "strict")))
          .within(1e-8, 1e-11)
          .of(map(model, "gradient_x_input", x));
      try (MethodAnalyzer analyzer = new MethodAnalyzer(model, "lrp_z");
          var result = analyzer.attribute(x)) {
        assertThat(result.rules().get("canonizer_sum").name()).isEqualTo("norm");
        assertThat(result.rules().get("/mean#0").name()).isEqualTo("norm");
      }
      // The map after the ReLU that closes the block.
      TensorSubject.assertThat(map(model, "grad_cam", x))
          .isBitEqualTo(map(model, "grad_cam", x, MethodOptions.of("target_layer", "/relu#1")));
    }
  }

  @Test
  void theMapOfALayerIsWeightedScaledAndResized() {
    JitModule conv = b.conv(1, 2, 3, 3, Conv.PLAIN.withStride(2));
    try (ScriptModel model =
        Networks.model(b.sequential(conv, b.relu(), b.flatten(), b.linear(21, 3)))) {
      Tensor x = Networks.numbers(1, 2, 2, 16);
      Tensor weight = conv.attr("weight").toTensor();
      Tensor a =
          torch
              .conv1d(
                  x,
                  weight,
                  new org.bytedeco.pytorch.TensorOptional(conv.attr("bias").toTensor()),
                  new long[] {2},
                  new long[] {0},
                  new long[] {1},
                  1)
              .clamp_min(new Scalar(0));
      try (ScriptModel head = Networks.model(b.sequential(b.flatten(), b.linear(21, 3)))) {
        assertThat(head.program().inputs()).isEqualTo(1);
      }
      Tensor g = map(model, "gradient", x);
      assertThat(g.dim()).isEqualTo(3);
      double[] cam = TensorSubject.values(map(model, "grad_cam", x));
      double[] activation = TensorSubject.values(a);
      double[] rows = TensorSubject.values(lastWeight(model));
      for (int n = 0; n < 2; n++) {
        double[] m = new double[7];
        for (int c = 0; c < 3; c++) {
          double w = Arrays.stream(rows, 7 * c, 7 * c + 7).average().orElseThrow();
          for (int t = 0; t < 7; t++) {
            m[t] += w * activation[(n * 3 + c) * 7 + t];
          }
        }
        double max = Math.max(Arrays.stream(m).max().orElseThrow(), 0);
        for (int t = 0; t < 16; t++) {
          double place = Math.max((t + 0.5) * 7 / 16 - 0.5, 0);
          int left = (int) place;
          int right = Math.min(left + 1, 6);
          double f = place - left;
          double value = (1 - f) * Math.max(m[left], 0) + f * Math.max(m[right], 0);
          assertThat(cam[n * 16 + t]).isCloseTo(max > 0 ? value / max : 0, within(1e-12));
        }
      }
    }
  }

  private static Tensor lastWeight(ScriptModel model) {
    return model.program().regions().stream()
        .filter(region -> region.name().equals("3"))
        .findFirst()
        .orElseThrow()
        .parameters()
        .get("weight")
        .select(0, 0);
  }

  @Test
  void deepLiftGivesPoolingsDifferenceToTheLargerWinner() {
    try (ScriptModel model = Networks.model(b.sequential(b.maxPool(1, 2, 2), b.flatten()))) {
      // Units: winner of x rises; winner of x0 falls; equal.
      Tensor x = Tensor.create(3.0, 1.0, 0.5, 1.0, 2.0, 0.0).view(1, 1, 6);
      Tensor base = Tensor.create(1.0, 2.0, 4.0, 0.0, 2.0, 0.0).view(1, 1, 6);
      double[] map =
          TensorSubject.values(
              SignXai.calculateRelevanceMap(
                  model, x, "deeplift", MethodOptions.of("baseline", base).with("target", "all")));
      // The multiplier of x's winner is 1 / (3 - 1), that of x0's -3 / (0.5 - 4).
      assertThat(map).containsExactly(new double[] {1, 0, -3, 0, 0, 0}, within(1e-15));
    }
  }

  @Test
  void occlusionIsAMeanOverWindows() {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 1, 2, 8, 8);
      MethodOptions options = MethodOptions.of("window", 5).with("stride", 4).with("fill", 0.5);
      double[] map = TensorSubject.values(map(model, "occlusion", x, options));
      double f = model.run(x).get(0).select(1, 0).item_double();
      double[] sum = new double[64];
      int[] count = new int[64];
      for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 8; j += 4) {
          Tensor covered = x.clone();
          int h = Math.min(8, i + 5) - i;
          int w = Math.min(8, j + 5) - j;
          covered.narrow(2, i, h).narrow(3, j, w).fill_(new Scalar(0.5));
          double fall = f - model.run(covered).get(0).select(1, 0).item_double();
          for (int k = i; k < i + h; k++) {
            for (int l = j; l < j + w; l++) {
              sum[8 * k + l] += fall;
              count[8 * k + l]++;
            }
          }
        }
      }
      for (int c = 0; c < 2; c++) {
        for (int k = 0; k < 64; k++) {
          assertThat(map[64 * c + k]).isCloseTo(sum[k] / count[k], within(1e-10));
        }
      }
      Tensor wide = map(model, "occlusion", x, MethodOptions.of("window", 2).with("stride", 7));
      assertThat(TensorSubject.values(wide)[4]).isZero();
    }
  }

  @Test
  void boundsForChannels() {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 2, 2, 8, 8);
      Tensor low =
          torch.cat(
              new TensorVector(
                  torch.full_like(x.narrow(1, 0, 1), new Scalar(-5)),
                  torch.full_like(x.narrow(1, 1, 1), new Scalar(-7))),
              1);
      Tensor expected = map(model, "zblrp_gamma", x, MethodOptions.of("low", low).with("high", 6));
      for (Object form :
          List.of(
              List.of(-5, -7),
              new double[] {-5, -7},
              Tensor.create(-5.0, -7.0),
              Tensor.create(-5.0, -7.0).view(1, 2, 1, 1),
              low.select(0, 0))) {
        TensorSubject.assertThat(
                map(model, "zblrp_gamma", x, MethodOptions.of("low", form).with("high", 6)))
            .within(1e-12, 1e-14)
            .of(expected);
      }
      Tensor other = map(model, "zblrp_gamma", x, MethodOptions.of("low", -7).with("high", 6));
      assertThat(TensorSubject.values(other)).isNotEqualTo(TensorSubject.values(expected));
    }
  }

  @Test
  void deepLiftSumsToTheDifferenceWhateverTheNonlinearity() {
    for (String line :
        List.of(
            "y = torch.amax(y, 2)",
            "y = torch.max(y, 2)[0]",
            "y = torch.tanh(y).mean(2)",
            "y = torch.sigmoid(y).sum(2)",
            "y = torch.abs(y).mean(2)",
            "y = torch.adaptive_max_pool1d(y, 1)[0].squeeze(2)",
            "y = torch.cat([torch.relu(y[:, :2]), y[:, 2:] * 2.0], 1).mean(2)")) {
      try (ScriptModel model =
          Networks.model(
              Networks.network(
                  b,
                  children("c", b.conv(1, 2, 4, 3, Conv.PLAIN), "f", b.linear(4, 3)),
                  "y = self.c.forward(x)",
                  line,
                  "return self.f.forward(y)"))) {
        Tensor x = Networks.numbers(1, 1, 2, 16);
        Tensor base = Networks.numbers(2, 1, 2, 16);
        double rise =
            model.run(x).get(0).select(1, 0).item_double()
                - model.run(base).get(0).select(1, 0).item_double();
        Tensor map = map(model, "deeplift", x, MethodOptions.of("baseline", base));
        assertThat(map.sum().item_double())
            .as(line)
            .isCloseTo(rise, within(1e-10 * Math.abs(rise)));
      }
    }
  }

  @Test
  void heartbeats() {
    java.nio.file.Path file = java.nio.file.Path.of("..", "examples", "models", "ecg_cnn.pt");
    org.zennit4j.bindings.LoadOptions options =
        org.zennit4j.bindings.LoadOptions.defaults().withDtype(org.zennit4j.bindings.Dtype.FLOAT64);
    try (ScriptModel model = ScriptModel.load(file, options)) {
      Tensor x = Networks.numbers(1, 2, 1, 256);
      Tensor gradient = map(model, "gradient_x_input", x);
      MethodOptions strict = MethodOptions.of("stabilizer", "strict");
      TensorSubject.assertThat(map(model, "lrp_z", x, strict)).within(1e-7, 1e-10).of(gradient);
      TensorSubject.assertThat(map(model, "grad_cam_timeseries", x)).hasShape(2, 1, 256);
      Tensor rise =
          model.run(x).get(0).select(1, 0).sub(model.run(torch.zeros_like(x)).get(0).select(1, 0));
      TensorSubject.assertThat(map(model, "deeplift", x).sum(2).squeeze(1))
          .within(1e-9, 1e-9)
          .of(rise);
      TensorSubject.assertThat(map(model, "lrpsign_epsilon_0_25_std_x_mu_neg_0_5", x.select(0, 1)))
          .within(1e-10, 1e-12)
          .of(map(model, "lrpsign_epsilon_0_25_std_x_mu_neg_0_5", x).select(0, 1));
    }
  }
}
