/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

class ExplainCommandTests {
  @TempDir Path folder;

  private static boolean in(int x, int y, int[] box) {
    return x >= box[0] && x < box[2] && y >= box[1] && y < box[3];
  }

  /**
   * How much denser absolute relevance is inside of boxes (left, top, right, bottom) than outside.
   */
  private static double density(NdArray relevance, int[]... boxes) {
    int side = 224;
    double[] values = relevance.toDoubles();
    double inside = 0;
    double outside = 0;
    int area = 0;
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int at = y * side + x;
        double sum = IntStream.range(0, 3).mapToDouble(c -> values[at + c * side * side]).sum();
        int px = x;
        int py = y;
        if (Arrays.stream(boxes).anyMatch(b -> in(px, py, b))) {
          inside += Math.abs(sum);
          area++;
        } else {
          outside += Math.abs(sum);
        }
      }
    }
    return inside / area / (outside / (side * side - area));
  }

  private NdArray relevance(String photo, String classes) {
    Path map = folder.resolve("map.png");
    Path array = folder.resolve("r.npy");
    Session run =
        Session.of("explain", Session.photo(photo), "-o", map, "--save-relevance", array, "--plain")
            .ok();
    assertThat(run.lines()).hasSize(9);
    assertThat(run.lines().get(1)).containsPattern("^  0\\.\\d{3}  (" + classes + ") [a-zA-Z]");
    assertThat(run.lines().get(6)).containsPattern("^explained: (" + classes + ") .* %$");
    assertThat(run.lines().get(7)).isEqualTo("heatmap: " + map);
    assertThat(run.lines().get(8)).isEqualTo("relevance: " + array);
    RgbImage picture = RgbImage.read(map);
    assertThat(picture.width()).isEqualTo(224);
    assertThat(picture.height()).isEqualTo(224);
    NdArray relevance = Npy.read(array);
    assertThat(relevance.shape()).containsExactly(1, 3, 224, 224);
    return relevance;
  }

  @Test
  void theCatIsACatByItsEyesAndNose() {
    NdArray relevance = relevance("chelsea.png", "281|282|285");
    int[] leftEye = {32, 52, 105, 115};
    int[] rightEye = {170, 74, 222, 130};
    int[] nose = {110, 170, 175, 222};
    assertThat(density(relevance, leftEye, rightEye, nose)).isGreaterThan(2.5);
  }

  @Test
  void theEspressoIsOneByItsCup() {
    NdArray relevance = relevance("coffee.png", "967");
    assertThat(density(relevance, new int[] {25, 0, 200, 205})).isGreaterThan(4);
  }

  @Test
  void theMissileIsOneByItsBody() {
    NdArray relevance = relevance("rocket.jpg", "657");
    assertThat(density(relevance, new int[] {100, 55, 130, 215})).isGreaterThan(5);
  }

  @Test
  void aHeatmapIsNamedAfterItsPhotograph() {
    Path copy = folder.resolve("deep/er");
    Session run = Session.of("explain", Session.photo("coffee.png"), "-o", copy, "--sidecar").ok();
    assertThat(run.out()).contains("heatmap: " + copy.resolve("coffee.heatmap.png"));
    assertThat(copy.resolve("coffee.heatmap.png.json"))
        .content()
        .contains("\"sha256\"", "\"epsilon_plus_flat\"", "\"residual_sum\"", "\"class\": 967")
        .contains("\"functional\": true");
    assertThat(copy.toFile().list()).hasSize(2);
  }

  @Test
  void anOverlayShowsThePhotograph() {
    Path file = folder.resolve("over.png");
    Session.of("explain", Session.photo("coffee.png"), "-o", file, "--overlay", "0", "--plain")
        .ok();
    RgbImage photo = RgbImage.read(Session.photo("coffee.png"));
    RgbImage seen = org.zennit4j.images.Preprocessing.EFFICIENTNET_LITE0.photo(photo);
    assertThat(RgbImage.read(file)).isEqualTo(seen);
  }

  @Test
  void boundsOfTheBoxComeFromThePreprocessing() {
    Path file = folder.resolve("box.png");
    Session.of(
            "explain",
            Session.photo("coffee.png"),
            "-o",
            file,
            "--sidecar",
            "--composite",
            "epsilon_gamma_box",
            "--target",
            "espresso")
        .ok();
    assertThat(folder.resolve("box.png.json"))
        .content()
        .contains("\"args\": {\"low\": -1.0, \"high\": 1.0}");
  }

  @Test
  void severalWaysStandSideBySide() {
    Path file = folder.resolve("all.png");
    Session run =
        Session.of(
                "explain",
                Session.photo("coffee.png"),
                "--compare",
                "epsilon_plus_flat,lrp_epsilon",
                "-o",
                file)
            .ok();
    assertThat(run.out()).contains("panels: " + file);
    assertThat(RgbImage.read(file).width()).isGreaterThan(3 * 224);
  }

  @Test
  void aMethodExplainsToo() {
    Path file = folder.resolve("method.png");
    Session.of("explain", Session.photo("coffee.png"), "--method", "gradient_x_input", "-o", file)
        .ok();
    assertThat(file).exists();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--target 1000           | 1 | class 1000 is out of range: the output has classes 0 to 999",
        "--target expresso       | 2 | there is no class 'expresso'; the nearest: espresso",
        "--target 1,2            | 2 | 2 classes for 1 sample",
        "--target seed:none.npy  | 1 | cannot read none.npy: no such file",
        "--composite epsilon_pls | 2 | there is no composite 'epsilon_pls'; the nearest: epsilon_plus",
        "--composite x.json      | 2 | x.json: no such file",
        "--composite {\"type\":  | 2 | --composite is not JSON",
        "--composite-arg gamma=1 | 2 | there is no key 'gamma'",
        "--canonizers nothing    | 2 | there is no canonizer 'nothing'",
        "--cmap hott             | 2 | did you mean \"hot\"?",
        "--overlay 1.5           | 2 | --overlay is a share from 0 to 1, not 1.5",
        "--overlay much          | 2 | '--overlay'",
        "--method lrp_epsilom    | 2 | nearest names: lrp_epsilon",
        "--attributor smooth     | 2 | there is no attributor 'smooth'",
        "--option n_iter=3       | 2 | --option needs --method or --attributor",
        "--preprocessing vgg     | 2 | unknown preprocessing \"vgg\"",
        "--dtype float16         | 2 | unknown --dtype 'float16'",
        "--device gpu            | 2 | unknown --device 'gpu'",
        "--threads -1            | 2 | --threads",
        "--labels none.txt       | 1 | none.txt: no such file",
        "-m none.pt              | 1 | none.pt: no such file",
        "-m pom.xml              | 1 | not a torch.export or TorchScript archive",
        "-o pom.xml              | 2 | neither a folder nor a name that ends in .png",
        "-o pom.xml/x.png        | 1 | pom.xml is not a folder",
        "--bogus                 | 2 | unknown option: '--bogus'",
        "--overlya 0.5           | 2 | did you mean --overlay?",
      })
  void whatIsWrongIsSaidInOneLine(String arguments, int status, String message) {
    Object[] all = new Object[2 + arguments.split(" ", 2).length];
    all[0] = "explain";
    all[1] = Session.photo("coffee.png");
    System.arraycopy(arguments.split(" ", 2), 0, all, 2, all.length - 2);
    Session.of(all).fails(status, message);
  }

  @Test
  void photographsThatCannotBeRead() throws Exception {
    Session.of("explain", "none.png").fails(1, "cannot read none.png", "no such file");
    Session.of("explain", "pom.xml").fails(1, "pom.xml is not a PNG, JPEG, WebP");
    Path half = folder.resolve("half.png");
    Files.write(half, Arrays.copyOf(Files.readAllBytes(Session.photo("coffee.png")), 5000));
    Session.of("explain", half).fails(1, half.toString());
    Session.of("explain").fails(2, "'IMAGE'");
  }

  @Test
  void aWrongShapeNamesTheLayer() {
    Session.of("explain", Session.photo("coffee.png"), "-m", Session.model("fashion_cnn.pt"))
        .fails(1, "classifier", "cannot be multiplied");
  }

  @Test
  void anExportedModelSaysHowLargeAPictureIs() {
    Path exported = Session.ROOT.resolve("requests/src/test/resources/pt2/models/vgg.pt2");
    Path array = folder.resolve("small.npy");
    Object[] arguments = {
      "explain",
      Session.photo("coffee.png"),
      "-m",
      exported,
      "-o",
      folder.resolve("small.png"),
      "--save-relevance",
      array
    };
    Session run = Session.of(arguments);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).contains("note: pictures take the size that the model was exported for");
    assertThat(Npy.read(array).shape()).containsExactly(1, 3, 8, 8);
    Session.of("explain", Session.photo("coffee.png"), "-m", exported, "--size", "9")
        .fails(1, "has shape [1, 3, 9, 9]", "exported for", "3, 8, 8]");
  }

  @Test
  void nothingOverwritesAPhotograph() throws Exception {
    Path photo = folder.resolve("photo.png");
    Files.copy(Session.photo("coffee.png"), photo);
    Session.of("explain", photo, "-o", photo).fails(2, "would overwrite the photograph");
    assertThat(photo).hasSameBinaryContentAs(Session.photo("coffee.png"));
  }

  @Test
  void aFailureLeavesAnEarlierResultAlone() throws Exception {
    Path file = folder.resolve("x.png");
    Files.writeString(file, "mine");
    Session.of("explain", Session.photo("coffee.png"), "-o", file, "--target", "1000")
        .fails(1, "class 1000");
    assertThat(file).hasContent("mine");
    assertThat(folder.toFile().list()).containsExactly("x.png");
  }
}
