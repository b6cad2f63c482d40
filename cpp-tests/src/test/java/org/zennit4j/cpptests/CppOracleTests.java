/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cpptests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Npz;
import org.zennit4j.requests.RequestFile;
import org.zennit4j.requests.RequestRunner;

/** The library's results beside those of the same rules in C++, on the same files and LibTorch. */
class CppOracleTests {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path GOLDEN = Networks.RESOURCES.resolve("golden");

  /** Layers on which SignXAI's rules run, of which Zennit has no cases. */
  private static final List<String> LAYERS =
      List.of(
          "rule-linear", "rule-conv2d", "rule-conv1d", "rule-convtranspose2d", "rule-avgpool2d");

  private static final List<String> SIGNXAI_RULES =
      List.of(
          "{\"rule\": \"z\"}",
          "{\"rule\": \"z\", \"stabilizer\": 0.5, \"zero_params\": [\"bias\"]}",
          "{\"rule\": \"sign\"}",
          "{\"rule\": \"sign_mu\", \"mu\": 0.5}",
          "{\"rule\": \"stdx_epsilon\"}",
          "{\"rule\": \"stdx_epsilon\", \"factor\": 1.0}");

  /** Convolutions that pad in other ways than with equal rows of zeros. */
  private static final Set<String> PADDED =
      Set.of("rule-conv2d-reflect", "rule-conv2d-circular", "rule-conv2d-same");

  @TempDir static Path folder;

  private static final Map<String, JsonNode> CASES = new LinkedHashMap<>();
  private static final Map<String, String> JAVA = new LinkedHashMap<>();
  private static int status;
  private static String log;

  @BeforeAll
  static void run() throws IOException, InterruptedException {
    String missing = Programs.missing().orElse(null);
    if (missing != null) {
      // An aborted class leaves no word in Surefire's output.
      System.out.println(missing);
      abort(missing);
    }
    Path arrays = folder.resolve("arrays");
    Path own = folder.resolve("cases.json");
    JSON.writeValue(own.toFile(), ownCases());
    Networks.saveInput(1, 224, folder.resolve("input.npy"));
    for (String network : Networks.NAMES) {
      Networks.save(network, folder.resolve(network + ".pt"));
    }
    Path golden = GOLDEN.resolve("index.json");
    for (Path file : List.of(golden, own)) {
      List<String> ids = new ArrayList<>();
      for (JsonNode one : JSON.readTree(file.toFile()).get("cases")) {
        if (!one.has("group") || one.get("group").textValue().equals("rule")) {
          ids.add(one.get("id").textValue());
          CASES.put(one.get("id").textValue(), one);
          extract(one, arrays);
        }
      }
      JAVA.putAll(
          RequestRunner.of(RequestFile.read(file)).withCases(ids).run(output("java")).results());
    }
    Path written = Programs.built("oracle_tests.log");
    status =
        new ProcessBuilder(
                Programs.built("cpp/oracle_tests").toString(),
                output("cpp").toString(),
                golden.toString(),
                arrays.toString(),
                own.toString(),
                arrays.toString(),
                "--gtest_brief=1",
                "--gtest_output=xml:" + Programs.built("oracle_tests.xml"))
            .redirectErrorStream(true)
            .redirectOutput(written.toFile())
            .start()
            .waitFor();
    log = Files.readString(written);
    System.out.print(log);
  }

  private static Path output(String side) {
    return folder.resolve(side);
  }

  private static ObjectNode ownCases() throws IOException {
    JsonNode golden = JSON.readTree(GOLDEN.resolve("index.json").toFile());
    ObjectNode root = JSON.createObjectNode();
    ObjectNode models = root.putObject("models");
    ArrayNode cases = root.putArray("cases");
    for (JsonNode one : golden.get("cases")) {
      String model = one.get("model").textValue();
      if (LAYERS.contains(model) && one.get("id").textValue().equals(model + "/norm")) {
        String file = golden.get("models").get(model).get("scripted").textValue();
        models.putObject(model).put("scripted", GOLDEN.resolve(file).toString());
        for (int i = 0; i < SIGNXAI_RULES.size(); i++) {
          cases.add(signxai(one.deepCopy(), JSON.readTree(SIGNXAI_RULES.get(i)), i));
        }
      }
    }
    for (String network : Networks.NAMES) {
      models.putObject(network).put("scripted", network + ".pt");
      for (String composite : Networks.COMPOSITES) {
        cases.add(networkCase(network, composite));
      }
    }
    return root;
  }

  private static ObjectNode signxai(ObjectNode one, JsonNode rule, int number) {
    String model = one.get("model").textValue();
    one.put("id", "signxai/" + model + "/" + rule.get("rule").textValue() + "-" + number);
    one.put("data", GOLDEN.resolve(one.get("data").textValue()).toString());
    one.remove(List.of("expect", "tolerance", "conserves"));
    ((ArrayNode) one.get("composite").get("name_map").get(0)).set(1, rule);
    return one;
  }

  private static ObjectNode networkCase(String network, String composite) {
    ObjectNode one = JSON.createObjectNode();
    one.put("id", network + "/" + composite).put("model", network).put("dtype", "float32");
    one.putArray("inputs").add("input.npy");
    one.putObject("target").putArray("classes").add(281);
    one.putObject("attributor").put("type", "gradient");
    one.set("composite", Networks.composite(network, composite));
    return one;
  }

  /** The C++ side reads no npz. */
  private static void extract(JsonNode one, Path arrays) throws IOException {
    if (!one.has("data")) {
      return;
    }
    Path npz = GOLDEN.resolve(one.get("data").textValue());
    Path target = arrays.resolve(npz.getFileName().toString().replaceAll("\\.npz$", ""));
    if (!Files.exists(target)) {
      Files.createDirectories(target);
      Npz.read(npz).forEach((name, array) -> Npy.write(target.resolve(name + ".npy"), array));
    }
  }

  @Test
  void theCppRulesHoldToZennitsTolerances() {
    assertThat(status).as(log).isZero();
  }

  @Test
  void theLibraryRunsEveryCase() {
    assertThat(JAVA).hasSameSizeAs(CASES).allSatisfy((id, r) -> assertThat(r).isEqualTo("ok"));
  }

  @Test
  void bothSidesComputeTheSameBits() {
    List<String> different = new ArrayList<>();
    for (Map.Entry<String, JsonNode> one : CASES.entrySet()) {
      double difference = difference(one.getKey());
      if (!(difference <= allowed(one.getValue()))) {
        different.add(String.format(Locale.ROOT, "%s %.3g", one.getKey(), difference));
      }
    }
    assertThat(different).isEmpty();
  }

  /**
   * Nothing; but two units in the last place on layers that are no single linear map, where the two
   * sides add up in different orders (ZBox's bounds, Flat's channels).
   */
  private static double allowed(JsonNode one) {
    return PADDED.contains(one.get("model").textValue()) ? 2 : 0;
  }

  /** The largest difference, in units in the last place of the largest number. */
  private static double difference(String id) {
    double largest = 0;
    for (String array : List.of("output.npy", "relevance.0.npy")) {
      NdArray java = Npy.read(output("java").resolve(id).resolve(array));
      NdArray cpp = Npy.read(output("cpp").resolve(id).resolve(array));
      assertThat(java.shape()).as(id).isEqualTo(cpp.shape());
      assertThat(java.dtype()).as(id).isEqualTo(cpp.dtype());
      double[] x = java.toDoubles();
      double[] y = cpp.toDoubles();
      double size = 0;
      double apart = 0;
      for (int i = 0; i < x.length; i++) {
        if (Double.isFinite(x[i])) {
          size = Math.max(size, Math.abs(x[i]));
        }
        if (x[i] != y[i] && !(Double.isNaN(x[i]) && Double.isNaN(y[i]))) {
          apart = Math.max(apart, Math.abs(x[i] - y[i]));
        }
      }
      double unit = java.dtype().itemSize() == 4 ? Math.ulp((float) size) : Math.ulp(size);
      largest = Math.max(largest, apart / unit);
    }
    return largest;
  }
}
