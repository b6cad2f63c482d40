/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.images.RgbImage;

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
    assertThat(printed(OwnCanonizer::main, "models/efficientnet_lite0.pt").strip()).isEqualTo("0");
  }
}
