/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.images.Interpolation;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

/** What goes into {@code explain} and what comes out: files, preprocessing, pictures. */
class PictureTests {
  private static final Path FASHION = Session.model("fashion_cnn.pt");

  @TempDir Path folder;

  private Path small(String name) {
    Path file = folder.resolve(name);
    RgbImage.read(Session.photo("coffee.png"))
        .resize(40, 30, Interpolation.BILINEAR)
        .writePng(file);
    return file;
  }

  private Session fashion(Object... more) {
    Object[] all = {"explain", "-m", FASHION, "--size", "28", "--range", "1"};
    Object[] both = Arrays.copyOf(all, all.length + more.length);
    System.arraycopy(more, 0, both, all.length, more.length);
    return Session.of(both);
  }

  @Test
  void aModelOfOneChannelTakesAPhotograph() {
    Path out = folder.resolve("shirt.png");
    Session run = fashion(small("photo.png"), "-o", out, "--mean", "0.286", "--std", "0.353");
    run.ok();
    assertThat(run.lines().get(6)).startsWith("explained: ");
    RgbImage figure = RgbImage.read(out);
    // The photograph at its own size, enlarged by a whole number, a title and a bar around it.
    assertThat(figure.height()).isGreaterThan(6 * 30);
  }

  @Test
  void foldersPatternsAndStandardInputArePhotographs() throws IOException {
    Path shots = Files.createDirectory(folder.resolve("shots"));
    RgbImage photo = RgbImage.read(small("photo.png"));
    photo.writePng(shots.resolve("b.png"));
    photo.write(shots.resolve("a.jpg"));
    Files.writeString(shots.resolve("notes.txt"), "no picture");
    Path out = folder.resolve("out");
    Session run = fashion(shots, "-o", out).ok();
    assertThat(run.lines().stream().filter(l -> l.startsWith(shots.toString())))
        .containsExactly(shots.resolve("a.jpg").toString(), shots.resolve("b.png").toString());
    fashion(shots.resolve("*.jpg"), "-o", folder.resolve("one")).ok();
    assertThat(folder.resolve("one").toFile().list()).containsExactly("a.heatmap.png");
    InputStream stdin = System.in;
    try {
      System.setIn(new ByteArrayInputStream(Files.readAllBytes(shots.resolve("b.png"))));
      fashion("-", "-o", folder.resolve("piped")).ok();
    } finally {
      System.setIn(stdin);
    }
    assertThat(folder.resolve("piped/stdin.heatmap.png")).isRegularFile();
    fashion(folder.resolve("*.nothing")).fails(2, "no file fits");
  }

  @Test
  void filesAreNamedByTheSample() {
    Path first = small("first.png");
    Path second = small("second.png");
    Path out = folder.resolve("out");
    Path relevance = out.resolve("{sample}.npy");
    fashion(
            first,
            second,
            "-o",
            out.resolve("{sample:03d}-{name}.png"),
            "--save-relevance",
            relevance)
        .ok();
    assertThat(out.toFile().list())
        .containsExactlyInAnyOrder("000-first.png", "001-second.png", "0.npy", "1.npy");
    fashion(first, second, "--max-samples", 1, "-o", folder.resolve("only-{name}.png")).ok();
    assertThat(folder.resolve("only-first.png")).isRegularFile();
    assertThat(folder.resolve("only-second.png")).doesNotExist();
    fashion(first, first, "-o", out.resolve("{name}.png")).fails(2, "several photographs");
    fashion(first, second, "-o", out.resolve("x.png")).fails(2, "{sample}");
    fashion(first, "--max-samples", 0).fails(2, "--max-samples is 1 or more");
  }

  @Test
  void aBadFileIsSkippedAndTheStatusTells() throws IOException {
    Path bad = Files.write(folder.resolve("bad.png"), new byte[] {1, 2, 3});
    Path out = folder.resolve("out");
    Session run = fashion(bad, small("good.png"), "-o", out);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains(bad + " is not a PNG").contains("1 of 2 pictures were skipped");
    assertThat(out.resolve("good.heatmap.png")).isRegularFile();
  }

  @Test
  void theExifOrientationIsFollowedUnlessToldNotTo() {
    Path turned =
        Path.of("..", "images", "src", "test", "resources", "org", "zennit4j", "images", "formats")
            .resolve("turned-6.jpg");
    Path upright = folder.resolve("upright.npy");
    Path stored = folder.resolve("stored.npy");
    fashion(turned, "-o", folder.resolve("a.png"), "--save-relevance", upright).ok();
    fashion(turned, "-o", folder.resolve("b.png"), "--save-relevance", stored, "--no-exif").ok();
    assertThat(Npy.read(upright).toDoubles()).isNotEqualTo(Npy.read(stored).toDoubles());
  }

  @Test
  void preprocessingIsReadFromAFileBesideTheModel() throws IOException {
    Path model = Files.copy(FASHION, folder.resolve("net.pt"));
    Path photo = small("photo.png");
    Path byOptions = folder.resolve("options.npy");
    Path byFile = folder.resolve("file.npy");
    fashion(photo, "-o", folder.resolve("a.png"), "--mean", "0.5", "--std", "0.5").ok();
    Session.of(
            "explain",
            photo,
            "-m",
            FASHION,
            "--size",
            "28",
            "--mean",
            "0.5",
            "--std",
            "0.5",
            "--grey",
            "-o",
            folder.resolve("b.png"),
            "--save-relevance",
            byOptions)
        .ok();
    String transformers =
        """
        {"do_resize": true, "size": {"height": 28, "width": 28}, "resample": 2, "do_rescale": true,
         "rescale_factor": 0.00392156862745098, "do_normalize": true, "image_mean": [0.5],
         "image_std": [0.5]}
        """;
    String own =
        """
        {"preprocessing": "unit", "grey": true, "size": 28, "mean": 0.5, "std": 0.5}
        """;
    for (String json : new String[] {transformers, own}) {
      Files.writeString(folder.resolve("net.json"), json);
      Session.of(
              "explain",
              photo,
              "-m",
              model,
              "-o",
              folder.resolve("c.png"),
              "--save-relevance",
              byFile)
          .ok();
      double[] expected = Npy.read(byOptions).toDoubles();
      double[] found = Npy.read(byFile).toDoubles();
      assertThat(found).isEqualTo(expected);
    }
    Files.writeString(folder.resolve("net.json"), "{\"sized\": 3}");
    Session.of("explain", photo, "-m", model).fails(2, "net.json", "sized");
  }

  @Test
  void timmsConfigurationIsUnderstood() throws IOException {
    Path json =
        Files.writeString(
            folder.resolve("config.json"),
            """
            {"architecture": "x", "pretrained_cfg": {"input_size": [3, 224, 224],
             "interpolation": "bicubic", "crop_pct": 0.875, "mean": [0.5, 0.5, 0.5],
             "std": [0.5, 0.5, 0.5]}}
            """);
    Path a = folder.resolve("a.npy");
    Path b = folder.resolve("b.npy");
    Path photo = Session.photo("coffee.png");
    Path out = folder.resolve("o.png");
    Session.of("explain", photo, "-o", out, "--save-relevance", a).ok();
    Session.of("explain", photo, "--preprocessing", json, "-o", out, "--save-relevance", b).ok();
    assertThat(Npy.read(b).toDoubles()).isEqualTo(Npy.read(a).toDoubles());
  }

  @Test
  void theExplainedClassIsNamed() {
    Path out = folder.resolve("o.png");
    Path photo = small("photo.png");
    Session run = fashion(photo, "-o", out, "--target", "3");
    assertThat(run.ok().out()).containsPattern("(?m)^explained: 3  \\d+\\.\\d %$");
    assertThat(fashion(photo, "-o", out, "--target", "logit:9").ok().out())
        .containsPattern("(?m)^explained: 9  \\d+\\.\\d %$");
    assertThat(fashion(photo, "-o", out, "--target", "all").ok().out())
        .contains("\nexplained: all\n");
  }

  @Test
  void picturesAreOfTheFormatThatTheirNamePromises() throws IOException {
    Path photo = small("photo.png");
    Path jpeg = folder.resolve("o.jpg");
    fashion(photo, "-o", jpeg).ok();
    assertThat(Files.readAllBytes(jpeg)).startsWith(0xff, 0xd8);
    assertThat(RgbImage.read(jpeg).width()).isGreaterThan(200);
    fashion(photo, "-o", folder.resolve("o.gif")).fails(2, "o.gif", ".jpg");
    Path plain = folder.resolve("plain.png");
    fashion(photo, "-o", plain, "--plain").ok();
    assertThat(RgbImage.read(plain).width()).isEqualTo(28);
    fashion(photo, "--relevance-norm", "odd").fails(2, "symmetric");
    for (String norm : new String[] {"absolute", "unaligned", "symmetric"}) {
      fashion(photo, "-o", plain, "--relevance-norm", norm, "--level", "2", "--plain").ok();
    }
  }

  @Test
  void whatIsReadIsNotOverwritten() throws IOException {
    Path photo = small("photo.png");
    Path model = Files.copy(FASHION, folder.resolve("net.npy"));
    byte[] before = Files.readAllBytes(model);
    Session.of("explain", photo, "-m", model, "--size", "28", "--save-relevance", model)
        .fails(2, "would overwrite");
    fashion(photo, "-o", photo).fails(2, "would overwrite");
    Path x = folder.resolve("x.npy");
    Npy.write(x, NdArray.ofDoubles(new double[28 * 28], 1, 1, 28, 28));
    Session.of("attribute", "-m", FASHION, "-i", x, "-o", x).fails(2, "would overwrite");
    Session.of("attribute", "-m", model, "-i", x, "-o", model).fails(2, "would overwrite");
    Session.of("attribute", "-m", FASHION, "-i", x, "-o", folder.resolve("r.h5"))
        .fails(2, "r.h5", ".npy");
    Session.of("attribute", "-m", FASHION, "-i", x, "-o", folder.resolve("r.png")).fails(2, "npy");
    assertThat(Files.readAllBytes(model)).isEqualTo(before);
  }
}
