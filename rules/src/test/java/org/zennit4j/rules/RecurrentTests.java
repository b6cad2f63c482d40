/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** The rule of recurrent networks against their formulas, written out number by number. */
@ExtendWith(NativeLeaks.class)
class RecurrentTests {
  static final int IN = 3;
  private static final int WIDTH = 2;
  private static final double EPSILON = 1e-3;
  private static final List<String> OPERATORS = List.of("lstm", "gru", "rnn_tanh", "rnn_relu");
  private static final int[] GATES = {4, 3, 1, 1};

  static String layer(int kind) {
    return "/" + OPERATORS.get(kind) + "#0";
  }

  /** A network of one operator; the first result. */
  static ScriptModel model(int kind, int layers, boolean both, boolean bias, long seed) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule net = b.empty("nets.Recurrent");
    List<String> names = new ArrayList<>();
    int directions = both ? 2 : 1;
    long rows = (long) GATES[kind] * WIDTH;
    for (int i = 0; i < layers * directions; i++) {
      int in = i < directions ? IN : WIDTH * directions;
      List<Tensor> own =
          new ArrayList<>(
              List.of(numbers(seed + 10L * i, rows, in), numbers(seed + 10L * i + 1, rows, WIDTH)));
      if (bias) {
        own.add(numbers(seed + 10L * i + 2, rows));
        own.add(numbers(seed + 10L * i + 3, rows));
      }
      for (Tensor parameter : own) {
        String name = "p" + names.size();
        net.register_parameter(name, parameter, false);
        names.add("self." + name);
      }
    }
    String start = "torch.zeros([" + layers * directions + ", x.size(1), " + WIDTH + "], dtype=7)";
    net.define(
        "def forward(self, x):\n    s = "
            + start
            + "\n    return torch."
            + OPERATORS.get(kind)
            + "(x, "
            + (kind == 0 ? "[s, s]" : "s")
            + ", ["
            + String.join(", ", names)
            + "], "
            + (bias ? "True, " : "False, ")
            + layers
            + ", 0.0, False, "
            + (both ? "True" : "False")
            + ", False)[0]\n");
    return ScriptModel.of(net);
  }

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  private static double sigmoid(double v) {
    return 1 / (1 + Math.exp(-v));
  }

  private static double stable(double z) {
    return z + (z >= 0 ? EPSILON : -EPSILON);
  }

  /** One layer, one direction, one sample: (steps, in) to (steps, in). */
  private static double[][] textbook(
      int kind,
      double[][] w,
      double[][] u,
      double[] b,
      double[] d,
      double[][] x,
      double[][] r,
      boolean biasesShared) {
    int steps = x.length;
    double[][] h = new double[steps + 1][WIDTH];
    double[][] c = new double[steps + 1][WIDTH];
    double[][] kept = new double[steps][WIDTH];
    double[][] fresh = new double[steps][WIDTH];
    double[][] inner = new double[steps][WIDTH];
    double[][] reset = new double[steps][WIDTH];
    for (int t = 0; t < steps; t++) {
      for (int j = 0; j < WIDTH; j++) {
        double[] a = new double[GATES[kind]];
        double[] s = new double[GATES[kind]];
        for (int g = 0; g < a.length; g++) {
          a[g] = b[g * WIDTH + j];
          s[g] = d[g * WIDTH + j];
          for (int i = 0; i < IN; i++) {
            a[g] += w[g * WIDTH + j][i] * x[t][i];
          }
          for (int i = 0; i < WIDTH; i++) {
            s[g] += u[g * WIDTH + j][i] * h[t][i];
          }
        }
        if (kind == 0) {
          kept[t][j] = sigmoid(a[1] + s[1]) * c[t][j];
          inner[t][j] = a[2] + s[2];
          reset[t][j] = 1;
          fresh[t][j] = sigmoid(a[0] + s[0]) * Math.tanh(inner[t][j]);
          c[t + 1][j] = kept[t][j] + fresh[t][j];
          h[t + 1][j] = sigmoid(a[3] + s[3]) * Math.tanh(c[t + 1][j]);
        } else if (kind == 1) {
          reset[t][j] = sigmoid(a[0] + s[0]);
          double update = sigmoid(a[1] + s[1]);
          inner[t][j] = a[2] + reset[t][j] * s[2];
          kept[t][j] = update * h[t][j];
          fresh[t][j] = (1 - update) * Math.tanh(inner[t][j]);
          h[t + 1][j] = kept[t][j] + fresh[t][j];
        } else {
          reset[t][j] = 1;
          inner[t][j] = a[0] + s[0];
          fresh[t][j] = kind == 2 ? Math.tanh(inner[t][j]) : Math.max(0, inner[t][j]);
          h[t + 1][j] = fresh[t][j];
        }
      }
    }
    int signal = kind < 2 ? 2 : 0;
    double[][] result = new double[steps][IN];
    double[] ofHidden = new double[WIDTH];
    double[] ofCell = new double[WIDTH];
    for (int t = steps - 1; t >= 0; t--) {
      double[] before = new double[WIDTH];
      double[] p = new double[WIDTH];
      for (int j = 0; j < WIDTH; j++) {
        double all = r[t][j] + ofHidden[j] + ofCell[j];
        double ofFresh = all;
        if (kind < 2) {
          double whole = stable(kind == 0 ? c[t + 1][j] : h[t + 1][j]);
          ofFresh = all * fresh[t][j] / whole;
          double ofKept = all * kept[t][j] / whole;
          if (kind == 0) {
            ofCell[j] = ofKept;
          } else {
            before[j] += ofKept;
          }
        }
        p[j] = ofFresh / stable(inner[t][j]);
        for (int i = 0; i < IN; i++) {
          result[t][i] += x[t][i] * w[signal * WIDTH + j][i] * p[j];
        }
        for (int i = 0; i < WIDTH; i++) {
          before[i] += h[t][i] * u[signal * WIDTH + j][i] * reset[t][j] * p[j];
        }
      }
      if (biasesShared) {
        double[] own = new double[WIDTH];
        double rest = 0;
        double all = 0;
        for (int j = 0; j < WIDTH; j++) {
          double bias = b[signal * WIDTH + j] + reset[t][j] * d[signal * WIDTH + j];
          double size = 0;
          for (int i = 0; i < IN; i++) {
            size += Math.abs(x[t][i] * w[signal * WIDTH + j][i]);
          }
          for (int i = 0; i < WIDTH; i++) {
            size += Math.abs(h[t][i] * u[signal * WIDTH + j][i]) * reset[t][j];
          }
          own[j] = p[j] * bias / stable(size + Math.abs(bias));
          rest += own[j] * Math.abs(bias);
          all += size;
        }
        for (int j = 0; j < WIDTH; j++) {
          double q = own[j] + rest / stable(all);
          for (int i = 0; i < IN; i++) {
            result[t][i] += Math.abs(x[t][i] * w[signal * WIDTH + j][i]) * q;
          }
          for (int i = 0; i < WIDTH; i++) {
            before[i] += Math.abs(h[t][i] * u[signal * WIDTH + j][i]) * reset[t][j] * q;
          }
        }
      }
      ofHidden = before;
    }
    return result;
  }

  @ParameterizedTest
  @CsvSource({
    "0, false, false",
    "0, true, false",
    "0, true, true",
    "1, false, false",
    "1, true, false",
    "1, true, true",
    "2, true, false",
    "2, true, true",
    "3, true, false",
    "3, true, true"
  })
  void aStepIsItsFormula(int kind, boolean bias, boolean shared) {
    int steps = 4;
    int rows = GATES[kind] * WIDTH;
    double[][] w = OperatorRuleTests.matrix(numbers(7, rows, IN));
    double[][] u = OperatorRuleTests.matrix(numbers(8, rows, WIDTH));
    double[] b = bias ? TensorSubject.values(numbers(9, rows)) : new double[rows];
    double[] d = bias ? TensorSubject.values(numbers(10, rows)) : new double[rows];
    Tensor x = numbers(3, steps, 1, IN);
    Tensor r = numbers(4, steps, 1, WIDTH);
    double[][] expected =
        textbook(
            kind, w, u, b, d, OperatorRuleTests.matrix(x), OperatorRuleTests.matrix(r), shared);
    ZeroParams zero = shared ? ZeroParams.of("bias") : ZeroParams.none();
    try (ScriptModel model = model(kind, 1, false, bias, 7);
        Explainer explainer =
            new Explainer(model, layer(kind), new Recurrent(Stabilizer.of(EPSILON), zero))) {
      Tensor found = explainer.explain(r, x);
      assertThat(found)
          .within(1e-11, 1e-13)
          .of(
              java.util.Arrays.stream(expected)
                  .flatMapToDouble(java.util.Arrays::stream)
                  .toArray());
      assertThat(explainer.explain(true, r, x).get(0)).within(1e-11, 1e-13).of(found);
    }
  }

  @Test
  void otherOperatorsAreRefused() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    try (ScriptModel model = ScriptModel.of(b.expression("nets.Net", "torch.tanh(input)"))) {
      assertThatThrownBy(() -> new Explainer(model, "/tanh#0", new Recurrent()))
          .isInstanceOf(RuleException.class)
          .hasMessageContaining("[gru, gru_cell, lstm, lstm_cell, rnn_relu, rnn_relu_cell,");
    }
  }
}
