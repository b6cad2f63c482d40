/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.rules.LayerKinds.Kind;
import org.zennit4j.rules.Textbook.Formula;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** Every rule on every kind of linear layer, against the textbook on a dense matrix. */
@ExtendWith(NativeLeaks.class)
class RuleTests {
  private static final double E = 1e-6;

  static Map<DeclaredRule, Formula> rules() {
    Map<DeclaredRule, Formula> all = new LinkedHashMap<>();
    all.put(new Epsilon(), Textbook.epsilon(E));
    all.put(new Epsilon(0.5), Textbook.epsilon(0.5));
    all.put(new ZPlus(), Textbook.zplus(E));
    all.put(new AlphaBeta(2, 1), Textbook.alphaBeta(2, 1, E));
    all.put(new AlphaBeta(1, 0), Textbook.alphaBeta(1, 0, E));
    all.put(new AlphaBeta(2.2, 1.2), Textbook.alphaBeta(2.2, 1.2, E));
    all.put(new Gamma(), Textbook.gamma(0.25, E, null));
    all.put(new Gamma(3), Textbook.gamma(3, E, null));
    all.put(new ZBox(-3, 3.5), Textbook.zbox(-3, 3.5, E));
    all.put(new WSquare(), Textbook.wsquare(E));
    all.put(new Flat(), Textbook.flat(E));
    all.put(new Norm(), Textbook.epsilon(E));
    return all;
  }

  private static List<ZeroParams> zeroParams() {
    return List.of(
        ZeroParams.of("bias"),
        ZeroParams.of("weight"),
        ZeroParams.in("my_bias"),
        ZeroParams.of("other", "bias", "weight"));
  }

  /** The rules with parameters taken as zero, as the textbook says them with those set to zero. */
  private static Map<DeclaredRule, Formula> zeroed(ZeroParams zero, Textbook truth) {
    Stabilizer s = Stabilizer.standard();
    Map<DeclaredRule, Formula> all = new LinkedHashMap<>();
    all.put(new Epsilon(s, zero), Textbook.epsilon(E));
    all.put(new ZPlus(s, zero), Textbook.zplus(E));
    all.put(new AlphaBeta(2, 1, s, zero), Textbook.alphaBeta(2, 1, E));
    all.put(new Gamma(0.25, s, zero), Textbook.gamma(0.25, E, truth));
    all.put(new ZBox(Bound.of(-3), Bound.of(3), s, zero), Textbook.zbox(-3, 3, E));
    all.put(new WSquare(s, zero), Textbook.wsquare(E));
    all.put(new Flat(s, zero), Textbook.flat(E));
    return all;
  }

  static Stream<String> kinds() {
    return LayerKinds.names().stream();
  }

  private static void inEveryWay(Kind kind, BiConsumer<Tensor, Tensor> check) {
    for (int positive = 0; positive < 2; positive++) {
      Tensor x = positive == 1 ? kind.input(3).abs() : kind.input(3);
      check.accept(x, kind.relevance(4, x));
    }
  }

  private static void compare(
      Rule rule, Textbook layer, Formula formula, Kind kind, Tensor x, Tensor r) {
    double[] xs = TensorSubject.values(x);
    double[] rs = TensorSubject.values(r);
    double[] expected = new double[xs.length];
    int in = xs.length / 2;
    int out = rs.length / 2;
    for (int n = 0; n < 2; n++) {
      double[] part =
          formula.relevance(
              layer,
              Arrays.copyOfRange(xs, n * in, (n + 1) * in),
              Arrays.copyOfRange(rs, n * out, (n + 1) * out));
      System.arraycopy(part, 0, expected, n * in, in);
    }
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    try {
      assertThat(Explainer.once(kind.model(), rule, r, x))
          .within(1e-9, 1e-12 * Math.max(1, largest))
          .of(expected);
    } catch (AssertionError e) {
      throw new AssertionError(rule + ": " + e.getMessage(), e);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void rulesAreTheTextbook(String name) {
    Kind kind = LayerKinds.make(name);
    Textbook layer = kind.textbook();
    rules()
        .forEach(
            (rule, formula) ->
                inEveryWay(kind, (x, r) -> compare(rule, layer, formula, kind, x, r)));
    kind.model().close();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void whatABiasWouldTakeGoesToTheInputsBySize(String name) {
    Kind kind = LayerKinds.make(name);
    int places = name.equals("linear on sequences") ? 3 : 1;
    inEveryWay(
        kind,
        (x, r) ->
            compare(
                new EpsilonWithoutBias(),
                kind.textbook(),
                Textbook.withoutBias(places, E),
                kind,
                x,
                r));
    kind.model().close();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void zeroParamsCountAsZero(String name) {
    Kind kind = LayerKinds.make(name);
    Textbook layer = kind.textbook();
    for (ZeroParams zero : zeroParams()) {
      Textbook without =
          layer.with(w -> zero.matches("weight") ? 0 : w, b -> zero.matches("bias") ? 0 : b);
      zeroed(zero, layer)
          .forEach(
              (rule, formula) ->
                  inEveryWay(kind, (x, r) -> compare(rule, without, formula, kind, x, r)));
    }
    kind.model().close();
  }

  /**
   * A text matches by its parts, but as a whole name in the halves that never use the bias (as in
   * Zennit): these keep their weight, of which relevance for negative inputs is made.
   */
  @Test
  void aTextZeroesTheWeightOnlyWhereTheBiasIsUsed() {
    Kind kind = LayerKinds.make("linear");
    Textbook layer = kind.textbook();
    ZeroParams text = ZeroParams.in("my_bias_weight");
    Stabilizer s = Stabilizer.standard();
    Tensor x = kind.input(3);
    Tensor r = kind.relevance(4, x);
    compare(new Flat(s, text), layer, Textbook.flat(E), kind, x, r);
    compare(new Epsilon(s, text), layer, (l, in, out) -> new double[in.length], kind, x, r);
    Textbook clamped = layer.with(w -> Math.min(w, 0), b -> 0);
    Formula negativeHalf =
        (l, in, out) ->
            Textbook.epsilon(E).relevance(clamped, Textbook.map(in, v -> Math.min(v, 0)), out);
    compare(new ZPlus(s, text), layer, negativeHalf, kind, x, r);
    compare(new AlphaBeta(1, 0, s, text), layer, negativeHalf, kind, x, r);
    kind.model().close();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void fastPathsAreTheDeclarations(String name) {
    Kind kind = LayerKinds.make(name);
    Stabilizer clippedNorm = new SignedStabilizer(0.1, true, true, List.of(1L));
    Stabilizer own = z -> z.mul(new org.bytedeco.pytorch.Scalar(1.5));
    ZeroParams none = ZeroParams.none();
    Map<DeclaredRule, Formula> all = new LinkedHashMap<>(rules());
    for (Stabilizer s : List.of(clippedNorm, own)) {
      all.put(new Epsilon(s, none), null);
      all.put(new ZPlus(s, none), null);
      all.put(new AlphaBeta(2, 1, s, none), null);
      all.put(new Gamma(0.25, s, none), null);
      all.put(new ZBox(Bound.of(-3), Bound.of(3), s, none), null);
      all.put(new WSquare(s, none), null);
      all.put(new Flat(s, none), null);
    }
    all.putAll(zeroed(ZeroParams.of("bias"), null));
    all.putAll(zeroed(ZeroParams.of("weight"), null));
    for (DeclaredRule rule : all.keySet()) {
      inEveryWay(
          kind,
          (x, r) -> {
            Tensor expected = Explainer.once(kind.model(), rule.declaration(), r, x);
            double largest = expected.abs().max().item_double();
            try (Explainer explainer = new Explainer(kind.model(), "0", rule)) {
              assertThat(explainer.explain(r, x)).within(1e-11, 1e-13 * largest).of(expected);
              // What was prepared serves other batches too.
              assertThat(explainer.explain(r.narrow(0, 1, 1), x.narrow(0, 1, 1)))
                  .within(1e-11, 1e-13 * largest)
                  .of(expected.narrow(0, 1, 1));
              assertThat(explainer.explain(true, r, x).get(0))
                  .within(1e-11, 1e-13 * largest)
                  .of(expected);
            } catch (AssertionError e) {
              throw new AssertionError(rule + ": " + e.getMessage(), e);
            }
          });
    }
    kind.model().close();
  }
}
