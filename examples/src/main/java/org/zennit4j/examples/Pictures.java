/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Images;
import org.zennit4j.images.ImgifyOptions;
import org.zennit4j.images.Interpolation;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;

/** From files to tensors, and from tensors to files. */
public final class Pictures {
  private Pictures() {}

  static Preprocessing own() {
    return Preprocessing.UNIT
        .withShorterSide(128, Interpolation.BICUBIC)
        .withCrop(96, 96)
        .withNormalization(255, new double[] {0.5}, new double[] {0.25});
  }

  /**
   * Writes three pictures.
   *
   * @param args a photograph, a folder
   */
  public static void main(String[] args) {
    LibTorch.load();
    RgbImage photo = RgbImage.read(Path.of(args[0]));
    Path folder = Path.of(args[1]);
    try (PointerScope scope = new PointerScope()) {
      Tensor input = own().toTensor(photo);
      System.out.println("bounds " + own().low()[0] + " " + own().high()[0]);
      Tensor relevance = input.mul(torch.rand(input.shape()));

      // A heatmap: zero is black, the largest absolute value is the end of the colour map.
      Heatmap heatmap = Heatmap.of(relevance);
      heatmap.picture().writePng(folder.resolve("heatmap.png"));
      heatmap
          .withColorMap(ColorMap.of("bwr"))
          .withLevel(2)
          .overlay(own().photo(photo), 0.5)
          .writePng(folder.resolve("overlay.png"));

      // The same with Zennit's function and arguments, several samples in a grid.
      Tensor batch = torch.rand(6, 1, 28, 28).sub(torch.rand(6, 1, 28, 28));
      ImgifyOptions options =
          ImgifyOptions.DEFAULT
              .withColorMap(ColorMap.of("00f,80:fff,f00"))
              .withSymmetric(true)
              .withGrid(2, 3);
      Images.imsave(folder.resolve("grid.png"), batch, options);
    }
  }
}
