/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Layout;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** A plan's layout changes last digits and speed, and nothing that callers see. */
@ExtendWith(NativeLeaks.class)
class LayoutTests {
  private static final Conv SAME = Conv.PLAIN.withPadding(1);

  /** With a depthwise convolution, a residual sum, and a view as old networks have it. */
  private static JitModule net(ScalarType dtype) {
    ModelBuilder b = new ModelBuilder(dtype, 11);
    JitModule features =
        b.sequential(
            b.conv(2, 3, 8, 3, SAME),
            b.batchNorm(2, 8),
            b.relu(),
            b.conv(2, 8, 8, 3, SAME.withGroups(8)),
            b.relu(),
            b.conv(2, 8, 6, 3, SAME.withStride(2)));
    return b.module(
        "nets.Net",
        Map.of(
            "features",
            features,
            "side",
            b.conv(2, 6, 6, 1, Conv.PLAIN),
            "head",
            b.linear(6 * 25, 4)),
        """
        def forward(self, x):
            y = self.features.forward(x)
            y = torch.relu(y + self.side.forward(y))
            return self.head.forward(y.view(y.size(0), -1))
        """);
  }

  private static Tensor x(ScalarType dtype) {
    return SeededWeights.normal(5, dtype, 2, 3, 10, 10);
  }

  static Stream<Composite> composites() {
    return Stream.of(
        new EmptyComposite(),
        Composites.epsilonPlus()
            .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum()),
        Composites.epsilonPlusFlat().withCanonizers(Canonizers.mergeBatchNorm()),
        Composites.epsilonAlpha2Beta1(),
        Composites.epsilonGammaBox(-3, 3).withCanonizers(Canonizers.residualSum()));
  }

  @ParameterizedTest
  @MethodSource("composites")
  void resultsAreTheSameAndLieAsTheInput(Composite composite) {
    AttributionOptions layers =
        AttributionOptions.defaults().withLayers(layer -> layer.name().startsWith("features."));
    for (ScalarType dtype : List.of(ScalarType.Double, ScalarType.Float)) {
      double tolerance = dtype == ScalarType.Double ? 1e-10 : 1e-3;
      try (ScriptModel model = ScriptModel.of(net(dtype));
          Plan plain = Plan.of(model, composite);
          Plan plan = Plan.of(model, composite, Layout.CHANNELS_LAST)) {
        assertThat(plain.layout()).isEqualTo(Layout.CONTIGUOUS);
        assertThat(plan.layout()).isEqualTo(Layout.CHANNELS_LAST);
        Tensor x = x(dtype);
        Tensor turned = x.contiguous(MemoryFormat.ChannelsLast);
        try (Attribution a = new Gradient(plain).attribute(List.of(x), Target.classes(1), layers);
            Attribution b = new Gradient(plan).attribute(List.of(x), Target.classes(1), layers);
            Attribution c = new Gradient(plan).attribute(turned, Target.classes(1))) {
          assertThat(b.output()).within(tolerance, tolerance).of(a.output());
          assertThat(b.relevance()).within(tolerance, tolerance).of(a.relevance());
          assertThat(b.relevance().is_contiguous()).isTrue();
          assertThat(c.relevance()).isBitEqualTo(b.relevance());
          assertThat(c.relevance().is_contiguous(MemoryFormat.ChannelsLast)).isTrue();
          assertThat(b.layers()).hasSameSizeAs(a.layers()).isNotEmpty();
          for (int i = 0; i < a.layers().size(); i++) {
            Tensor one = b.layers().get(i).outputs().get(0);
            assertThat(one).within(tolerance, tolerance).of(a.layers().get(i).outputs().get(0));
            assertThat(one.is_contiguous()).isTrue();
          }
        }
      }
    }
  }

  @Test
  void threadsGetTheSameBits() throws Exception {
    try (ScriptModel model = ScriptModel.of(net(ScalarType.Float))) {
      for (Layout layout : Layout.values()) {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (Plan plan = Plan.of(model, Composites.epsilonPlus(), layout)) {
          List<Future<double[]>> sums = new ArrayList<>();
          for (int i = 0; i < 24; i++) {
            sums.add(
                pool.submit(
                    () -> {
                      try (PointerScope scope = new PointerScope();
                          Attribution a =
                              new Gradient(plan)
                                  .attribute(x(ScalarType.Float), Target.classes(2))) {
                        return new double[] {a.relevance().sum().item_double()};
                      }
                    }));
          }
          for (Future<double[]> sum : sums) {
            assertThat(sum.get()).isEqualTo(sums.get(0).get());
          }
        } finally {
          pool.shutdownNow();
        }
      }
    }
  }

  @Test
  void autoTakesWhatGains() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    try (ScriptModel images = ScriptModel.of(net(ScalarType.Float));
        ScriptModel vectors = ScriptModel.of(b.sequential(b.linear(4, 3)));
        Plan last = Plan.of(images, new EmptyComposite(), Layout.AUTO);
        Plan asTheyCome = Plan.of(vectors, new EmptyComposite(), Layout.AUTO)) {
      assertThat(last.layout()).isEqualTo(Layout.CHANNELS_LAST);
      assertThat(asTheyCome.layout()).isEqualTo(Layout.CONTIGUOUS);
    }
  }
}
