/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.concepts.FeatureVisualization.Mode;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Conditions, references and atlases on small networks. */
@ExtendWith(NativeLeaks.class)
class ConceptTests {
  @BeforeEach
  void seed() {
    torch.manual_seed(7);
  }

  @TempDir Path folder;

  /** conv 0, relu 1, conv 2, relu 3, flatten 4, linear 5: 4 x 4 pictures, three classes. */
  private static ScriptModel chain() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);
    Conv padded = Conv.PLAIN.withPadding(1);
    return ScriptModel.of(
        b.sequential(
            b.conv(2, 1, 3, 3, padded),
            b.relu(),
            b.conv(2, 3, 5, 3, padded),
            b.relu(),
            b.flatten(),
            b.linear(5 * 16, 3)));
  }

  /** y = a(x), z = relu(b(y)) + y, out = c(z): the sum has two ways. */
  private static ScriptModel residual() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 9);
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("a", b.linear(6, 4));
    children.put("b", b.linear(4, 4));
    children.put("c", b.linear(4, 2));
    return ScriptModel.of(
        b.module(
            "nets.Residual",
            children,
            """
            def forward(self, x):
                y = self.a.forward(x)
                return self.c.forward(torch.relu(self.b.forward(y)) + y)
            """));
  }

  private static Tensor pictures(int n) {
    return SeededWeights.normal(3, ScalarType.Double, n, 1, 4, 4).abs();
  }

  @Test
  void relevanceStartsWithTheLogit() {
    try (ScriptModel model = chain();
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        ConditionalAttribution conditional = new ConditionalAttribution(plan);
        Gradient gradient = new Gradient(plan)) {
      Tensor x = pictures(3);
      try (ConditionalResult result =
              conditional.attribute(x, List.of(Condition.y(0), Condition.y(2), Condition.y(1)));
          Attribution plain = gradient.attribute(x, Target.logit(0, 2, 1))) {
        TensorSubject.assertThat(result.relevance()).within(1e-12, 1e-14).of(plain.relevance());
        TensorSubject.assertThat(result.prediction()).within(0, 0).of(plain.output());
        assertThat(result.heatmap().shape()).containsExactly(3, 4, 4);
      }
      try (ConditionalResult one =
              conditional.attribute(
                  x, List.of(Condition.y(1)), ConditionalOptions.defaults().withInitRel(1));
          Attribution ones = gradient.attribute(x, Target.classes(1))) {
        TensorSubject.assertThat(one.relevance()).within(1e-12, 1e-14).of(ones.relevance());
      }
    }
  }

  @Test
  void theChannelsOfALayerSumToTheWhole() {
    try (ScriptModel model = chain();
        ConditionalAttribution conditional =
            new ConditionalAttribution(model, Composites.epsilonPlus())) {
      Tensor x = pictures(2);
      List<Condition> each =
          Stream.iterate(0, c -> c + 1).limit(5).map(c -> Condition.y(1).with("2", c)).toList();
      for (boolean exclude : new boolean[] {true, false}) {
        ConditionalOptions options =
            ConditionalOptions.defaults().withExcludeParallel(exclude).withBatchSize(3);
        try (ConditionalResult parts = conditional.attribute(x, each, options);
            ConditionalResult whole = conditional.attribute(x, List.of(Condition.y(1)), options)) {
          // Every condition for every input, the conditions of the first input first.
          Tensor sums = parts.relevance().reshape(2, 5, 1, 4, 4).sum(1);
          TensorSubject.assertThat(sums).within(1e-10, 1e-13).of(whole.relevance());
        }
      }
      try (ConditionalResult none = conditional.attribute(x, List.of(Condition.y(1).with("2")))) {
        assertThat(none.relevance().abs().max().item_double()).isZero();
      }
    }
  }

  @Test
  void resultsComeInTheOrderOfTheConditions() {
    try (ScriptModel model = chain();
        ConditionalAttribution conditional =
            new ConditionalAttribution(model, Composites.epsilonPlus())) {
      Tensor x = pictures(3);
      List<Condition> mixed =
          List.of(
              Condition.y(1).with("2", 0),
              Condition.y(1).with("0", 1, 2),
              Condition.y(1).with("0", 0).with("2", 3, 4));
      try (ConditionalResult together = conditional.attribute(x, mixed)) {
        for (int i = 0; i < 3; i++) {
          try (ConditionalResult alone =
              conditional.attribute(x.narrow(0, i, 1), List.of(mixed.get(i)))) {
            TensorSubject.assertThat(together.relevance().narrow(0, i, 1))
                .within(1e-12, 1e-14)
                .of(alone.relevance());
          }
        }
      }
    }
  }

  @Test
  void theOtherBranchIsLeftOut() {
    try (ScriptModel model = residual();
        ConditionalAttribution conditional =
            new ConditionalAttribution(model, Composites.epsilonPlus())) {
      Tensor x = torch.rand(1, 6).to(ScalarType.Double);
      Condition all = Condition.y(0).with("b", 0, 1, 2, 3);
      try (ConditionalResult with =
              conditional.attribute(
                  x, List.of(all), ConditionalOptions.defaults().withExcludeParallel(false));
          ConditionalResult without = conditional.attribute(x, List.of(all));
          ConditionalResult blocked =
              conditional.attribute(
                  x,
                  List.of(Condition.y(0).with("b")),
                  ConditionalOptions.defaults().withExcludeParallel(false))) {
        // What does not pass b passes by it.
        TensorSubject.assertThat(without.relevance().add(blocked.relevance()))
            .within(1e-10, 1e-13)
            .of(with.relevance());
        assertThat(blocked.relevance().abs().max().item_double()).isPositive();
      }
    }
  }

  @Test
  void layersAreRecordedAfterTheirMasks() {
    try (ScriptModel model = chain();
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        ConditionalAttribution conditional = new ConditionalAttribution(plan);
        Gradient gradient = new Gradient(plan)) {
      Tensor x = pictures(1);
      ConditionalOptions options =
          ConditionalOptions.defaults().withRecordLayer(List.of("0", "2", "3"));
      for (boolean exclude : new boolean[] {true, false}) {
        try (ConditionalResult result =
                conditional.attribute(
                    x, List.of(Condition.y(2).with("2", 1)), options.withExcludeParallel(exclude));
            Attribution plain =
                gradient.attribute(
                    List.of(x),
                    Target.logit(2),
                    AttributionOptions.defaults().withLayers("0", "2", "3"))) {
          Tensor there = plain.at("2").orElseThrow().outputs().get(0);
          Tensor mask = torch.zeros_like(there);
          mask.select(1, 1).fill_(new Scalar(1));
          TensorSubject.assertThat(result.relevances().get("2"))
              .within(1e-12, 1e-14)
              .of(there.mul(mask));
          // Above the mask all relevance is there, below it what has passed.
          TensorSubject.assertThat(result.relevances().get("3"))
              .within(1e-12, 1e-14)
              .of(plain.at("3").orElseThrow().outputs().get(0));
          double below = result.relevances().get("0").sum().item_double();
          double whole = plain.at("0").orElseThrow().outputs().get(0).sum().item_double();
          assertThat(Math.abs(below - whole)).isGreaterThan(1e-6);
          assertThat(result.activations().get("2").shape()).containsExactly(1, 5, 4, 4);
        }
      }
      Tensor channels = ChannelConcept.attribute(torch.randn(2, 3, 4, 4), true);
      assertThat(channels.abs().sum(1).select(0, 0).item_double()).isCloseTo(1, within(1e-5));
    }
  }

  @Test
  void relevanceCanStartAtALayer() {
    try (ScriptModel model = chain();
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        ConditionalAttribution conditional = new ConditionalAttribution(plan)) {
      Tensor x = pictures(2);
      ConditionalOptions options = ConditionalOptions.defaults().withStartLayer("2");
      try (ConditionalResult result =
          conditional.attribute(x, List.of(Condition.none().with("2", 1)), options)) {
        assertThat(result.prediction().shape()).containsExactly(2, 5, 4, 4);
        // A neuron's relevance is linear in where it starts.
        Tensor fields =
            ReceptiveField.heatmaps(conditional, x, "2", new int[] {1, 1}, new int[] {0, 5});
        ReceptiveField.Box corner = ReceptiveField.box(fields.select(0, 0), 0);
        // Two convolutions of 3 x 3: the neuron in the corner sees 3 x 3 at most.
        assertThat(corner.left() + corner.width()).isLessThanOrEqualTo(3);
        assertThat(corner.top() + corner.height()).isLessThanOrEqualTo(3);
        assertThat(ReceptiveField.box(torch.zeros(4, 5), 0))
            .isEqualTo(new ReceptiveField.Box(0, 0, 5, 4));
        assertThat(result.heatmap().shape()).containsExactly(2, 4, 4);
      }
      assertThatThrownBy(
              () -> conditional.attribute(x, List.of(Condition.none().with("3", 1)), options))
          .hasMessageContaining("runs after '2'");
    }
  }

  @Test
  void whatIsNotThereIsNamed() {
    try (ScriptModel model = chain();
        ConditionalAttribution conditional =
            new ConditionalAttribution(model, Composites.epsilonPlus())) {
      Tensor x = pictures(1);
      assertThatThrownBy(() -> conditional.attribute(x, List.of(Condition.y(0).with("22", 0))))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("there is no layer '22'");
      assertThatThrownBy(() -> conditional.attribute(x, List.of(Condition.y(0).with("2", 5))))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("layer '2' has channels 0 to 4");
      assertThatThrownBy(() -> conditional.attribute(x, List.of(Condition.y(3))))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("the output has channels 0 to 2");
      assertThatThrownBy(() -> conditional.attribute(x, List.of()))
          .hasMessageContaining("Condition.none()");
    }
  }

  /** Some pictures with labels 0, 1, 2, 0, ... */
  private static ConceptData data(Tensor x) {
    return new ConceptData() {
      @Override
      public int size() {
        return (int) x.size(0);
      }

      @Override
      public Tensor inputs(int from, int to) {
        return x.narrow(0, from, to - from);
      }

      @Override
      public int[] targets(int sample) {
        return new int[] {sample % 3};
      }
    };
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).map(folder::relativize).sorted().toList();
    }
  }

  @Test
  void theBestSamplesAreKeptInFilesWhateverTheWay() throws IOException {
    try (ScriptModel model = chain();
        ConditionalAttribution conditional =
            new ConditionalAttribution(model, Composites.epsilonPlus())) {
      Tensor x = pictures(50);
      FeatureVisualization.Settings settings = FeatureVisualization.Settings.defaults();
      FeatureVisualization once =
          new FeatureVisualization(conditional, List.of("2"), folder.resolve("once"), settings);
      once.run(data(x), 50, 500, (done, total) -> true);
      // In parts, broken off after 20 samples, and then to the end.
      FeatureVisualization parts =
          new FeatureVisualization(conditional, List.of("2"), folder.resolve("parts"), settings);
      assertThatThrownBy(() -> parts.run(data(x), 7, 14, (done, total) -> done < 20))
          .isInstanceOf(CancelledException.class);
      assertThat(parts.isComplete()).isFalse();
      assertThat(files(folder.resolve("parts"))).contains(Path.of("0_14.done"));
      int[] first = {Integer.MAX_VALUE};
      parts.run(
          data(x),
          7,
          14,
          (done, total) -> {
            first[0] = Math.min(first[0], done);
            return true;
          });
      assertThat(first[0]).as("the first part is not done again").isGreaterThan(14);
      assertThat(parts.isComplete()).isTrue();
      assertThat(files(folder.resolve("parts"))).isEqualTo(files(folder.resolve("once")));
      for (Path file : files(folder.resolve("once"))) {
        if (!file.toString().endsWith("targets.npy")) {
          NdArray a = Npy.read(folder.resolve("once").resolve(file));
          NdArray b = Npy.read(folder.resolve("parts").resolve(file));
          assertThat(b.shape()).isEqualTo(a.shape());
          if (file.toString().endsWith("_data.npy")) {
            assertThat(b.toLongs()).as(file.toString()).isEqualTo(a.toLongs());
          }
        }
      }
      References best = once.maxReference("2", Mode.RELEVANCE);
      assertThat(best.size()).isEqualTo(40);
      assertThat(best.channels()).isEqualTo(5);
      // Against the relevances themselves.
      List<Condition> conditions =
          Stream.iterate(0, i -> i + 1).limit(50).map(i -> Condition.y(i % 3)).toList();
      try (ConditionalResult all =
          conditional.attribute(
              x, conditions, ConditionalOptions.defaults().withRecordLayer(List.of("2")))) {
        double[] channels =
            NdArray.of(ChannelConcept.attribute(all.relevances().get("2"), true)).toDoubles();
        for (int c = 0; c < 5; c++) {
          int highest = 0;
          for (int i = 0; i < 50; i++) {
            highest = channels[i * 5 + c] > channels[highest * 5 + c] ? i : highest;
          }
          assertThat(best.samples(c)[0]).isEqualTo(highest);
          assertThat(best.values(c)[0]).isCloseTo(channels[highest * 5 + c], within(1e-6));
          assertThat(best.values(c)).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        }
      }
      References ofOne = once.statsReference("2", 1, Mode.RELEVANCE);
      assertThat(ofOne.size()).isEqualTo(17);
      for (int sample : ofOne.samples(0)) {
        assertThat(sample % 3).isEqualTo(1);
      }
      assertThat(ofOne.ranking()).hasSize(5);
      assertThatThrownBy(() -> once.statsReference("2", 9, Mode.RELEVANCE))
          .hasMessageContaining("9_data.npy");
      byte[] targets = Files.readAllBytes(folder.resolve("once/RelStats_sum_normed/targets.npy"));
      assertThat(new String(targets, java.nio.charset.StandardCharsets.ISO_8859_1))
          .contains("'descr': '<U1'")
          .contains("'shape': (3,)");
    }
  }

  @Test
  void anAtlasNamesTheConceptsOfAClass() {
    try (ScriptModel model = chain();
        ConditionalAttribution conditional =
            new ConditionalAttribution(model, Composites.epsilonPlus())) {
      Tensor x = pictures(9);
      ConceptAtlas atlas = ConceptAtlas.of(conditional, data(x), "2", 2, 100);
      assertThat(atlas.samples()).isEqualTo(3);
      int[] top = atlas.concepts(2);
      double[] means = atlas.relevances();
      assertThat(means[top[0]]).isGreaterThanOrEqualTo(means[top[1]]);
      Tensor regions = atlas.regions(conditional, x.narrow(0, 2, 1), top, 3, 0.1);
      regions.to(ScalarType.Long);
      assertThat(regions.shape()).containsExactly(4, 4);
      for (long which : NdArray.of(regions).toLongs()) {
        assertThat(which).isBetween(-1L, 1L);
      }
      assertThatThrownBy(() -> ConceptAtlas.of(conditional, data(x), "2", 7, 100))
          .hasMessageContaining("no sample has the target 7");
    }
  }
}
