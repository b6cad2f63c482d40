/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.analyzers.SignXai;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeCanonizer;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.InputLayerMapComposite;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.MergeBatchNorm;
import org.zennit4j.composites.MixedComposite;
import org.zennit4j.composites.NameLayerMapComposite;
import org.zennit4j.composites.NameMapComposite;
import org.zennit4j.composites.NamedMergeBatchNorm;
import org.zennit4j.composites.ResNetCanonizer;
import org.zennit4j.composites.ResidualSum;
import org.zennit4j.composites.SequentialMergeBatchNorm;
import org.zennit4j.composites.SpecialFirstLayerMapComposite;
import org.zennit4j.composites.VggCanonizer;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.ReLUBetaSmooth;
import org.zennit4j.rules.ReLUDeconvNet;
import org.zennit4j.rules.ReLUGuidedBackprop;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Sign;
import org.zennit4j.rules.SignMu;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.SignedStabilizer;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StdxEpsilon;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.Z;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZPlusFast;
import org.zennit4j.rules.ZeroParams;

/** What is written as JSON is read back as the same. */
class CompositeProperties {

  private static Arbitrary<String> names() {
    return Arbitraries.strings().ofMaxLength(6);
  }

  private static Arbitrary<Double> numbers() {
    return Arbitraries.oneOf(
        Arbitraries.of(0.0, -0.0, 1e-300, Double.MIN_VALUE, Double.MAX_VALUE, 0.1, 3.0),
        Arbitraries.doubles());
  }

  private static Arbitrary<Double> sizes() {
    return numbers().map(Math::abs);
  }

  private static Arbitrary<Stabilizer> stabilizers() {
    Arbitrary<List<Long>> dims =
        Arbitraries.longs().between(-4, 4).list().ofMaxSize(3).injectNull(0.5);
    Arbitrary<Boolean> flags = Arbitraries.of(true, false);
    Arbitrary<Stabilizer> signed =
        Combinators.combine(sizes(), flags, flags, dims).as(SignedStabilizer::new);
    return Arbitraries.oneOf(
        sizes().map(Stabilizer::of), signed, Arbitraries.just(new StrictStabilizer()));
  }

  private static ZBox box(double low, double high, Stabilizer stabilizer, ZeroParams zeroParams) {
    return new ZBox(Bound.of(low), Bound.of(high), stabilizer, zeroParams);
  }

  private static Arbitrary<ZeroParams> zeroParams() {
    return Arbitraries.oneOf(
        Arbitraries.just(ZeroParams.none()),
        names().map(ZeroParams::in),
        names().list().ofMinSize(1).ofMaxSize(3).map(l -> new ZeroParams(l, false)));
  }

  @Provide
  Arbitrary<Rule> rules() {
    Arbitrary<Stabilizer> s = stabilizers();
    Arbitrary<ZeroParams> z = zeroParams();
    Arbitrary<Rule> plain =
        Arbitraries.of(new Pass(), new ReLUDeconvNet(), new ReLUGuidedBackprop());
    Arbitrary<Rule> weighted =
        Arbitraries.oneOf(
            Combinators.combine(s, z).as(Epsilon::new),
            Combinators.combine(s, z).as(ZPlus::new),
            Combinators.combine(s, z).as(WSquare::new),
            Combinators.combine(s, z).as(Flat::new),
            Combinators.combine(s, z).as(Z::new),
            Combinators.combine(s, z).as(Sign::new),
            Combinators.combine(sizes(), s, z).as(Gamma::new),
            Combinators.combine(numbers(), numbers(), s, z)
                .as((a, b, st, zero) -> box(Math.min(a, b), Math.max(a, b), st, zero)));
    Arbitrary<Rule> others =
        Arbitraries.oneOf(
            s.map(Norm::new),
            s.map(ZPlusFast::new),
            numbers().map(ReLUBetaSmooth::new),
            Combinators.combine(numbers().map(SignThreshold::of), s, z).as(SignMu::new),
            Combinators.combine(numbers().map(Math::abs), s, z).as(StdxEpsilon::new),
            Combinators.combine(Arbitraries.of(0.0, 0.5, 1.0), s, z)
                .as((beta, stabilizer, zero) -> new AlphaBeta(beta + 1, beta, stabilizer, zero)));
    return Arbitraries.oneOf(plain, weighted, others);
  }

  private Arbitrary<List<MapEntry>> maps() {
    return Combinators.combine(names().list().ofMaxSize(2), rules())
        .as(MapEntry::new)
        .list()
        .ofMaxSize(3);
  }

  private static Arbitrary<List<Canonizer>> canonizers() {
    Arbitrary<Canonizer> simple =
        Arbitraries.of(
            new MergeBatchNorm(),
            new ResidualSum(),
            new SequentialMergeBatchNorm(),
            new ResNetCanonizer(),
            new VggCanonizer());
    Arbitrary<Canonizer> named =
        Combinators.combine(names().list().ofMaxSize(2), names())
            .as(NamedMergeBatchNorm.Pair::new)
            .list()
            .ofMaxSize(2)
            .map(NamedMergeBatchNorm::new);
    Arbitrary<Canonizer> flat = Arbitraries.oneOf(simple, named);
    Arbitrary<Canonizer> nested = flat.list().ofMaxSize(2).map(CompositeCanonizer::new);
    return Arbitraries.oneOf(flat, nested).list().ofMaxSize(2);
  }

  private Arbitrary<Composite> mapComposites() {
    Arbitrary<Boolean> flags = Arbitraries.of(true, false);
    return Arbitraries.oneOf(
        canonizers().map(EmptyComposite::new),
        Combinators.combine(maps(), canonizers(), flags, flags).as(LayerMapComposite::new),
        Combinators.combine(maps(), canonizers(), flags, flags).as(NameMapComposite::new),
        Combinators.combine(maps(), maps(), canonizers(), flags, flags)
            .as(SpecialFirstLayerMapComposite::new),
        Combinators.combine(maps(), maps(), canonizers(), flags, flags)
            .as(NameLayerMapComposite::new),
        Combinators.combine(rules(), maps(), canonizers(), flags, flags)
            .as(InputLayerMapComposite::new),
        kernelComposites());
  }

  private Arbitrary<Composite> kernelComposites() {
    Arbitrary<Boolean> flags = Arbitraries.of(true, false);
    Arbitrary<Optional<Rule>> positions = rules().optional(0.5);
    Arbitrary<List<Optional<Rule>>> places = positions.list().ofSize(3);
    return Combinators.combine(
            places,
            Arbitraries.integers().between(0, 5),
            rules(),
            rules(),
            flags,
            stabilizers(),
            canonizers(),
            flags)
        .as(
            (place, count, dense, convolution, pass, stabilizer, canonizers, functional) ->
                new KernelComposite(
                    place.get(0),
                    place.get(1),
                    count,
                    place.get(2),
                    dense,
                    convolution,
                    pass,
                    stabilizer,
                    canonizers,
                    functional));
  }

  @Provide
  Arbitrary<Composite> composites() {
    Arbitrary<Composite> simple = mapComposites();
    Arbitrary<Composite> mixed =
        Combinators.combine(simple.list().ofMaxSize(3), canonizers()).as(MixedComposite::new);
    Arbitrary<Composite> nested =
        Combinators.combine(Arbitraries.oneOf(simple, mixed).list().ofMaxSize(2), canonizers())
            .as(MixedComposite::new);
    return Arbitraries.oneOf(simple, mixed, nested);
  }

  @Property(tries = 500)
  void aRuleIsReadBack(@ForAll("rules") Rule rule) {
    String json = new CompositeWriter().write(rule).toString();

    assertThat(new CompositeReader().readRule(Json.parse(json))).isEqualTo(rule);
  }

  @Property(tries = 300)
  void aCompositeIsReadBack(@ForAll("composites") Composite composite) {
    String json = new CompositeWriter().toJson(composite);

    assertThat(new CompositeReader().read(json)).isEqualTo(composite);
  }

  @Example
  void namedCompositesAreWrittenAsTheirMaps() {
    for (Composite composite :
        List.of(
            Composites.epsilonPlusFlat(),
            Composites.epsilonGammaBox(-1, 1),
            Composites.excitationBackprop().withCanonizers(new ResidualSum()))) {
      assertThat(new CompositeReader().read(new CompositeWriter().toJson(composite)))
          .isEqualTo(composite);
    }
  }

  @Example
  void compositesOfMethodsAreWritten() {
    for (String method : List.of("lrpz_epsilon_0_1_std_x", "lrpsign_sequential_composite_a")) {
      Composite composite = SignXai.composite(method, MethodOptions.none());

      assertThat(new CompositeReader().read(new CompositeWriter().toJson(composite)))
          .isEqualTo(composite);
    }
  }

  @Example
  void anAdjustedMixedCompositeIsWrittenAsOneWithoutTheWrapper() {
    Composite inner =
        new MixedComposite(
            Composites.epsilonPlus().withFunctional(true).withCanonizers(new MergeBatchNorm()),
            Composites.guidedBackprop());

    assertThat(
            new CompositeReader()
                .read(
                    new CompositeWriter()
                        .toJson(inner.withCanonizers(new ResidualSum()).withFunctional(true))))
        .isEqualTo(
            new MixedComposite(
                List.of(Composites.epsilonPlus().withFunctional(true), Composites.guidedBackprop()),
                List.of(new ResidualSum())));
  }

  @Example
  void tensorsAreWrittenByName() {
    NdArray array = NdArray.ofFloats(new float[] {-1, -2}, 1, 2);
    try (Tensor tensor = array.toTensor()) {
      Bound low = Bound.of(tensor);
      Rule rule = new ZBox(low, Bound.of(1), Stabilizer.standard(), ZeroParams.none());
      CompositeWriter knowing =
          new CompositeWriter(b -> b.equals(low) ? Optional.of("low") : Optional.empty());

      assertThat(knowing.write(rule).get("low").textValue()).isEqualTo("low");
      assertThatThrownBy(() -> new CompositeWriter().write(rule))
          .isInstanceOf(RequestException.class)
          .hasMessage(
              "rule zbox, low: a tensor without a name cannot be written as JSON; use a number");
    }
  }

  @Example
  void codeOfOnesOwnIsRefused() {
    CompositeWriter writer = new CompositeWriter();
    Composite lambda = (context, name, layer) -> Optional.empty();
    Canonizer canonizer = program -> program;
    Stabilizer stabilizer = z -> z;

    assertThatThrownBy(() -> writer.write(lambda))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("is code of one's own");
    assertThatThrownBy(() -> writer.write(lambda.withFunctional(true)))
        .isInstanceOf(RequestException.class);
    assertThatThrownBy(() -> writer.write(new EmptyComposite(List.of(canonizer))))
        .isInstanceOf(RequestException.class);
    assertThatThrownBy(() -> writer.write(new Norm(stabilizer)))
        .isInstanceOf(RequestException.class);
    assertThatThrownBy(() -> writer.write(new Epsilon().declaration()))
        .isInstanceOf(RequestException.class);
  }
}
