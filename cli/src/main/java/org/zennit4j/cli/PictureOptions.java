/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.Figure;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Picture;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import picocli.CommandLine.Option;

/** How relevance is shown. */
final class PictureOptions {
  private static final double STRENGTH = 0.9;
  private static final double HIGHLIGHT_LEVEL = 3;

  @Option(
      names = "--overlay",
      paramLabel = "A",
      description =
          "The largest share of colour over the photograph, 0 to 1 (default 0.9). With --plain: lay "
              + "the map over what the network sees, with this share everywhere.")
  private Double overlay;

  @Option(
      names = "--cmap",
      paramLabel = "MAP",
      description =
          "Colours: a name of 'zennit4j cmaps' or a list such as 00f,80:fff,f00; by default bwr, "
              + "with --plain and --compare coldnhot.")
  private String colors;

  @Option(
      names = "--level",
      paramLabel = "L",
      description =
          "Contrast: 2 shows weak relevance twice as strong (default 3, with --plain and --compare "
              + "1).")
  private Double level;

  @Option(
      names = "--relevance-norm",
      paramLabel = "NORM",
      description =
          "symmetric (default: zero in the middle of the colours), absolute (of the absolute "
              + "values), or unaligned (from the smallest to the largest value).")
  private String norm = "symmetric";

  @Option(
      names = "--plain",
      description = "The bare map in the size that the network sees: no title, no colour bar.")
  private boolean plain;

  void check() {
    if (overlay != null && !(overlay >= 0 && overlay <= 1)) {
      throw new UsageException("--overlay is a share from 0 to 1, not " + overlay);
    }
    if (level != null && !Double.isFinite(level)) {
      throw new UsageException("--level is a number, not " + level);
    }
    if (!Arrays.asList("symmetric", "absolute", "unaligned").contains(norm)) {
      throw new UsageException(
          "--relevance-norm is symmetric, absolute or unaligned, not '" + norm + "'");
    }
    colorMap("bwr");
  }

  private ColorMap colorMap(String otherwise) {
    try {
      return ColorMap.of(colors == null ? otherwise : colors);
    } catch (ImageException e) {
      throw new UsageException(e.getMessage());
    }
  }

  boolean isPlain() {
    return plain;
  }

  /** The map with the colours of a bare picture. */
  Heatmap map(Tensor relevance) {
    return map(relevance, "coldnhot", 1);
  }

  /** The map with the colours that lie over a photograph. */
  Heatmap highlighted(Tensor relevance) {
    return map(relevance, "bwr", HIGHLIGHT_LEVEL);
  }

  private Heatmap map(Tensor relevance, String otherwise, double usualLevel) {
    if (relevance.dim() != 4 && relevance.dim() != 3) {
      throw new UsageException(
          "the relevance is no picture; zennit4j attribute writes it as array");
    }
    Heatmap summed = Heatmap.of(relevance);
    Heatmap normed = summed;
    if (norm.equals("absolute")) {
      double[] values = summed.values();
      Arrays.setAll(values, i -> Math.abs(values[i]));
      normed = Heatmap.of(values, summed.width(), summed.height());
    }
    return normed
        .withColorMap(colorMap(otherwise))
        .withSymmetric(!norm.equals("unaligned"))
        .withLevel(level == null ? usualLevel : level);
  }

  /** The bare map, or the map over what the network sees. */
  Picture bare(Tensor relevance, RgbImage seen) {
    Heatmap map = map(relevance);
    return overlay == null ? map.picture() : map.overlay(seen, overlay);
  }

  /** The photograph with its relevance, a title and a colour bar. */
  Picture figure(Tensor relevance, RgbImage photo, Preprocessing.Region region, String... title) {
    Heatmap map = map(relevance, "bwr", HIGHLIGHT_LEVEL);
    double strength = overlay == null ? STRENGTH : overlay;
    double end = Math.max(Math.abs(map.low()), Math.abs(map.high()));
    return Figure.of(map.highlight(photo, region, strength))
        .withTitle(title)
        .withColorBar(map.highlightScale(strength), -end, end)
        .draw();
  }

  /** Whether a file can be written as a picture. */
  static boolean isPicture(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".png") || name.endsWith(".jpg") || name.endsWith(".jpeg");
  }
}
