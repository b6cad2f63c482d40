/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npz;
import org.zennit4j.testing.ForkedJvm;

/** Runs each example as a user would, with the files of this folder. */
class ExamplesTests {
  @TempDir private Path folder;

  private interface Example {
    void run(String... args) throws Exception;
  }

  private static String printed(Example example, String... args) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      example.run(args);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void metricsAndConceptsArePrinted() throws Exception {
    String metrics = printed(Evaluate::main, "models/fashion_cnn.pt");
    assertThat(metrics.lines()).hasSize(3);
    assertThat(metrics).contains("pixel_flipping: ", "max_sensitivity: ", "lower is better");
    assertThat(printed(Concepts::main, "models/fashion_cnn.pt"))
        .startsWith("maps [3, 28, 28], channel 5 has ");
  }

  @Test
  void firstHeatmapSeesTheCat() throws Exception {
    Path picture = folder.resolve("chelsea.png");
    String out =
        printed(
            FirstHeatmap::main,
            "models/efficientnet_lite0.pt",
            "photos/chelsea.png",
            picture.toString());
    assertThat(out.strip()).isIn("class 281", "class 282", "class 285");
    assertThat(Files.exists(picture)).isTrue();
    RgbImage image = RgbImage.read(picture);
    assertThat(image.width()).isEqualTo(224);
    assertThat(image.height()).isEqualTo(224);
  }

  @Test
  void ownRuleExplainsASeries() throws Exception {
    String out = printed(OwnRule::main, "models/ecg_cnn.pt");
    assertThat(out).contains("sum ");
    assertThat(Double.parseDouble(out.substring(out.indexOf("sum ") + 4).strip())).isNotNaN();
  }

  @Test
  void hiddenLayersHaveRelevance() throws Exception {
    String out = printed(HiddenLayers::main, "models/fashion_cnn.pt", "features.4");
    assertThat(out).contains("arrives [1, ").contains("passed on ").contains("of channel 0 ");
  }

  @Test
  void ownCompositeGivesItsRules() throws Exception {
    String out = printed(OwnComposite::main, "models/fashion_cnn.pt");
    assertThat(out).contains(" epsilon").contains(" alpha_beta");
  }

  @Test
  void ownCanonizerLeavesDropoutOut() throws Exception {
    assertThat(printed(OwnCanonizer::main, "models/efficientnet_lite0.pt"))
        .contains("aten::dropout 1 -> 0");
  }

  @Test
  void ownCanonizerReplacesLayers() throws Exception {
    String out = printed(OwnCanonizer::main, "models/fashion_cnn.pt");
    assertThat(out).contains("aten::softplus 0 -> ");
    assertThat(out).doesNotContain("aten::softplus 0 -> 0");
  }

  @Test
  void aServiceAnswersRefusesAndStops() throws Exception {
    String out =
        printed(
            ExplainService::main,
            "models/efficientnet_lite0.pt",
            "models/imagenet_classes.txt",
            "photos/chelsea.png");
    assertThat(out.lines().findFirst().orElseThrow()).containsPattern("cat$");
    assertThat(out)
        .contains(" bytes of PNG")
        .contains("ImageException")
        .contains("CancelledException")
        .contains("explained 2, refused 1, late 1, ");
  }

  /** In a process of its own, as a user would start it, since the model lies in its folder. */
  @Test
  void fiveLinesAreEnough() throws Exception {
    Files.copy(Path.of("models/fashion_cnn.pt"), folder.resolve("model.pt"));
    Process process =
        ForkedJvm.of(FiveLines.class, List.of(), "2", "1", "28", "28")
            .redirectErrorStream(false)
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(out.lines()).containsExactly("output [2, 10]", "relevance [2, 1, 28, 28]");
  }

  @Test
  void aModelIsChecked() throws Exception {
    assertThat(printed(CheckModel::main, "models/fashion_cnn.pt", "1", "1", "28", "28"))
        .contains("features.0 (torch.nn.Conv2d)")
        .contains("[1, 10] sum ");
    assertThat(printed(CheckModel::main, "photos/chelsea.png", "1"))
        .contains("not a torch.export or TorchScript archive");
  }

  @Test
  void allKindsOfCompositesGiveRules() throws Exception {
    String out = printed(KindsOfComposites::main, "models/fashion_cnn.pt");
    for (String kind : KindsOfComposites.all().keySet()) {
      assertThat(out).contains(kind + " {features.0=");
    }
    assertThat(out).contains("there is no layer 'features.0x'; the nearest: features.0");
  }

  @Test
  void attributorsGiveMaps() throws Exception {
    List<String> lines = printed(Attributors::main, "models/fashion_cnn.pt").lines().toList();
    assertThat(lines).hasSize(4);
    for (String line : lines) {
      assertThat(Double.parseDouble(line.substring(line.indexOf(' ')))).isFinite().isNotZero();
    }
  }

  @Test
  void progressIsToldAndCanBeCancelled() throws Exception {
    assertThat(printed(Progress::main, "models/fashion_cnn.pt", "600"))
        .contains("50 of 50")
        .contains("sum ");
    assertThat(printed(Progress::main, "models/fashion_cnn.pt", "0"))
        .contains("cancelled after 10 of 50");
  }

  @Test
  void eachInputHasAMap() throws Exception {
    String model = "../requests/src/test/resources/golden/models/two-inputs.scripted.pt";
    assertThat(printed(SeveralInputs::main, model)).contains("[2, 3, 5, 5] ").contains("[2, 4] ");
  }

  @Test
  void aLossOnAHeatmapFalls() throws Exception {
    String out = printed(SecondOrder::main, "models/fashion_cnn.pt");
    List<Double> losses =
        out.lines().map(l -> Double.parseDouble(l.substring(l.indexOf(' ')))).toList();
    assertThat(losses.get(1)).isLessThan(losses.get(0));
  }

  @Test
  void threadsShareAPlan() throws Exception {
    assertThat(printed(ManyThreads::main, "models/fashion_cnn.pt", "6").lines()).hasSize(6);
  }

  @Test
  void anAbsoluteRuleKeepsTheSum() throws Exception {
    String out = printed(AbsoluteRule::main, "models/fashion_cnn.pt");
    assertThat(Double.parseDouble(out.substring(4))).isCloseTo(1, within(1e-4));
  }

  @Test
  void picturesAreWritten() throws Exception {
    assertThat(printed(Pictures::main, "photos/chelsea.png", folder.toString()))
        .contains("bounds -2.0 2.0");
    assertThat(RgbImage.read(folder.resolve("heatmap.png")).width()).isEqualTo(96);
    assertThat(RgbImage.read(folder.resolve("overlay.png")).width()).isEqualTo(96);
    assertThat(RgbImage.read(folder.resolve("grid.png")).width()).isEqualTo(3 * 28);
  }

  @Test
  void compositesAreCompared() throws Exception {
    Path picture = folder.resolve("composites.png");
    CompareComposites.main(
        new String[] {"models/efficientnet_lite0.pt", "photos/chelsea.png", picture.toString()});
    assertThat(RgbImage.read(picture).width()).isGreaterThan(4 * 224);
  }

  @Test
  void rulesAreCompared() throws Exception {
    Path rules = folder.resolve("rules.png");
    Path depths = folder.resolve("depths.png");
    CompareRules.main(
        new String[] {
          "models/efficientnet_lite0.pt", "photos/chelsea.png", rules.toString(), depths.toString()
        });
    assertThat(RgbImage.read(rules).width()).isGreaterThan(4 * 224);
    assertThat(RgbImage.read(depths).width()).isGreaterThan(5 * 224);
  }

  @Test
  void mapsAreHeldAgainstTheNetwork() throws Exception {
    Path picture = folder.resolve("faithfulness.png");
    Faithfulness.main(
        new String[] {
          "models/fashion_vit_sdpa.pt",
          "models/fashion_test_200.npz",
          "8",
          "attention",
          picture.toString()
        });
    assertThat(RgbImage.read(picture).width()).isGreaterThan(7 * 112);
  }

  @Test
  void methodsAreCompared() throws Exception {
    Path picture = folder.resolve("methods.png");
    CompareMethods.main(
        new String[] {"models/efficientnet_lite0.pt", "photos/chelsea.png", picture.toString()});
    assertThat(RgbImage.read(picture).width()).isGreaterThan(3 * 224);
  }

  @Test
  void signXaiMapsAreLaidOver() throws Exception {
    Path picture = folder.resolve("usage.png");
    SignXaiUsage.main(
        new String[] {"models/efficientnet_lite0.pt", "photos/chelsea.png", picture.toString()});
    assertThat(RgbImage.read(picture).width()).isGreaterThan(4 * 224);
  }

  @Test
  void aHeartbeatIsPlotted() throws Exception {
    Map<String, NdArray> arrays = Npz.read(Path.of("models/ecg_beats_64.npz"));
    double[] beats = arrays.get("beats").toDoubles();
    long[] labels = arrays.get("labels").toLongs();
    int wide = 0;
    while (labels[wide] != 1) {
      wide++;
    }
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 256; i++) {
      lines.add(String.valueOf(beats[256 * wide + i]));
    }
    Path beat = Files.write(folder.resolve("beat.txt"), lines);
    Path picture = folder.resolve("ecg.png");
    String out =
        printed(EcgRelevance::main, "models/ecg_cnn.pt", beat.toString(), picture.toString());
    assertThat(out).contains("wide QRS");
    assertThat(RgbImage.read(picture).width()).isEqualTo(800);
  }

  @Test
  void aBatchOfClothesIsExplained() throws Exception {
    Path picture = folder.resolve("fashion.png");
    List<String> args = new ArrayList<>(List.of("models/fashion_cnn.pt", picture.toString()));
    Map<String, NdArray> arrays = Npz.read(Path.of("models/fashion_test_200.npz"));
    long[] pixels = arrays.get("images").toLongs();
    for (int i = 0; i < 6; i++) {
      args.add(clothes(pixels, i).toString());
    }
    String out = printed(FashionMethods::main, args.toArray(String[]::new));
    assertThat(out).contains("ankle boot", "pullover", "trouser");
    assertThat(RgbImage.read(picture).width()).isGreaterThan(6 * 160);
  }

  private Path clothes(long[] pixels, int index) throws IOException {
    byte[] rgb = new byte[28 * 28 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) pixels[28 * 28 * index + i / 3];
    }
    return Files.write(folder.resolve(index + ".png"), RgbImage.of(28, 28, rgb).toPng());
  }

  @Test
  void anOwnMethodIsSymmetric() throws Exception {
    assertThat(printed(OwnMethod::main, "models/fashion_cnn.pt").strip())
        .isEqualTo("the same: true");
  }

  @Test
  void signXaiIsCalled() throws Exception {
    assertThat(printed(SignXaiCalls::main, "models/fashion_cnn.pt"))
        .contains("the same: true")
        .contains("784 values")
        .contains("2 maps [1, 28, 28]")
        .contains("smooth [1, 1, 28, 28]")
        .contains("lrpz_epsilon_0_1_std_x: ")
        .contains("lrp_epsilon");
  }

  @Test
  void photographsGoThroughAPipelineOnTheirDevice() throws Exception {
    List<String> photos = List.of("chelsea.png", "coffee.png", "rocket.jpg");
    List<String> args =
        new ArrayList<>(List.of("models/efficientnet_lite0.pt", folder.toString(), "2"));
    photos.forEach(photo -> args.add("photos/" + photo));
    List<String> lines = printed(GpuPipeline::main, args.toArray(String[]::new)).lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).startsWith("devices [");
    assertThat(lines.get(1)).matches("classes \\[(281|282|285), \\d+\\]");
    assertThat(lines.get(2)).matches("classes \\[\\d+\\]");
    for (String photo : photos) {
      Path map = folder.resolve(photo.substring(0, photo.lastIndexOf('.')) + ".png");
      assertThat(RgbImage.read(map).width()).isEqualTo(224);
    }
  }

  @Test
  void normalizingOnTheDeviceGivesThePreprocessingsBits() {
    try (org.bytedeco.javacpp.PointerScope scope = new org.bytedeco.javacpp.PointerScope()) {
      List<Path> photos = List.of(Path.of("photos/chelsea.png"), Path.of("photos/rocket.jpg"));
      org.bytedeco.pytorch.Tensor found =
          GpuPipeline.normalize(
              GpuPipeline.decode(photos), org.bytedeco.pytorch.global.torch.ScalarType.Float);
      org.bytedeco.pytorch.Tensor expected =
          org.zennit4j.images.Preprocessing.EFFICIENTNET_LITE0.toTensor(
              photos.stream().map(RgbImage::read).toList());
      org.zennit4j.testing.TensorSubject.assertThat(found).isBitEqualTo(expected);
    }
  }
}
