/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.List;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.Interpolation;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;

/** Fits a preprocessing to what a network takes. */
final class PictureInputs {
  private PictureInputs() {}

  /**
   * An exported network takes pictures of one size where nothing else was said at export. As in
   * {@link Preprocessing#IMAGENET}, the crop leaves an eighth of the shorter side out.
   */
  static Preprocessing sized(Preprocessing chosen, ScriptModel network) {
    List<Long> shape =
        network.inputs().isEmpty() ? List.of() : network.inputs().get(0).shape().orElse(List.of());
    if (shape.size() != 4 || shape.get(2) < 1 || shape.get(3) < 1) {
      return chosen;
    }
    int height = Math.toIntExact(shape.get(2));
    int width = Math.toIntExact(shape.get(3));
    int shorter = Math.toIntExact(Math.round(Math.max(height, width) * 8 / 7.0));
    return chosen.withShorterSide(shorter, Interpolation.BILINEAR).withCrop(width, height);
  }

  /** A network that takes one channel gets one. */
  static Preprocessing fitting(Preprocessing chosen, ScriptModel network) {
    boolean one =
        network.program().regions().stream()
            .flatMap(region -> region.linearMap().stream())
            .findFirst()
            .filter(map -> map.isConvolution() && map.weight().size(1) * map.groups() == 1)
            .isPresent();
    return one && chosen.colorOrder().channels() != 1
        ? chosen.withColorOrder(ColorOrder.GREY)
        : chosen;
  }
}
