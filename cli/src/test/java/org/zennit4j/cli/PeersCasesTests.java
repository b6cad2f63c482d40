/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.GradCam;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.concepts.Condition;
import org.zennit4j.concepts.ConditionalAttribution;
import org.zennit4j.concepts.ConditionalOptions;
import org.zennit4j.concepts.ConditionalResult;
import org.zennit4j.metrics.Infidelity;
import org.zennit4j.metrics.Metrics;
import org.zennit4j.metrics.Result;
import org.zennit4j.metrics.Scorer;
import org.zennit4j.metrics.Subject;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.CompositeReader;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npz;
import org.zennit4j.testing.NativeLeaks;

/** Small cases with the numbers of zennit-crp, Captum, pytorch-grad-cam, LXT, and by hand. */
@ExtendWith(NativeLeaks.class)
class PeersCasesTests {
  private static final Path FOLDER = Path.of("src", "test", "resources", "peers-cases");

  private static List<JsonNode> cases() throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    new ObjectMapper()
        .readTree(FOLDER.resolve("index.json").toFile())
        .get("cases")
        .forEach(cases::add);
    return cases;
  }

  /** One case in a scope of its own. */
  private record Case(JsonNode json, Map<String, NdArray> data, ScriptModel model) {
    Tensor array(String name) {
      return data.get(name).toTensor();
    }

    Tensor input() {
      return inputs().get(0);
    }

    List<Tensor> inputs() {
      List<Tensor> inputs = new ArrayList<>();
      json.get("inputs").forEach(name -> inputs.add(array(name.asText())));
      return inputs;
    }

    int[] classes() {
      JsonNode list = json.get("target").get("classes");
      int[] classes = new int[list.size()];
      for (int i = 0; i < classes.length; i++) {
        classes[i] = list.get(i).asInt();
      }
      return classes;
    }

    Tensor seed() {
      return array(json.get("target").get("seed").asText());
    }

    JsonNode args() {
      return json.get("method").get("args");
    }

    void agrees(String expected, double... found) {
      String kind = expected.equals("output") ? "output" : "relevance";
      JsonNode tolerance = json.get("tolerance").get(kind);
      double[] wanted = data.get(expected).toDoubles();
      double most = 0;
      for (double w : wanted) {
        most = Math.max(most, Math.abs(w));
      }
      double limit = tolerance.get("atol").asDouble() + tolerance.get("rtol").asDouble() * most;
      assertThat(found).as(expected).hasSameSizeAs(wanted);
      for (int i = 0; i < wanted.length; i++) {
        assertThat(Math.abs(found[i] - wanted[i]))
            .as(expected + " " + i)
            .isLessThanOrEqualTo(limit);
      }
    }

    void agrees(String expected, Tensor found) {
      assertThat(found.shape()).as(expected).isEqualTo(data.get(expected).shape());
      agrees(expected, NdArray.of(found).toDoubles());
    }
  }

  private static void run(JsonNode json) {
    Map<String, NdArray> data = Npz.read(FOLDER.resolve(json.get("data").asText()));
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(FOLDER.resolve(json.get("model").asText()))) {
      Case one = new Case(json, data, model);
      switch (json.get("group").asText()) {
        case "crp" -> concept(one);
        case "cams" -> cam(one);
        case "metrics" -> metric(one);
        case "attnlrp" -> attention(one);
        default -> throw new AssertionError("unknown group");
      }
    }
  }

  /** The cases name one type of layers where requests take a list. */
  private static Composite composite(JsonNode json) {
    JsonNode copy = json.deepCopy();
    for (JsonNode part : copy.get("composites")) {
      for (JsonNode entry : part.get("layer_map")) {
        ArrayNode pair = (ArrayNode) entry;
        pair.set(0, pair.arrayNode().add(pair.get(0)));
      }
    }
    return new CompositeReader().read(copy);
  }

  private static void concept(Case one) {
    Composite composite = composite(one.json().get("method").get("composite"));
    JsonNode attributor = one.json().get("method").get("attributor");
    Condition condition = Condition.none();
    for (JsonNode layer : attributor.get("conditions")) {
      List<Integer> channels = new ArrayList<>();
      layer.get("channels").forEach(c -> channels.add(c.asInt()));
      condition =
          condition.with(layer.get("layer").asText(), channels.stream().mapToInt(c -> c).toArray());
    }
    Tensor seed = one.seed();
    ConditionalOptions options =
        ConditionalOptions.defaults()
            .withInitRel(output -> seed)
            .withBatchSize(1000)
            .withExcludeParallel(attributor.get("exclude_parallel").asBoolean());
    try (ConditionalAttribution attribution = new ConditionalAttribution(one.model(), composite);
        ConditionalResult result =
            attribution.attribute(one.input(), List.of(condition), options)) {
      one.agrees("relevance_0", result.relevance());
      one.agrees("output", result.prediction());
    }
  }

  private static void cam(Case one) {
    GradCam.Settings settings =
        GradCam.Settings.defaults()
            .withTargetLayer(one.args().get("layer").asText())
            .withWeighting(
                one.json().get("method").get("analyzer").asText().equals("layer_cam")
                    ? GradCam.Weighting.LAYER_CAM
                    : GradCam.Weighting.GRAD_CAM_PP)
            .raw();
    try (Plan plan = Plan.gradient(one.model());
        GradCam attributor = new GradCam(plan, settings);
        Attribution result = attributor.attribute(one.input(), Target.classes(one.classes()))) {
      one.agrees("relevance_0", result.relevance());
      one.agrees("output", result.output());
    }
  }

  private static void metric(Case one) {
    Subject subject =
        Subject.of(Scorer.of(one.model()), one.input(), one.classes(), one.array("map"));
    if (one.json().get("method").get("analyzer").asText().equals("metric.infidelity")) {
      Result result =
          Infidelity.of(one.array("perturbations"), one.args().get("normalize").asBoolean())
              .evaluate(subject);
      one.agrees("infidelity", result.values());
      return;
    }
    Result result =
        Metrics.registry()
            .get("pixel_flipping")
            .create(
                Map.of(
                    "unit",
                    "element",
                    "step",
                    one.args().get("step").asInt(),
                    "baseline",
                    one.args().get("baseline").asDouble(),
                    "order",
                    one.args().get("order").asText(),
                    "score",
                    "logit"))
            .evaluate(subject);
    one.agrees("curve", result.curves().get(0).values()[0]);
    one.agrees("auc", result.values());
  }

  private static void attention(Case one) {
    boolean cp = one.json().get("method").get("analyzer").asText().equals("cp_lrp");
    Tensor seed = one.seed();
    try (Gradient attributor =
            new Gradient(one.model(), cp ? Composites.cpLrp() : Composites.attnLrp());
        Attribution result =
            attributor.attribute(one.inputs(), Target.seed(seed), AttributionOptions.defaults())) {
      one.agrees("relevance_0", result.relevance());
      if (result.relevances().size() > 1) {
        one.agrees("relevance_1", result.relevances().get(1));
      }
      one.agrees("output", result.output());
    }
  }

  @TestFactory
  Stream<DynamicTest> everyCaseIsWithinItsTolerance() throws IOException {
    return cases().stream()
        .map(json -> DynamicTest.dynamicTest(json.get("id").asText(), () -> run(json)));
  }

  @Test
  void allKindsAreThere() throws IOException {
    assertThat(cases()).hasSize(16);
    assertThat(cases().stream().map(c -> c.get("group").asText()).distinct())
        .containsExactlyInAnyOrder("attnlrp", "cams", "crp", "metrics");
  }
}
