/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.testing.ModelBuilder;

class InspectCommandTests {
  private static final Path CNN = Session.model("fashion_cnn.pt");

  @TempDir Path folder;

  @Test
  void layersAndFindings() {
    Session run = Session.of("inspect", CNN).ok();
    assertThat(run.out()).containsPattern("(?m)^features\\.0 +Conv2d +Convolution$");
    assertThat(run.out()).contains("3 batch normalisations are not merged", "23098 parameters");
  }

  @Test
  void rulesShapesAndCanonizers() {
    Session run =
        Session.of(
                "inspect",
                CNN,
                "--composite",
                "epsilon_plus_flat",
                "--canonizers",
                "merge_batch_norm",
                "--input-shape",
                "2,1,28,28")
            .ok();
    assertThat(run.out())
        .containsPattern(
            "(?m)^features\\.0 +Conv2d +Convolution +2x16x28x28 +flat +has features.1$")
        .containsPattern("(?m)^classifier +Linear +Linear +2x10 +epsilon$")
        .contains("merged into features.0", "findings: none");
  }

  @Test
  void jsonHasThemToo() {
    Session run =
        Session.of(
                "inspect",
                CNN,
                "--json",
                "--composite",
                "epsilon_plus",
                "--input-shape",
                "1,1,28,28")
            .ok();
    JsonNode json = Json.parse(run.out());
    assertThat(json.get("parameters").asInt()).isEqualTo(23098);
    JsonNode layer = json.get("layers").get(2);
    assertThat(layer.get("layer").asText()).isEqualTo("features.0");
    assertThat(layer.get("class").asText()).isEqualTo("torch.nn.modules.conv.Conv2d");
    assertThat(layer.get("rule").get("rule").asText()).isEqualTo("zplus");
    assertThat(layer.get("output_shape").toString()).isEqualTo("[1,16,28,28]");
    assertThat(json.get("findings").toString()).contains("not merged");
  }

  private JsonNode ruleOf(String composite, String layer) {
    JsonNode layers =
        Json.parse(Session.of("inspect", CNN, "--json", "--composite", composite).ok().out())
            .get("layers");
    for (JsonNode one : layers) {
      if (one.get("layer").asText().equals(layer)) {
        return one.get("rule");
      }
    }
    throw new AssertionError("no layer " + layer);
  }

  @Test
  void jsonHasTheArgumentsOfRules() {
    String method = "{\"type\": \"named\", \"name\": \"signxai\", \"args\": {\"method\": %s}}";
    assertThat(ruleOf(method.formatted("\"zblrp_epsilon_20_VGG16\""), "features.0").toString())
        .isEqualTo(
            "{\"rule\":\"zbox\",\"low\":-123.68,\"high\":151.061,\"stabilizer\":1.0E-6,"
                + "\"report_outside\":true}");
    assertThat(ruleOf(method.formatted("\"lrp_gamma_0_5_IB\""), "classifier").toString())
        .isEqualTo(
            "{\"rule\":\"gamma\",\"gamma\":0.5,\"stabilizer\":1.0E-6,\"zero_params\":[\"bias\"],"
                + "\"sign_without_bias\":true}");
    Path bound = folder.resolve("low.npy");
    Npy.write(bound, NdArray.ofDoubles(new double[] {-1}, 1, 1, 1, 1));
    String box =
        "{\"type\": \"layer_map\", \"layer_map\": [[[\"Convolution\"], {\"rule\": \"zbox\","
            + " \"low\": \"%s\", \"high\": [2]}]]}";
    assertThat(ruleOf(box.formatted(bound), "features.0").toString())
        .contains("\"low\":\"tensor[1, 1, 1, 1]\"", "\"high\":[2.0]");
  }

  @Test
  void relevanceIsFollowedThroughTheLayers() {
    Path input = folder.resolve("x.npy");
    double[] values = new double[784];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 28) / 28.0;
    }
    Npy.write(input, NdArray.ofDoubles(values, 1, 1, 28, 28));
    Object[] command = {
      "inspect",
      CNN,
      "--composite",
      "epsilon_plus_flat",
      "--canonizers",
      "merge_batch_norm",
      "--input",
      input,
      "--dtype",
      "float64"
    };
    Session text = Session.of(command).ok();
    assertThat(text.out())
        .contains("relevance, from the output to the input:", "1.000 started at the output");
    Object[] asJson = java.util.Arrays.copyOf(command, command.length + 1);
    asJson[command.length] = "--json";
    JsonNode report = Json.parse(Session.of(asJson).ok().out()).get("conservation");
    assertThat(report.get("first_not_finite").isNull()).isTrue();
    JsonNode first = null;
    for (JsonNode call : report.get("calls")) {
      first = call.get("layer").asText().equals("features.0") ? call : first;
    }
    // Flat conserves, but for its stabilizer.
    assertThat(first.get("passes").asDouble())
        .isCloseTo(first.get("arrives").asDouble(), org.assertj.core.data.Offset.offset(1e-6));
    assertThat(report.get("input").asDouble()).isEqualTo(first.get("passes").asDouble());
  }

  @Test
  void theLayerWithTheFirstNaNIsNamed() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    JitModule broken = b.linear(3, 2);
    broken.attr("weight").toTensor().fill_(new Scalar(Double.NaN));
    Path model =
        ModelBuilder.save(b.sequential(b.linear(4, 3), broken, b.relu()), folder.resolve("nan.pt"));
    Path roots =
        ModelBuilder.save(
            b.sequential(b.linear(4, 3), b.expression("nets.Root", "torch.sqrt(input * 0.0)")),
            folder.resolve("root.pt"));
    Path input = folder.resolve("x.npy");
    Npy.write(input, NdArray.ofDoubles(new double[] {1, 2, 3, 4}, 1, 4));
    assertThat(
            Session.of(
                    "inspect",
                    model,
                    "--composite",
                    "epsilon_plus",
                    "--input",
                    input,
                    "--target",
                    "all")
                .ok()
                .out())
        .contains("NaN or infinity, first in the output of layer '1'");
    JsonNode report =
        Json.parse(
            Session.of(
                    "inspect",
                    roots,
                    "--composite",
                    "epsilon_plus",
                    "--input",
                    input,
                    "--target",
                    "all",
                    "--json")
                .ok()
                .out());
    JsonNode place = report.get("conservation").get("first_not_finite");
    assertThat(place.get("stage").asText()).isEqualTo("relevance");
    assertThat(place.get("layer").asText()).startsWith("1");
  }

  private JsonNode calls(JitModule module, String epsilon, Path input) {
    Path model = ModelBuilder.save(module, folder.resolve("known.pt"));
    String composite =
        "{\"type\": \"layer_map\", \"layer_map\": [[[\"Linear\"], {\"rule\": \"epsilon\", \"epsilon\": "
            + epsilon
            + "}]]}";
    Session run =
        Session.of(
            "inspect",
            model,
            "--composite",
            composite,
            "--input",
            input,
            "--target",
            "0",
            "--json");
    return Json.parse(run.ok().out()).get("conservation").get("calls");
  }

  private static void check(JsonNode calls, String layer, int call, String key, double expected) {
    for (JsonNode row : calls) {
      if (row.get("layer").asText().equals(layer) && row.get("call").asInt() == call) {
        assertThat(row.get(key).asDouble())
            .as("%s of call %s of %s", key, call, layer)
            .isCloseTo(expected, org.assertj.core.data.Offset.offset(1e-12));
        return;
      }
    }
    throw new AssertionError("no call " + call + " of " + layer + " in " + calls);
  }

  private static void fill(Tensor tensor, double... values) {
    tensor.copy_(NdArray.ofDoubles(values, tensor.shape()).toTensor());
  }

  @Test
  void whatIsLostIsLostToTheBiasOrTheStabilizer() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule linear = b.linear(2, 1);
    fill(linear.attr("weight").toTensor(), 1, 2);
    fill(linear.attr("bias").toTensor(), 3);
    Path input = folder.resolve("x.npy");
    Npy.write(input, NdArray.ofDoubles(new double[] {1, 1}, 1, 2));
    // z = 6, s(z) = 8: 3/8 is passed on; without the bias z = 3, s(z) = 5: 3/5.
    JsonNode calls =
        calls(b.sequential(linear, b.expression("nets.Tanh", "torch.tanh(input)")), "2", input);
    double arrives = 1 - Math.tanh(6) * Math.tanh(6);
    check(calls, "0", 0, "arrives", arrives);
    check(calls, "0", 0, "passes", arrives * 3 / 8);
    check(calls, "0", 0, "lost", arrives * 5 / 8);
    check(calls, "0", 0, "lost_to_epsilon", arrives * 2 / 5);
    check(calls, "0", 0, "lost_to_bias", arrives * (3.0 / 5 - 3.0 / 8));
    check(calls, "0", 0, "lost_otherwise", 0);
    check(calls, "1", 0, "lost", 1 - arrives);
    assertThat(calls.toString()).doesNotContain("NaN");
  }

  @Test
  void eachCallOfAReusedLayerLosesItsOwn() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule linear = b.linear(2, 2);
    fill(linear.attr("weight").toTensor(), 1, 2, 3, 4);
    fill(linear.attr("bias").toTensor(), 1, 1);
    Path input = folder.resolve("x.npy");
    Npy.write(input, NdArray.ofDoubles(new double[] {1, 1}, 1, 2));
    // h = (4, 8), y = (21, 45); of y0, 4/21 goes to h0, 16/21 to h1, 1/21 to the bias.
    JsonNode calls = calls(b.sequential(linear, linear), "1e-300", input);
    check(calls, "0", 1, "lost_to_bias", 1.0 / 21);
    check(calls, "0", 0, "arrives", 20.0 / 21);
    check(calls, "0", 0, "lost_to_bias", 4.0 / 21 / 4 + 16.0 / 21 / 8);
    check(calls, "0", 0, "passes", 17.0 / 21);
    check(calls, "0", 0, "lost_to_epsilon", 0);
  }

  @Test
  void operatorsWithoutARuleAreNamed() {
    Session run =
        Session.of("inspect", Session.model("fashion_vit.pt"), "--composite", "epsilon_plus");
    assertThat(run.ok().out())
        .contains("layer_norm has no rule and passes its gradient")
        .contains("additions of two branches", "add the canonizer residual_sum");
  }

  @Test
  void whatIsWrongIsSaidInOneLine() {
    Session.of("inspect", "none.pt").fails(1, "none.pt: no such file");
    Session.of("inspect", CNN, "--input-shape", "1,3,28,28").fails(1, "features.0", "3 channels");
    Session.of("inspect", CNN, "--input-shape", "big").fails(2, "--input-shape is like");
    Session.of("inspect", CNN, "--composite", "nothing")
        .fails(2, "there is no composite 'nothing'");
  }
}
