/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** The functions of {@link SignXai}, targets, threads, own methods. */
@ExtendWith(NativeLeaks.class)
class SignXaiTests {
  private final ModelBuilder b = Networks.builder();

  private static double[] values(Tensor tensor) {
    return TensorSubject.values(tensor);
  }

  @Test
  void bothCallStylesForTensorsArraysAndBuffers() {
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(1, 2, 6);
      double[] numbers = values(x);
      float[] floats = new float[numbers.length];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = (float) numbers[i];
      }
      long[] shape = {2, 6};
      MethodOptions options = MethodOptions.of("epsilon", 0.1);
      String name = "lrp_epsilon";
      double[] expected = values(SignXai.calculateRelevanceMap(model, x, name, options));
      assertThat(values(SignXai.calculateRelevanceMap(name, x, model, options)))
          .isEqualTo(expected);
      assertThat(SignXai.calculateRelevanceMap(model, numbers, shape, name, options))
          .isEqualTo(expected);
      assertThat(SignXai.calculateRelevanceMap(name, numbers, shape, model, options))
          .isEqualTo(expected);
      DoubleBuffer doubles =
          SignXai.calculateRelevanceMap(model, DoubleBuffer.wrap(numbers), shape, name, options);
      assertThat(doubles.remaining()).isEqualTo(12);
      assertThat(doubles.get(3)).isEqualTo(expected[3]);
      float[] single = SignXai.calculateRelevanceMap(model, floats, shape, name, options);
      assertThat((double) single[5]).isCloseTo(expected[5], within(1e-5));
      FloatBuffer buffer =
          SignXai.calculateRelevanceMap(name, FloatBuffer.wrap(floats), shape, model, options);
      assertThat((double) buffer.get(5)).isCloseTo(expected[5], within(1e-5));
      double[] defaults = values(SignXai.calculateRelevanceMap(model, x, name));
      assertThat(values(SignXai.calculateRelevanceMap(name, x, model))).isEqualTo(defaults);
      assertThat(defaults).isNotEqualTo(expected);
    }
  }

  @Test
  void manyInputsInBatches() {
    try (ScriptModel model = Networks.series(b)) {
      List<Tensor> inputs =
          java.util.stream.IntStream.range(0, 20)
              .mapToObj(i -> Networks.numbers(i, 2, 16))
              .toList();
      List<Integer> targets = java.util.stream.IntStream.range(0, 20).mapToObj(i -> i % 3).toList();
      List<Tensor> maps =
          SignXai.calculateRelevanceMaps(
              "lrp_gamma", inputs, model, MethodOptions.of("target", targets));
      assertThat(maps).hasSize(20);
      for (int i = 0; i < 20; i++) {
        Tensor single = SignXai.explain(model, inputs.get(i), "lrp_gamma", targets.get(i));
        TensorSubject.assertThat(maps.get(i)).within(1e-12, 1e-14).of(single);
      }
      List<double[]> arrays =
          SignXai.calculateRelevanceMaps(
              model,
              List.of(values(inputs.get(0)), values(inputs.get(1))),
              new long[] {2, 16},
              "gradient");
      assertThat(arrays.get(1))
          .isEqualTo(values(SignXai.explain(model, inputs.get(1), "gradient")));
      assertThat(SignXai.calculateRelevanceMaps(model, List.of(), "gradient")).isEmpty();
    }
  }

  @Test
  void targetsOfAllForms() {
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(3, 2, 6);
      Tensor output = model.run(x).get(0);
      int[] best = Target.topClasses(output);
      for (String name :
          List.of(
              "gradient",
              "lrp_epsilon_0_1",
              "integrated_gradients_steps_3",
              "occlusion",
              "guided_backprop",
              "deeplift",
              "smoothgrad_samples_2")) {
        double[] top = values(SignXai.explain(model, x, name));
        assertThat(values(SignXai.explain(model, x, name, best))).isEqualTo(top);
        assertThat(values(SignXai.explain(model, x, name, "max_activation"))).isEqualTo(top);
        Tensor seed = torch.zeros_like(output);
        for (int i = 0; i < 2; i++) {
          seed.select(0, i).select(0, best[i]).fill_(new Scalar(1));
        }
        boolean lrp = name.startsWith("lrp");
        if (lrp) {
          seed = seed.mul(output);
        }
        TensorSubject.assertThat(SignXai.explain(model, x, name, seed))
            .within(1e-12, 1e-14)
            .of(top);
        Tensor all = lrp ? output : torch.ones_like(output);
        TensorSubject.assertThat(SignXai.explain(model, x, name, all))
            .within(1e-12, 1e-14)
            .of(values(SignXai.explain(model, x, name, "all")));
        Tensor sample = SignXai.explain(model, x.select(0, 1), name, seed.select(0, 1));
        TensorSubject.assertThat(sample).hasShape(6);
        TensorSubject.assertThat(sample)
            .within(1e-12, 1e-14)
            .of(java.util.Arrays.copyOfRange(top, 6, 12));
      }
    }
  }

  @Test
  void singleSamplesAndBatches() {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 2, 8, 8);
      try (MethodAnalyzer gradient = new MethodAnalyzer(model, "gradient");
          MethodAnalyzer cam = new MethodAnalyzer(model, "grad_cam");
          Attribution result = gradient.attribute(x)) {
        TensorSubject.assertThat(result.relevance()).hasShape(2, 8, 8);
        TensorSubject.assertThat(result.output()).hasShape(3);
        TensorSubject.assertThat(cam.analyze(x)).hasShape(1, 8, 8);
        TensorSubject.assertThat(cam.analyze(x.unsqueeze(0))).hasShape(1, 1, 8, 8);
        Tensor single = gradient.analyze(x.to(ScalarType.Float));
        assertThat(single.scalar_type().intern()).isEqualTo(ScalarType.Double);
      }
    }
    ModelBuilder own = Networks.builder();
    try (ScriptModel model =
        Networks.model(
            Networks.network(
                own,
                Map.of(
                    "conv", own.conv(1, 1, 2, 3, ModelBuilder.Conv.PLAIN), "fc", own.linear(8, 3)),
                "y = torch.relu(self.conv.forward(x.unsqueeze(1)))",
                "return self.fc.forward(y.flatten(1, -1))"))) {
      Tensor rows = Networks.numbers(1, 2, 6);
      Tensor map =
          SignXai.calculateRelevanceMap(
              model, rows, "lrpz_gamma", MethodOptions.of("batched", true));
      TensorSubject.assertThat(map).hasShape(2, 6);
    }
  }

  @Test
  void presetsAndDescriptions() {
    assertThat(SignXai.presets()).containsExactly("default", "fast", "high_quality");
    assertThat(SignXai.listMethods()).hasSizeGreaterThan(200).isSorted();
    assertThat(SignXai.methodInfo("lrp_z").formula()).contains("R / st(z)");
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(1, 1, 6);
      assertThat(values(SignXai.explainWithPreset(model, x, "lrp_epsilon", "default")))
          .isEqualTo(values(SignXai.explain(model, x, "lrp_epsilon_0_1")));
      assertThat(values(SignXai.explainWithPreset(model, x, "smoothgrad", "fast")))
          .isEqualTo(values(SignXai.explain(model, x, "smoothgrad_samples_10_noise_0_15")));
    }
  }

  @Test
  void signsOfThresholds() {
    Tensor x = Tensor.create(-1.0, -0.5, 0.0, 0.5);
    assertThat(values(SignXai.calculateSignMu(x))).containsExactly(-1, -1, 1, 1);
    assertThat(values(SignXai.calculateSignMu(x, -0.5))).containsExactly(-1, 1, 1, 1);
    assertThat(values(SignXai.calculateSignMu(x, null, 0, 1))).containsExactly(0, 0, 0, 1);
    assertThat(values(SignXai.calculateSignMu(x, Tensor.create(1.0, -1.0, 0.0, 2.0), -3, 2)))
        .containsExactly(-3, 2, 2, -3);
  }

  @Test
  void predictionsAreDecoded() {
    Tensor probabilities = Tensor.create(0.1, 0.7, 0.2).view(1, 3);
    List<Prediction> row = SignXai.decodePredictions(probabilities, 2, List.of("a", "b")).get(0);
    assertThat(row).containsExactly(new Prediction(1, "b", 0.7), new Prediction(2, "class_2", 0.2));
    List<Prediction> logits =
        SignXai.decodePredictions(Tensor.create(0.0, Math.log(3)), null).get(0);
    assertThat(logits.get(0).index()).isEqualTo(1);
    assertThat(logits.get(0).probability()).isCloseTo(0.75, within(1e-12));
  }

  @Test
  void seedsAndNoise() {
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(1, 2, 6);
      MethodOptions few = MethodOptions.of("samples", 3).with("target", 0);
      double[] zero = values(SignXai.calculateRelevanceMap(model, x, "smoothgrad", few));
      assertThat(values(SignXai.calculateRelevanceMap(model, x, "smoothgrad", few.with("seed", 0))))
          .isEqualTo(zero);
      assertThat(values(SignXai.calculateRelevanceMap(model, x, "smoothgrad", few.with("seed", 1))))
          .isNotEqualTo(zero);
      Tensor noise = torch.zeros(4, 2, 6);
      assertThat(
              values(
                  SignXai.calculateRelevanceMap(
                      model, x, "smoothgrad", MethodOptions.of("noise", noise).with("target", 0))))
          .isEqualTo(values(SignXai.explain(model, x, "gradient", 0)));
    }
  }

  @Test
  void layersOfOnePass() {
    try (ScriptModel model = Networks.series(b);
        MethodAnalyzer analyzer = new MethodAnalyzer(model, "lrp_flat")) {
      Tensor x = Networks.numbers(1, 1, 2, 16);
      try (Attribution result =
          analyzer.attribute(
              x, Target.classes(0), AttributionOptions.defaults().withLayers("3", "6"))) {
        assertThat(result.layers()).hasSize(2);
        double f = result.output().select(1, 0).item_double();
        // Conserved up to the stabilizer.
        assertThat(result.at("6").orElseThrow().outputs().get(0).sum().item_double())
            .isCloseTo(f, within(1e-5 * Math.abs(f)));
        assertThat(result.rules()).containsKeys("0", "3", "6", "8");
      }
    }
  }

  @Test
  void threadsShareAnAnalyzer() throws Exception {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 2, 2, 8, 8);
      for (String name :
          List.of("lrpsign_epsilon_0_25_std_x", "grad_cam", "deeplift", "w2lrp_gamma")) {
        try (MethodAnalyzer analyzer = new MethodAnalyzer(model, name)) {
          double[] expected = values(analyzer.analyze(x));
          ExecutorService pool = Executors.newFixedThreadPool(4);
          try {
            Callable<double[]> one =
                () -> {
                  try (PointerScope scope = new PointerScope()) {
                    return values(analyzer.analyze(x));
                  }
                };
            for (Future<double[]> result : pool.invokeAll(java.util.Collections.nCopies(12, one))) {
              assertThat(result.get()).isEqualTo(expected);
            }
          } finally {
            pool.shutdown();
          }
        }
      }
    }
  }

  /** A method of one's own: implementing the interface is enough. */
  private record Constant(double value) implements Analyzer {
    @Override
    public Attribution attribute(Tensor input, Target target) {
      try (PointerScope scope = new PointerScope()) {
        Tensor map = torch.full_like(input, new Scalar(value));
        return Attribution.of(torch.zeros(1, 2), map, List.of("constant"));
      }
    }

    @Override
    public void close() {}
  }

  @Test
  void ownMethods() {
    try (Analyzer analyzer = new Constant(2)) {
      assertThat(values(analyzer.analyze(torch.zeros(1, 3)))).containsExactly(2, 2, 2);
      try (Attribution result = analyzer.attribute(torch.zeros(1, 3))) {
        assertThat(result.warnings()).containsExactly("constant");
      }
    }
  }

  @Test
  void classesAreTheirNames() {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 1, 2, 8, 8);
      Map<Analyzer, String> pairs = new java.util.LinkedHashMap<>();
      MethodOptions one = MethodOptions.of("start", "one");
      pairs.put(new GradientAnalyzer(model), "gradient");
      pairs.put(new GradientXInputAnalyzer(model), "gradient_x_input");
      pairs.put(new GradientXSignAnalyzer(model), "gradient_x_sign");
      pairs.put(new GradientXSignAnalyzer(model, 0.5), "gradient_x_sign_mu_0_5");
      pairs.put(new IntegratedGradientsAnalyzer(model, 7, null), "integrated_gradients_steps_7");
      pairs.put(new SmoothGradAnalyzer(model, 0.3, 4), "smoothgrad_noise_0_3_samples_4");
      pairs.put(new VarGradAnalyzer(model, 4, 0.3), "vargrad_noise_0_3_samples_4");
      pairs.put(new GuidedBackpropAnalyzer(model), "guided_backprop");
      pairs.put(new DeconvNetAnalyzer(model), "deconvnet");
      pairs.put(new GradCAMAnalyzer(model), "grad_cam");
      pairs.put(new GradCAMAnalyzer(model, "4"), "grad_cam");
      pairs.put(new GuidedGradCAMAnalyzer(model), "guided_grad_cam");
      pairs.put(new LRPAnalyzer(model), "lrp");
      pairs.put(new LRPAnalyzer(model, "epsilon", 0.25), "lrp_epsilon_0_25");
      pairs.put(new LRPAnalyzer(model, "alphabeta", 1e-6), "lrp_alpha_1_beta_0");
      pairs.put(new AdvancedLRPAnalyzer(model, "alpha2beta1"), "lrp_alpha_2_beta_1");
      pairs.put(new AdvancedLRPAnalyzer(model, "gamma", Map.of("gamma", 0.5)), "lrp.gamma");
      pairs.put(new LRPSequential(model, "wsquare", "gamma", "gamma"), "w2lrp_gamma");
      pairs.put(new LRPStdxEpsilonAnalyzer(model, 0.5), "lrp_epsilon_0_5_std_x");
      pairs.put(new BoundedLRPAnalyzer(model, -123.68, 151.061, "z"), "zblrp_z_VGG16ILSVRC");
      pairs.put(new DeepTaylorAnalyzer(model, 1e-6), "deep_taylor");
      pairs.put(new DeepLiftAnalyzer(model, null), "deeplift");
      pairs.put(new OcclusionAnalyzer(model, 8, 8, 0), "occlusion");
      pairs.put(new RandomUniformAnalyzer(model, 1), "random_uniform");
      pairs.put(
          new AdvancedLRPAnalyzer(
              model,
              "custom",
              Map.of("composite", SignXai.composite("lrpz_gamma", MethodOptions.none())),
              MethodOptions.none()),
          "lrpz_gamma");
      pairs.forEach(
          (analyzer, name) ->
              assertThat(values(analyzer.analyze(x)))
                  .as(name)
                  .isEqualTo(values(SignXai.calculateRelevanceMap(model, x, name))));
      try (LRPAnalyzer started = new LRPAnalyzer(model, one)) {
        assertThat(started.method().startsAtOne()).isTrue();
      }
      pairs.keySet().forEach(Analyzer::close);
    }
  }
}
