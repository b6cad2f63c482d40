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
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import org.assertj.core.api.Assertions;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.rules.LayerKinds.Kind;
import org.zennit4j.testing.TensorSubject;

/** What holds for every rule, layer and input. */
class RuleProperties {
  private static final int TRIES = 40;

  @Provide
  Arbitrary<String> kinds() {
    return Arbitraries.of(LayerKinds.names());
  }

  @Provide
  Arbitrary<DeclaredRule> rules() {
    return Arbitraries.of(List.copyOf(RuleTests.rules().keySet()));
  }

  /** What share of the relevance of each output of a layer without bias reaches the inputs. */
  private interface Share {
    double[] of(Textbook layer, double[] x);
  }

  private static double[] reached(double[] denominators) {
    return Textbook.map(denominators, z -> z == 0 ? 0 : 1);
  }

  /** All, but for outputs that nothing contributes to; with a stabilizer that takes nothing. */
  private static Map<DeclaredRule, Share> conserving() {
    Stabilizer tiny = Stabilizer.of(1e-300);
    ZeroParams bias = ZeroParams.of("bias");
    Map<DeclaredRule, Share> all = new LinkedHashMap<>();
    all.put(new Epsilon(tiny, bias), (l, x) -> reached(l.forward(x)));
    all.put(new ZPlus(tiny, bias), (l, x) -> reached(contributions(l, x, 1)));
    all.put(
        new AlphaBeta(2, 1, tiny, bias),
        (l, x) ->
            Textbook.sum(
                Textbook.map(reached(contributions(l, x, 1)), v -> 2 * v),
                Textbook.map(reached(contributions(l, x, -1)), v -> -v)));
    Share connected =
        (l, x) -> reached(l.with(w -> w * w, b -> 0).forward(Textbook.map(x, v -> 1)));
    all.put(new ZBox(Bound.of(-9), Bound.of(9), tiny, bias), connected);
    all.put(new WSquare(tiny, bias), connected);
    all.put(new Flat(tiny, ZeroParams.none()), connected);
    return all;
  }

  /** The positive or negative contributions to each output. */
  private static double[] contributions(Textbook layer, double[] x, int sign) {
    Textbook with = layer.with(w -> Math.max(sign * w, 0), b -> 0);
    Textbook against = layer.with(w -> Math.min(sign * w, 0), b -> 0);
    return Textbook.sum(
        with.forward(Textbook.map(x, Textbook::plus)),
        against.forward(Textbook.map(x, Textbook::minus)));
  }

  /** Runs with a layer and inputs that are freed afterwards. */
  private static void with(
      String name, long seed, java.util.function.BiConsumer<Kind, Tensor[]> check) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      Kind kind = LayerKinds.make(name);
      Tensor x = kind.input(seed);
      check.accept(kind, new Tensor[] {x, kind.relevance(seed + 1, x)});
      kind.model().close();
    }
  }

  @Property(tries = TRIES)
  void samplesDoNotSeeEachOther(
      @ForAll("kinds") String name,
      @ForAll("rules") DeclaredRule rule,
      @ForAll @LongRange(min = 0, max = 99) long seed) {
    with(
        name,
        seed,
        (kind, t) -> {
          Tensor both = Explainer.once(kind.model(), rule, t[1], t[0]);
          Tensor x = t[0].flip(0);
          Tensor r = t[1].flip(0);
          assertThat(Explainer.once(kind.model(), rule, r, x))
              .within(1e-11, 1e-13)
              .of(both.flip(0));
          for (int i = 0; i < 2; i++) {
            assertThat(
                    Explainer.once(kind.model(), rule, t[1].narrow(0, i, 1), t[0].narrow(0, i, 1)))
                .within(1e-11, 1e-13)
                .of(both.narrow(0, i, 1));
          }
        });
  }

  @Property(tries = TRIES)
  void rulesAreLinearInTheRelevance(
      @ForAll("kinds") String name,
      @ForAll("rules") DeclaredRule rule,
      @ForAll @LongRange(min = 0, max = 99) long seed,
      @ForAll @DoubleRange(min = -100, max = 100) double factor) {
    with(
        name,
        seed,
        (kind, t) -> {
          Tensor other = kind.relevance(seed + 2, t[0]);
          Tensor sum = LayerKinds.scaled(t[1], factor).add(other);
          Tensor expected =
              LayerKinds.scaled(Explainer.once(kind.model(), rule, t[1], t[0]), factor)
                  .add(Explainer.once(kind.model(), rule, other, t[0]));
          double largest = expected.abs().max().item_double();
          assertThat(Explainer.once(kind.model(), rule, sum, t[0]))
              .within(1e-9, 1e-11 * (1 + largest))
              .of(expected);
        });
  }

  @Property(tries = TRIES)
  void relevanceIsConserved(
      @ForAll("kinds") String name, @ForAll @LongRange(min = 0, max = 99) long seed) {
    with(
        name,
        seed,
        (kind, t) -> {
          Textbook layer = kind.textbook().withoutBias();
          conserving()
              .forEach(
                  (rule, share) -> {
                    double[] found =
                        TensorSubject.values(Explainer.once(kind.model(), rule, t[1], t[0]));
                    for (int n = 0; n < 2; n++) {
                      double[] x = TensorSubject.values(t[0].select(0, n));
                      double[] r = TensorSubject.values(t[1].select(0, n));
                      double arrived = Arrays.stream(Textbook.product(r, share.of(layer, x))).sum();
                      double[] part = Arrays.copyOfRange(found, n * x.length, (n + 1) * x.length);
                      double size = Arrays.stream(part).map(Math::abs).sum() + r.length;
                      Assertions.assertThat(Arrays.stream(part).sum())
                          .as(rule.toString())
                          .isCloseTo(arrived, Assertions.within(1e-10 * size));
                    }
                  });
        });
  }
}
