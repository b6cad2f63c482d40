/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Interpolation;
import org.zennit4j.images.Preprocessing;
import picocli.CommandLine.Option;

/** How a photograph becomes an input. */
final class PreprocessingOptions {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,5})(?:x(\\d{1,5}))?");

  @Option(
      names = "--preprocessing",
      paramLabel = "PRESET|FILE.json",
      description =
          "How a photograph becomes an input: imagenet (default with -m), efficientnet_lite0, "
              + "caffe, caffe_scalar, unit, or a JSON file: timm's, transformers' preprocessor_config.json "
              + "or this project's own. MODEL.json beside MODEL.pt is found by itself. Without any of "
              + "these a picture takes the size that a torch.export archive was exported for.")
  private String preprocessing;

  @Option(
      names = "--resize",
      paramLabel = "SIDE",
      description = "Resize the shorter side to so many pixels.")
  private Integer resize;

  @Option(
      names = "--size",
      paramLabel = "N|WxH",
      description = "Resize to this very size, without a crop.")
  private String size;

  @Option(
      names = "--crop",
      paramLabel = "N|WxH",
      description = "Cut out the centre after resizing.")
  private String crop;

  @Option(
      names = "--mean",
      split = ",",
      paramLabel = "M,M,M",
      description = "Subtract the means, one for each channel or one for all.")
  private double[] mean;

  @Option(
      names = "--std",
      split = ",",
      paramLabel = "S,S,S",
      description = "Divide by the deviations, likewise.")
  private double[] std;

  @Option(
      names = "--range",
      paramLabel = "1|255",
      description = "What a white pixel is before mean and std: 1 (default) or 255.")
  private Integer range;

  @Option(
      names = "--grey",
      description = "One channel: the luma of the colours. The default where a model takes one.")
  private boolean grey;

  @Option(
      names = "--no-exif",
      description = "Leave pixels as they are stored; else they are turned as EXIF says.")
  private boolean asStored;

  /** Whether photographs are turned by their EXIF orientation. */
  boolean upright() {
    return !asStored;
  }

  /**
   * What the options say.
   *
   * @param model the model's file, or null for the bundled one
   */
  Preprocessing of(Path model) {
    return of(model, Preprocessing.IMAGENET);
  }

  /**
   * What the options say.
   *
   * @param model the model's file, or null for the bundled one
   * @param usual what a model takes of which nothing is known
   */
  Preprocessing of(Path model, Preprocessing usual) {
    try {
      return changed(base(model, usual));
    } catch (ImageException e) {
      throw new UsageException(e.getMessage());
    }
  }

  /**
   * Whether nobody says how large a picture becomes: no option, and no file beside the model.
   *
   * @param model the model's file, or null for the bundled one
   */
  boolean leavesSize(Path model) {
    return model != null
        && preprocessing == null
        && size == null
        && resize == null
        && crop == null
        && !Files.isRegularFile(beside(model));
  }

  private static Path beside(Path model) {
    String name = model.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return model.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + ".json");
  }

  private Preprocessing base(Path model, Preprocessing usual) {
    if (preprocessing != null) {
      boolean file = preprocessing.endsWith(".json") || preprocessing.contains("/");
      return file
          ? PreprocessingFile.read(Path.of(preprocessing))
          : Preprocessing.named(preprocessing);
    }
    if (model == null) {
      return Preprocessing.EFFICIENTNET_LITE0;
    }
    Path beside = beside(model);
    return Files.isRegularFile(beside) ? PreprocessingFile.read(beside) : usual;
  }

  private Preprocessing changed(Preprocessing base) {
    Preprocessing result = grey ? base.withColorOrder(ColorOrder.GREY) : base;
    if (size != null && (resize != null || crop != null)) {
      throw new UsageException("--size leaves nothing to --resize and --crop; give one of them");
    }
    if (size != null) {
      int[] sides = sides("--size", size);
      result = result.withSize(sides[0], sides[1], Interpolation.BILINEAR);
    }
    if (resize != null) {
      if (resize < 1) {
        throw new UsageException("--resize is at least 1, not " + resize);
      }
      result = result.withShorterSide(resize, Interpolation.BILINEAR);
    }
    if (crop != null) {
      int[] sides = sides("--crop", crop);
      result = result.withCrop(sides[0], sides[1]);
    }
    if (range != null && range != 1 && range != 255) {
      throw new UsageException("--range is 1 or 255, not " + range);
    }
    double divisor = range == null ? result.divisor() : 255.0 / range;
    int channels = result.colorOrder().channels();
    return result.withNormalization(
        divisor,
        mean == null ? result.mean() : checked("--mean", mean, channels),
        std == null ? result.deviation() : checked("--std", std, channels));
  }

  private static double[] checked(String option, double[] values, int channels) {
    if (values.length != 1 && values.length != channels) {
      throw new UsageException(
          option
              + " gives "
              + values.length
              + " numbers ("
              + Arrays.toString(values)
              + ") for "
              + channels
              + (channels == 1 ? " channel" : " channels"));
    }
    return values;
  }

  /** Width and height. */
  private static int[] sides(String option, String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw new UsageException(option + " is a number of pixels or WxH, not '" + text + "'");
    }
    int width = Integer.parseInt(matcher.group(1));
    int height = matcher.group(2) == null ? width : Integer.parseInt(matcher.group(2));
    if (width == 0 || height == 0) {
      throw new UsageException(option + " is at least 1 pixel");
    }
    return new int[] {width, height};
  }
}
