/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Npz;

class AttributeCommandTests {
  @TempDir Path folder;

  /** The first garments, as the network takes them. */
  private Path garments(int count) {
    NdArray images = Npz.read(Session.model("fashion_test_200.npz")).get("images");
    double[] values =
        Arrays.stream(images.toDoubles()).limit(count * 784L).map(v -> v / 255).toArray();
    Path file = folder.resolve("x.npy");
    Npy.write(file, NdArray.ofDoubles(values, count, 1, 28, 28));
    return file;
  }

  private Session attribute(Object... more) {
    Object[] all = new Object[more.length + 7];
    Object[] first = {
      "attribute",
      "--model",
      Session.model("fashion_cnn.pt"),
      "--input",
      garments(2),
      "--output",
      folder.resolve("r.npy")
    };
    System.arraycopy(first, 0, all, 0, 7);
    System.arraycopy(more, 0, all, 7, more.length);
    return Session.of(all);
  }

  private NdArray read(String name) {
    return Npy.read(folder.resolve(name));
  }

  @Test
  void arraysGoInAndComeOut() {
    Session run =
        attribute(
                "--composite",
                "epsilon_plus",
                "--canonizers",
                "merge_batch_norm",
                "--layer",
                "features.4",
                "--save-output",
                folder.resolve("y.npy"),
                "--sidecar")
            .ok();
    assertThat(run.lines().get(0)).isEqualTo(folder.resolve("r.npy") + " [2, 1, 28, 28]");
    NdArray relevance = read("r.npy");
    assertThat(relevance.shape()).containsExactly(2, 1, 28, 28);
    assertThat(relevance.dtype()).isEqualTo(NdArray.DType.FLOAT32);
    assertThat(read("y.npy").shape()).containsExactly(2, 10);
    assertThat(read("r.layer.features.4.input.npy").shape()).containsExactly(2, 16, 14, 14);
    assertThat(read("r.layer.features.4.output.npy").shape()).containsExactly(2, 32, 14, 14);
    assertThat(folder.resolve("r.npy.json")).content().contains("epsilon_plus", "merge_batch_norm");
  }

  @Test
  void aSidecarSaysHowItWasMadeAndCanBeRunAgain() throws Exception {
    attribute(
            "--composite",
            "epsilon_plus",
            "--composite-arg",
            "epsilon=0.01",
            "--target",
            "logit:3,1",
            "--dtype",
            "float64",
            "--layer",
            "features.4",
            "--save-output",
            folder.resolve("y.npy"),
            "--sidecar")
        .ok();
    JsonNode card = Json.parse(Files.readString(folder.resolve("r.npy.json")));
    assertThat(card.get("zennit4j").textValue()).isNotEmpty();
    assertThat(card.get("java").textValue()).isEqualTo(System.getProperty("java.version"));
    assertThat(card.get("libtorch").textValue()).startsWith("2.");
    assertThat(card.get("model").get("sha256").textValue())
        .isEqualTo(sha256(Session.model("fashion_cnn.pt")));
    assertThat(card.get("inputs").get(0).get("sha256").textValue())
        .isEqualTo(sha256(folder.resolve("x.npy")));
    assertThat(card.get("warnings").isArray()).isTrue();

    Path again = folder.resolve("results");
    Session.of("run", folder.resolve("r.npy.json"), "--output", again).ok();
    for (String[] pair :
        new String[][] {
          {"r.npy", "relevance.0.npy"},
          {"y.npy", "output.npy"},
          {"r.layer.features.4.input.npy", "layer.features.4.input.npy"}
        }) {
      assertThat(again.resolve("again").resolve(pair[1]))
          .hasSameBinaryContentAs(folder.resolve(pair[0]));
    }
  }

  @Test
  void aSidecarOfAMethodAndOfAnAttributorCanBeRunAgain() {
    Path again = folder.resolve("results");
    attribute("--method", "lrp_epsilon_0_1", "--sidecar").ok();
    Session.of("run", folder.resolve("r.npy.json"), "--output", again).ok();
    assertThat(again.resolve("again/relevance.0.npy"))
        .hasSameBinaryContentAs(folder.resolve("r.npy"));
    attribute(
            "--attributor",
            "smooth_grad",
            "--option",
            "n_iter=3",
            "--option",
            "seed=7",
            "--sidecar")
        .ok();
    Session.of("run", folder.resolve("r.npy.json"), "--output", again).ok();
    assertThat(again.resolve("again/relevance.0.npy"))
        .hasSameBinaryContentAs(folder.resolve("r.npy"));
  }

  @Test
  void aSidecarSaysHowMemoryWasUsed() throws Exception {
    Path plain = folder.resolve("plain.npy");
    attribute("--composite", "epsilon_plus").ok();
    Files.move(folder.resolve("r.npy"), plain);
    attribute("--composite", "epsilon_plus", "--save-memory").ok();
    assertThat(folder.resolve("r.npy")).hasSameBinaryContentAs(plain);
    attribute(
            "--composite",
            "epsilon_plus",
            "--memory-format",
            "channels_last",
            "--save-memory",
            "--sidecar")
        .ok();
    JsonNode request = Json.parse(Files.readString(folder.resolve("r.npy.json"))).at("/cases/0");
    assertThat(request.get("memory_format").textValue()).isEqualTo("channels_last");
    assertThat(request.get("save_memory").booleanValue()).isTrue();

    Path again = folder.resolve("results");
    Session.of("run", folder.resolve("r.npy.json"), "--output", again, "--sidecar").ok();
    assertThat(again.resolve("again/relevance.0.npy"))
        .hasSameBinaryContentAs(folder.resolve("r.npy"));
    JsonNode second =
        Json.parse(Files.readString(again.resolve("again/sidecar.json"))).at("/cases/0");
    assertThat(second.get("memory_format")).isEqualTo(request.get("memory_format"));
    assertThat(second.get("save_memory")).isEqualTo(request.get("save_memory"));
  }

  @Test
  void aRequestNamesLayoutsThatThereAre() throws Exception {
    attribute("--composite", "epsilon_plus", "--memory-format", "channels_last", "--sidecar").ok();
    Path wrong = folder.resolve("wrong.json");
    Files.writeString(
        wrong, Files.readString(folder.resolve("r.npy.json")).replace("channels_last", "blocked"));
    Session run = Session.of("run", wrong, "--output", folder.resolve("results"));
    assertThat(run.err())
        .contains("case.memory_format: 'blocked' is none of contiguous, channels_last, auto");
  }

  @Test
  void methodsUseMemoryInTheirOwnWay() {
    assertThat(attribute("--method", "gradient", "--save-memory").err())
        .contains("--save-memory cannot be used together with --method");
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }

  @Test
  void layersMayBeAPattern() {
    Session run = attribute("--layer", "features.1*").ok();
    for (String layer : new String[] {"1", "10", "11"}) {
      assertThat(run.out()).contains("r.layer.features." + layer + ".input.npy");
    }
    assertThat(run.out()).doesNotContain("features.2");
    attribute("--layer", "feature_*").fails(2, "'feature_*'", "features");
  }

  @Test
  void withoutACompositeItIsTheGradient() {
    attribute("--dtype", "float64", "--target", "3,1").ok();
    double[] gradient = read("r.npy").toDoubles();
    attribute("--dtype", "float64", "--target", "3,1", "--method", "gradient").ok();
    assertThat(read("r.npy").toDoubles()).containsExactly(gradient, within(1e-12));
    assertThat(read("r.npy").dtype()).isEqualTo(NdArray.DType.FLOAT64);
  }

  private static org.assertj.core.data.Offset<Double> within(double tolerance) {
    return org.assertj.core.api.Assertions.within(tolerance);
  }

  @Test
  void relevanceThatIsNotFiniteIsAnErrorIfAskedFor() {
    attribute("--check").ok();
    org.zennit4j.testing.ModelBuilder b =
        new org.zennit4j.testing.ModelBuilder(
            org.bytedeco.pytorch.global.torch.ScalarType.Float, 1);
    Path model =
        org.zennit4j.testing.ModelBuilder.save(
            b.sequential(b.relu(), b.expression("nets.Root", "torch.sqrt(input * 0.0)")),
            folder.resolve("root.pt"));
    Session.of(
            "attribute",
            "-m",
            model,
            "-i",
            garments(1),
            "-o",
            folder.resolve("c.npy"),
            "--target",
            "all",
            "--check")
        .fails(1, "the relevance holds NaN or infinity, first in the relevance that layer '1");
  }

  @Test
  void aSeedIsATargetToo() {
    attribute("--dtype", "float64", "--target", "3,1").ok();
    double[] expected = read("r.npy").toDoubles();
    double[] seed = new double[20];
    seed[3] = 1;
    seed[11] = 1;
    Path file = folder.resolve("seed.npy");
    Npy.write(file, NdArray.ofDoubles(seed, 2, 10));
    attribute("--dtype", "float64", "--target", "seed:" + file).ok();
    assertThat(read("r.npy").toDoubles()).containsExactly(expected);
  }

  @Test
  void anAttributorHasItsOptions() {
    attribute("--attributor", "smooth_grad", "--option", "n_iter=3", "--option", "seed=1").ok();
    NdArray first = read("r.npy");
    attribute("--attributor", "smooth_grad", "--option", "n_iter=3", "--option", "seed=1").ok();
    assertThat(read("r.npy")).isEqualTo(first);
    attribute("--attributor", "smooth_grad", "--option", "n_itre=3").fails(2, "n_itre", "n_iter");
  }

  @Test
  void aMethodHasItsOptions() {
    attribute("--method", "lrp_epsilon", "--option", "epsilon=0.5").ok();
    attribute("--method", "lrp_epsilon", "--option", "epsilon=x").fails(2, "epsilon", "\"x\"");
    attribute("--method", "lrp_epsilon", "--option", "window=3").fails(2, "window");
    attribute("--method", "lrp_epsilon", "--composite", "epsilon_plus").fails(2, "--composite");
  }

  @Test
  void aCompositeMayBeJson() {
    attribute(
            "--composite",
            "{\"type\":\"layer_map\",\"layer_map\":[[[\"Linear\"],{\"rule\":\"epsilon\"}]]}")
        .ok();
    assertThat(attribute("--composite", "{\"type\":\"layer_map\",\"layer_map\":[]}").err())
        .contains("no layer of this model gets a rule");
    attribute("--composite", "{\"type\":\"layermap\"}").fails(2, "layermap", "layer_map");
  }

  @Test
  void whatIsWrongIsSaidInOneLine() {
    attribute("--target", "10").fails(1, "class 10 is out of range");
    attribute("--target", "1,2,3").fails(1, "3 classes are given for a batch of 2");
    attribute("--layer", "features.44").fails(2, "'features.44'", "features.4");
    attribute("--composite", "epsilon_gamma_box").fails(2, "low=NUMBER");
    attribute("--target", "shoe").fails(2, "'shoe'", "--labels");
    Path shoes = folder.resolve("x.npy");
    Path out = folder.resolve("r.npy");
    Session.of("attribute", "-m", Session.model("ecg_cnn.pt"), "-i", shoes, "-o", out)
        .fails(1, "features.0", "[2, 1, 28, 28]");
    Session.of("attribute", "-m", Session.model("ecg_cnn.pt"), "-i", "none.npy", "-o", out)
        .fails(1, "none.npy", "no such file");
    Session.of("attribute", "-m", Session.model("ecg_cnn.pt"), "-i", "pom.xml", "-o", out)
        .fails(1, "pom.xml");
    Session.of("attribute", "-i", shoes, "-o", out).fails(2, "--model");
    Session.of("attribute", "-m", Session.model("ecg_cnn.pt"), "-i", shoes, "-o", folder)
        .fails(2, "it is a folder");
  }
}
