/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** The rules of softmax, products, normalisations and attention against loops. */
@ExtendWith(NativeLeaks.class)
class OperatorRuleTests {
  private static final double EPSILON = 1e-3;
  private static final Stabilizer STABILIZER = Stabilizer.of(EPSILON);

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 29);

  static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  static double[][] matrix(Tensor t) {
    double[] values = TensorSubject.values(t.contiguous());
    int columns = (int) t.size(-1);
    double[][] rows = new double[values.length / columns][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(values, i * columns, (i + 1) * columns);
    }
    return rows;
  }

  private static double[] flat(double[][] m) {
    return Arrays.stream(m).flatMapToDouble(Arrays::stream).toArray();
  }

  /** A model of one operator. */
  private ScriptModel model(String arguments, String expression) {
    return ScriptModel.of(
        b.module(
            "nets.Net",
            Map.of(),
            "def forward(self, " + arguments + "):\n    return " + expression + "\n"));
  }

  private static List<Tensor> explain(
      ScriptModel model, String layer, Rule rule, Tensor r, Tensor... inputs) {
    try (Explainer explainer = new Explainer(model, layer, rule)) {
      List<Tensor> plain = explainer.explain(false, r, inputs);
      List<Tensor> recorded = explainer.explain(true, r, inputs);
      for (int i = 0; i < plain.size(); i++) {
        assertThat(recorded.get(i)).within(1e-11, 1e-13).of(plain.get(i));
      }
      return plain;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, -1})
  void aSoftmaxIsItsFirstOrderExpansionOverItsOwnAxis(int axis) {
    Tensor x = numbers(1, 2, 3, 4);
    Tensor r = numbers(2, 2, 3, 4);
    Tensor rows = x.movedim(axis, -1);
    Tensor relevances = r.movedim(axis, -1);
    try (ScriptModel softmax = model("x", "torch.softmax(x, " + axis + ")");
        ScriptModel logarithm = model("x", "torch.log_softmax(x, " + axis + ")")) {
      double[][] expected = matrix(rows);
      double[][] ofLogarithm = matrix(rows);
      for (int i = 0; i < expected.length; i++) {
        double[] row = matrix(relevances)[i];
        ofLogarithm[i] = OperatorTextbook.logSoftmaxRule(expected[i], row, EPSILON);
        expected[i] = OperatorTextbook.softmaxRule(expected[i], row);
      }
      Tensor result = explain(softmax, "/softmax#0", new Softmax(), r, x).get(0);
      assertThat(result.movedim(axis, -1).contiguous()).within(1e-12, 1e-14).of(flat(expected));
      Tensor other = explain(logarithm, "/log_softmax#0", new Softmax(STABILIZER), r, x).get(0);
      assertThat(other.movedim(axis, -1).contiguous()).within(1e-12, 1e-14).of(flat(ofLogarithm));
    }
  }

  @Test
  void maskedEntriesOfASoftmaxGiveAndTakeNothing() {
    Tensor x = numbers(1, 4);
    x.select(0, 2).fill_(new Scalar(Double.NEGATIVE_INFINITY));
    Tensor r = numbers(2, 4);
    try (ScriptModel model = model("x", "torch.softmax(x, 0)")) {
      assertThat(explain(model, "/softmax#0", new Softmax(), r, x).get(0))
          .within(1e-12, 1e-14)
          .of(OperatorTextbook.softmaxRule(TensorSubject.values(x), TensorSubject.values(r)));
    }
  }

  @Test
  void theFactorsOfAMatrixProductGetHalfEachOrOneOfThemAll() {
    Tensor x = numbers(1, 3, 4);
    Tensor y = numbers(2, 4, 5);
    Tensor r = numbers(3, 3, 5);
    double[][] a = matrix(x);
    double[][] c = matrix(y);
    for (String product : List.of("torch.matmul(x, y)", "torch.mm(x, y)")) {
      String layer = product.contains("mm(") ? "/mm#0" : "/matmul#0";
      try (ScriptModel model = model("x, y", product)) {
        List<Tensor> both =
            explain(model, layer, new Bilinear(OptionalInt.empty(), STABILIZER), r, x, y);
        assertThat(both.get(0))
            .within(1e-12, 1e-14)
            .of(flat(OperatorTextbook.productRule(a, c, matrix(r), 0.5, EPSILON, true)));
        assertThat(both.get(1))
            .within(1e-12, 1e-14)
            .of(flat(OperatorTextbook.productRule(a, c, matrix(r), 0.5, EPSILON, false)));
        List<Tensor> second =
            explain(model, layer, new Bilinear(OptionalInt.of(1), STABILIZER), r, x, y);
        assertThat(second.get(0)).within(0, 0).of(torch.zeros_like(x));
        assertThat(second.get(1))
            .within(1e-12, 1e-14)
            .of(flat(OperatorTextbook.productRule(a, c, matrix(r), 1, EPSILON, false)));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "torch.bmm(x, y); bmm; 2,3,4; 2,4,5",
        "torch.matmul(x, y); matmul; 2,3,4; 4,5",
        "torch.matmul(x, y); matmul; 2,1,3,4; 6,4,5",
        "torch.matmul(x, y); matmul; 2,3,4; 4",
        "torch.matmul(x, y); matmul; 4; 2,4,5",
        "torch.einsum(\"bij,bjk->bki\", [x, y]); einsum; 2,3,4; 2,4,5",
        "torch.einsum(\"bhid,bhjd->bhij\", [x, y]); einsum; 2,2,3,4; 2,2,5,4",
        "x * y; mul; 2,3,4; 3,1",
        "torch.addcmul(torch.zeros_like(x), x, y); addcmul; 2,3; 2,3",
      })
  void productsOfAnyShapeGiveHalfToEachFactor(
      String expression, String operator, String left, String right) {
    Tensor x = numbers(1, shape(left));
    Tensor y = numbers(2, shape(right));
    try (ScriptModel model = model("x, y", expression)) {
      Tensor z = model.run(x, y).get(0);
      Tensor r = numbers(3, z.shape());
      List<Tensor> both =
          explain(
              model,
              "/" + operator + "#0",
              new Bilinear(OptionalInt.empty(), Stabilizer.of(1e-300)),
              r,
              x,
              y);
      double half = r.sum().item_double() / 2;
      assertThat(both.get(0).sum()).within(1e-9, 1e-12).of(Tensor.create(half).view());
      assertThat(both.get(1).sum()).within(1e-9, 1e-12).of(Tensor.create(half).view());
    }
  }

  private static long[] shape(String text) {
    return Arrays.stream(text.strip().split(",", -1)).mapToLong(Long::parseLong).toArray();
  }

  @Test
  void whatIsAddedToAProductGetsItsShareAndTheFactorsHalfOfTheRest() {
    Tensor s = numbers(1, 2, 3, 5);
    Tensor x = numbers(2, 2, 3, 4);
    Tensor y = numbers(3, 2, 4, 5);
    Tensor r = numbers(4, 2, 3, 5);
    try (ScriptModel model = model("s, x, y", "torch.baddbmm(s, x, y)")) {
      Tensor q = r.div(STABILIZER.apply(s.add(x.bmm(y))));
      List<Tensor> parts =
          explain(model, "/baddbmm#0", new Bilinear(OptionalInt.empty(), STABILIZER), r, s, x, y);
      assertThat(parts.get(0)).within(1e-12, 1e-14).of(s.mul(q));
      Scalar half = new Scalar(0.5);
      assertThat(parts.get(1)).within(1e-12, 1e-14).of(x.mul(q.bmm(y.transpose(1, 2))).mul(half));
      assertThat(parts.get(2)).within(1e-12, 1e-14).of(y.mul(x.transpose(1, 2).bmm(q)).mul(half));
    }
  }

  @Test
  void aGateIsBroadcastAndAQuotientBelongsToItsNumerator() {
    Tensor x = numbers(1, 2, 3, 4);
    Tensor y = numbers(2, 2, 3, 1);
    Tensor r = numbers(3, 2, 3, 4);
    try (ScriptModel product = model("x, y", "x * y");
        ScriptModel quotient = model("x, y", "x / y");
        ScriptModel glu = model("x", "torch.glu(x, 2)")) {
      List<Tensor> all =
          explain(product, "/mul#0", new Bilinear(OptionalInt.of(0), STABILIZER), r, x, y);
      assertThat(all.get(0)).within(0, 0).of(r);
      assertThat(all.get(1)).within(0, 0).of(torch.zeros_like(y));
      List<Tensor> halves = explain(product, "/mul#0", new Bilinear(), r, x, y);
      assertThat(halves.get(0)).within(0, 0).of(r.div(new Scalar(2)));
      assertThat(halves.get(1)).within(1e-14, 0).of(r.div(new Scalar(2)).sum_to_size(2, 3, 1));
      assertThat(
              explain(quotient, "/div#0", new Bilinear(OptionalInt.of(0), STABILIZER), r, x, y)
                  .get(0))
          .within(0, 0)
          .of(r);
      Tensor wide = numbers(4, 2, 3, 8);
      Tensor gated = explain(glu, "/glu#0", new Bilinear(), r, wide).get(0);
      assertThat(gated.narrow(2, 0, 4)).within(0, 0).of(r);
      assertThat(gated.narrow(2, 4, 4)).within(0, 0).of(torch.zeros_like(r));
    }
  }

  @Test
  void normalisationsDifferentiateTheMeanAndNotTheScale() {
    Tensor w = numbers(5, 6);
    Tensor c = numbers(6, 6);
    ScriptModel model =
        ScriptModel.of(
            withBuffers(
                "def forward(self, x):\n    return torch.layer_norm(x, [6], self.w, self.c, 1e-2)\n",
                w,
                c));
    try (model) {
      Tensor x = numbers(1, 2, 3, 6);
      Tensor r = numbers(2, 2, 3, 6);
      double[][] rows = matrix(x);
      double[][] relevances = matrix(r);
      for (int i = 0; i < rows.length; i++) {
        rows[i] =
            OperatorTextbook.normRule(
                rows[i],
                TensorSubject.values(w),
                TensorSubject.values(c),
                relevances[i],
                1e-2,
                EPSILON);
      }
      assertThat(explain(model, "/layer_norm#0", new Normalization(false, STABILIZER), r, x).get(0))
          .within(1e-11, 1e-13)
          .of(flat(rows));
      assertThat(explain(model, "/layer_norm#0", new Normalization(true, STABILIZER), r, x).get(0))
          .within(0, 0)
          .of(r);
    }
  }

  @Test
  void aNormalisationWhoseBiasGetsNothingSharesItOutBySize() {
    Tensor w = numbers(5, 6);
    Tensor c = numbers(6, 6);
    String text =
        "def forward(self, x):\n    return torch.layer_norm(x, [6], self.w, self.c, 1e-2)\n";
    try (ScriptModel model = ScriptModel.of(withBuffers(text, w, c))) {
      Tensor x = numbers(1, 2, 3, 6);
      Tensor r = numbers(2, 2, 3, 6);
      double[][] rows = matrix(x);
      double[][] relevances = matrix(r);
      for (int i = 0; i < rows.length; i++) {
        rows[i] =
            OperatorTextbook.normRuleWithoutBias(
                rows[i],
                TensorSubject.values(w),
                TensorSubject.values(c),
                relevances[i],
                1e-2,
                EPSILON);
      }
      Rule rule = new Normalization(false, STABILIZER, ZeroParams.of("bias"));
      assertThat(explain(model, "/layer_norm#0", rule, r, x).get(0))
          .within(1e-11, 1e-13)
          .of(flat(rows));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6})
  void groupsAreNormalisedOnTheirOwn(int groups) {
    Tensor w = numbers(5, 6);
    Tensor c = numbers(6, 6);
    String operator =
        groups == 6
            ? "torch.instance_norm(x, self.w, self.c, None, None, True, 0.1, 1e-2, False)"
            : "torch.group_norm(x, " + groups + ", self.w, self.c, 1e-2)";
    try (ScriptModel model =
        ScriptModel.of(withBuffers("def forward(self, x):\n    return " + operator + "\n", w, c))) {
      Tensor x = numbers(1, 2, 6, 2, 2);
      Tensor r = numbers(2, 2, 6, 2, 2);
      int size = 6 / groups * 4;
      double[][] rows = matrix(x.view(-1, size));
      double[][] relevances = matrix(r.view(-1, size));
      double[][] weights = matrix(w.view(1, 6, 1, 1).expand(2, 6, 2, 2).reshape(-1, size));
      double[][] biases = matrix(c.view(1, 6, 1, 1).expand(2, 6, 2, 2).reshape(-1, size));
      for (int i = 0; i < rows.length; i++) {
        rows[i] =
            OperatorTextbook.normRule(rows[i], weights[i], biases[i], relevances[i], 1e-2, EPSILON);
      }
      String layer = groups == 6 ? "/instance_norm#0" : "/group_norm#0";
      assertThat(explain(model, layer, new Normalization(false, STABILIZER), r, x).get(0))
          .within(1e-11, 1e-13)
          .of(flat(rows));
    }
  }

  private org.bytedeco.pytorch.JitModule withBuffers(String text, Tensor w, Tensor c) {
    org.bytedeco.pytorch.JitModule module = b.empty("nets.Normalised");
    module.register_buffer("w", w);
    module.register_buffer("c", c);
    module.define(text);
    return module;
  }

  @Test
  void aBatchNormalisationIsAffineAndRmsNormalisationPassesRelevance() {
    Tensor w = numbers(5, 6);
    Tensor c = numbers(6, 6).abs();
    Tensor x = numbers(1, 2, 6);
    Tensor r = numbers(2, 2, 6);
    try (ScriptModel batch =
            ScriptModel.of(
                withBuffers(
                    "def forward(self, x):\n    return torch.batch_norm(x, self.w, self.w, self.c, self.c, False, 0.1, 1e-2, False)\n",
                    w,
                    c));
        ScriptModel rms =
            ScriptModel.of(
                withBuffers(
                    "def forward(self, x):\n    return torch.rms_norm(x, [6], self.w, 1e-6)\n",
                    w,
                    c))) {
      Tensor scale = w.mul(c.add(new Scalar(1e-2)).rsqrt());
      Tensor y = x.sub(c).mul(scale).add(w);
      assertThat(explain(batch, "/batch_norm#0", new Normalization(false, STABILIZER), r, x).get(0))
          .within(1e-11, 1e-13)
          .of(x.mul(scale).mul(r.div(STABILIZER.apply(y))));
      assertThat(explain(rms, "/rms_norm#0", new Normalization(), r, x).get(0)).within(0, 0).of(r);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "causal", "boolean", "floating"})
  void fusedAttentionIsItsParts(String mask) {
    Tensor q = numbers(1, 1, 3, 4);
    Tensor k = numbers(2, 1, 5, 4);
    Tensor v = numbers(3, 1, 5, 2);
    Tensor r = numbers(4, 1, 3, 2);
    Tensor added = torch.zeros_like(numbers(5, 3, 5));
    Tensor keep = added.new_ones(3, 5).to(ScalarType.Bool);
    String call = "torch.scaled_dot_product_attention(q, k, v, ";
    switch (mask) {
      case "causal" -> {
        call += "None, 0.0, True)";
        keep = added.new_ones(3, 5).tril().to(ScalarType.Bool);
      }
      case "boolean" -> {
        call += "self.w)";
        keep = numbers(6, 3, 5).gt(new Scalar(-0.5));
      }
      case "floating" -> {
        call += "self.w)";
        added = numbers(7, 3, 5);
      }
      default -> call += "None)";
    }
    Tensor full = added.masked_fill(keep.logical_not(), new Scalar(Double.NEGATIVE_INFINITY));
    try (ScriptModel model =
        ScriptModel.of(
            withBuffers(
                "def forward(self, q, k, v):\n    return " + call + "\n",
                mask.equals("boolean") ? keep : added,
                added))) {
      double[][][] expected =
          OperatorTextbook.attentionRule(
              matrix(q), matrix(k), matrix(v), matrix(full), matrix(r), EPSILON);
      List<Tensor> found =
          explain(
              model,
              "/scaled_dot_product_attention#0",
              new Attention(false, STABILIZER),
              r,
              q,
              k,
              v);
      for (int i = 0; i < 3; i++) {
        assertThat(found.get(i)).within(1e-10, 1e-12).of(flat(expected[i]));
      }
      Tensor ofValues =
          explain(
                  model,
                  "/scaled_dot_product_attention#0",
                  new Attention(true, Stabilizer.of(1e-300)),
                  r,
                  q,
                  k,
                  v)
              .get(2);
      assertThat(ofValues.sum()).within(1e-10, 1e-12).of(r.sum());
    }
  }

  @Test
  void headsThatShareKeysAddUpWhatTheyGive() {
    Tensor q = numbers(1, 2, 4, 3, 4);
    Tensor k = numbers(2, 2, 2, 3, 4);
    Tensor v = numbers(3, 2, 2, 3, 4);
    Tensor r = numbers(4, 2, 4, 3, 4);
    String layer = "/scaled_dot_product_attention#0";
    try (ScriptModel grouped =
            model(
                "q, k, v",
                "torch.scaled_dot_product_attention(q, k, v, None, 0.0, False, scale=0.3, enable_gqa=True)");
        ScriptModel plain =
            model(
                "q, k, v",
                "torch.scaled_dot_product_attention(q, k, v, None, 0.0, False, scale=0.3)")) {
      List<Tensor> few = explain(grouped, layer, new Attention(), r, q, k, v);
      List<Tensor> many = explain(plain, layer, new Attention(), r, q, doubled(k), doubled(v));
      assertThat(few.get(0)).within(1e-12, 1e-14).of(many.get(0));
      for (int i = 1; i < 3; i++) {
        assertThat(few.get(i)).within(1e-12, 1e-14).of(many.get(i).view(2, 2, 2, 3, 4).sum(2));
      }
    }
  }

  private static Tensor doubled(Tensor t) {
    return t.unsqueeze(2).expand(2, 2, 2, 3, 4).reshape(2, 4, 3, 4);
  }

  @Test
  void aRuleRefusesOperatorsThatItIsNotFor() {
    try (ScriptModel model = model("x", "torch.relu(x)")) {
      for (Rule rule : List.of(new Softmax(), new Normalization(), new Attention())) {
        assertThatThrownBy(() -> new Explainer(model, "/relu#0", rule).close())
            .isInstanceOf(RuleException.class)
            .hasMessageContaining("/relu#0");
      }
    }
  }
}
