/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;

/**
 * Boxes of a detector whose output is (batch, boxes, values) or (batch, values, boxes): which value
 * of which boxes is explained. Boxes are chosen by their number or by where they lie.
 *
 * @param value the place of the explained score among a box's values, such as 4 + class
 * @param box the number of one box; -1 for those that lie near {@link #near}
 * @param near left, top, right and bottom in the output's units; used where no number is given
 * @param overlap how much of the union of both a box must share with {@link #near}, 0 to 1
 * @param centred whether a box's first four values are its centre, width and height; else its left,
 *     top, right and bottom
 * @param valuesFirst whether the output is (batch, values, boxes)
 */
public record DetectionBoxes(
    int value, int box, List<Double> near, double overlap, boolean centred, boolean valuesFirst) {
  /**
   * Checks and copies.
   *
   * @param value {@link #value()}
   * @param box {@link #box()}
   * @param near {@link #near()}
   * @param overlap {@link #overlap()}
   * @param centred {@link #centred()}
   * @param valuesFirst {@link #valuesFirst()}
   */
  public DetectionBoxes {
    near = List.copyOf(near);
    if (box < 0 && near.size() != 4) {
      throw new Zennit4jException(
          "boxes are chosen by a number or by left, top, right, bottom; "
              + near.size()
              + " numbers");
    }
  }

  /**
   * One box.
   *
   * @param number of the box
   * @param value the place of the score
   * @return the choice
   */
  public static DetectionBoxes one(int number, int value) {
    return new DetectionBoxes(
        value, number, List.of(), 0, /* centred= */ false, /* valuesFirst= */ false);
  }

  /** One at the score of the chosen boxes, zero elsewhere. */
  Tensor seed(Tensor output) {
    if (output.dim() != 3) {
      throw new ShapeException(
          "boxes need an output of shape (batch, boxes, values) or (batch, values, boxes), but it"
              + " has "
              + Arrays.toString(output.shape()));
    }
    Tensor rows = valuesFirst ? output.transpose(1, 2) : output;
    if (value >= rows.size(2) || box >= rows.size(1) || (box < 0 && rows.size(2) < 5)) {
      throw new ShapeException(
          "value "
              + value
              + (box < 0 ? "" : " of box " + box)
              + " is out of range: there are "
              + rows.size(1)
              + " boxes with "
              + rows.size(2)
              + " values");
    }
    Tensor seed = torch.zeros_like(rows);
    Tensor score = seed.select(2, value);
    if (box >= 0) {
      score.select(1, box).fill_(new Scalar(1));
    } else {
      score.copy_(near(rows).to(rows.scalar_type()));
    }
    return valuesFirst ? seed.transpose(1, 2).contiguous() : seed;
  }

  private Tensor near(Tensor rows) {
    Tensor a = rows.select(2, 0);
    Tensor b = rows.select(2, 1);
    Tensor c = rows.select(2, 2);
    Tensor d = rows.select(2, 3);
    Scalar half = new Scalar(0.5);
    Tensor left = centred ? a.sub(c.mul(half)) : a;
    Tensor top = centred ? b.sub(d.mul(half)) : b;
    Tensor right = centred ? a.add(c.mul(half)) : c;
    Tensor bottom = centred ? b.add(d.mul(half)) : d;
    Scalar zero = new Scalar(0);
    Tensor wide =
        right
            .clamp_max(new Scalar(near.get(2)))
            .sub(left.clamp_min(new Scalar(near.get(0))))
            .clamp_min(zero);
    Tensor high =
        bottom
            .clamp_max(new Scalar(near.get(3)))
            .sub(top.clamp_min(new Scalar(near.get(1))))
            .clamp_min(zero);
    Tensor common = wide.mul(high);
    double own = (near.get(2) - near.get(0)) * (near.get(3) - near.get(1));
    Tensor union = right.sub(left).mul(bottom.sub(top)).add(new Scalar(own)).sub(common);
    return common.ge(union.mul(new Scalar(overlap))).logical_and(common.gt(zero));
  }

  @Override
  public String toString() {
    return "value " + value + (box >= 0 ? " of box " + box : " near " + near);
  }
}
