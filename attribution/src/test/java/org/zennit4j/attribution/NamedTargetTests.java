/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** Targets that contrast classes, regions of segmentations and boxes of detectors. */
@ExtendWith(NativeLeaks.class)
class NamedTargetTests {
  private static final int[] NONE = {};

  private static Tensor logits() {
    return Tensor.create(new double[] {1, 5, 3, 2, 0, -1}, 2, 3);
  }

  @Test
  void aClassAgainstAnother() {
    TensorSubject.assertThat(Target.contrast(new int[] {2}, new int[] {0}).apply(logits()))
        .within(0, 0)
        .of(-1, 0, 1, -1, 0, 1);
    TensorSubject.assertThat(
            Target.contrast(new int[] {2, 1}, new int[] {0, 2}).atLogit().apply(logits()))
        .within(0, 0)
        .of(-1, 0, 3, 0, 0, 1);
    // The most likely class against the next; class 1 against the most likely other one.
    Target top = Target.contrast(NONE, NONE);
    assertThat(top.isTop()).isTrue();
    TensorSubject.assertThat(top.apply(logits())).within(0, 0).of(0, 1, -1, 1, -1, 0);
    Target second = Target.contrast(new int[] {1}, NONE);
    TensorSubject.assertThat(second.apply(logits())).within(0, 0).of(0, 1, -1, -1, 1, 0);
    // Resolved on the clean output it stays, whatever the output.
    Target resolved = second.resolve(logits());
    assertThat(resolved.isTop()).isFalse();
    TensorSubject.assertThat(resolved.apply(logits().neg())).within(0, 0).of(0, 1, -1, -1, 1, 0);
    assertThat(resolved.toString()).contains("[1]").contains("against [2, 0]");
  }

  @Test
  void aClassAgainstAllOthersIsTheGradientOfTheLogRatio() {
    Tensor z = logits().requires_grad_(true);
    Tensor p = torch.softmax(z, 1).select(1, 2);
    p.log().sub(p.neg().add(new org.bytedeco.pytorch.Scalar(1)).log()).sum().backward();
    TensorSubject.assertThat(Target.logRatio(2).apply(logits())).within(1e-9, 1e-12).of(z.grad());
    Tensor top = Target.logRatio().apply(logits());
    TensorSubject.assertThat(top.select(0, 0))
        .within(1e-9, 1e-12)
        .of(TensorSubject.values(Target.logRatio(1).apply(logits()).select(0, 0)));
  }

  @Test
  void aRegionOfASegmentation() {
    // Two classes in 1 x 3 pixels.
    Tensor output = Tensor.create(new double[] {1, 4, 2, 3, 1, 5}, 1, 2, 1, 3);
    Tensor mask = Tensor.create(new double[] {1, 0, 1}, 1, 3);
    TensorSubject.assertThat(Target.region(1, mask).apply(output))
        .within(0, 0)
        .of(0, 0, 0, 1, 0, 1);
    TensorSubject.assertThat(Target.region(0, mask).atLogit().apply(output))
        .within(0, 0)
        .of(1, 0, 2, 0, 0, 0);
    TensorSubject.assertThat(Target.region(0, null).apply(output))
        .within(0, 0)
        .of(0, 1, 0, 0, 0, 0);
    assertThatThrownBy(() -> Target.region(0, torch.ones(2, 2)).apply(output))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("[2, 2]")
        .hasMessageContaining("[1, 2, 1, 3]");
    assertThatThrownBy(() -> Target.region(0, null).apply(logits()))
        .hasMessageContaining("(batch, classes, space...)");
  }

  @Test
  void boxesOfADetector() {
    // Three boxes: left, top, right, bottom, two scores.
    Tensor rows =
        Tensor.create(
            new double[] {0, 0, 10, 10, .9, .1, 1, 1, 11, 11, .2, .3, 50, 50, 60, 60, .4, .5},
            1,
            3,
            6);
    Tensor one = Target.boxes(DetectionBoxes.one(1, 5)).apply(rows);
    assertThat(one.sum().item_double()).isEqualTo(1);
    assertThat(one.select(1, 1).select(1, 5).item_double()).isEqualTo(1);
    // The second shares 81 of 119, the third nothing.
    Target near =
        Target.boxes(new DetectionBoxes(4, -1, List.of(0.0, 0.0, 10.0, 10.0), 0.5, false, false));
    TensorSubject.assertThat(near.apply(rows).select(2, 4)).within(0, 0).of(1, 1, 0);
    TensorSubject.assertThat(near.atLogit().apply(rows).select(2, 4)).within(0, 0).of(.9, .2, 0);
    // The same as (values, boxes) with centres.
    Tensor centred = rows.clone();
    centred.select(2, 0).copy_(rows.select(2, 0).add(new org.bytedeco.pytorch.Scalar(5)));
    centred.select(2, 1).copy_(rows.select(2, 1).add(new org.bytedeco.pytorch.Scalar(5)));
    centred.narrow(2, 2, 2).fill_(new org.bytedeco.pytorch.Scalar(10));
    Target other =
        Target.boxes(new DetectionBoxes(4, -1, List.of(0.0, 0.0, 10.0, 10.0), 0.75, true, true));
    Tensor seed = other.apply(centred.transpose(1, 2).contiguous());
    assertThat(seed.shape()).containsExactly(1, 6, 3);
    TensorSubject.assertThat(seed.select(1, 4)).within(0, 0).of(1, 0, 0);
    assertThatThrownBy(() -> Target.boxes(DetectionBoxes.one(3, 5)).apply(rows))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("3 boxes with 6 values");
    assertThatThrownBy(() -> new DetectionBoxes(4, -1, List.of(), 0.5, false, false))
        .isInstanceOf(Zennit4jException.class);
    assertThat(rows.scalar_type().intern()).isEqualTo(ScalarType.Double);
  }
}
