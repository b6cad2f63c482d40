/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.ProgressListener;
import org.zennit4j.attribution.SmoothGrad;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Composites;
import org.zennit4j.model.ScriptModel;

/** SmoothGrad that tells how far it is, and that stops when its time is over. */
public final class Progress {
  private Progress() {}

  static ProgressListener until(Instant deadline) {
    return (done, total) -> {
      System.out.println(done + " of " + total);
      return Instant.now().isBefore(deadline);
    };
  }

  /**
   * Explains an image.
   *
   * @param args the Fashion-MNIST network, the seconds it may take
   */
  public static void main(String[] args) {
    LibTorch.load();
    Instant deadline = Instant.now().plus(Duration.ofSeconds(Long.parseLong(args[1])));
    SmoothGrad.Settings settings = SmoothGrad.Settings.defaults().withNIter(50).withBatchSize(10);
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        SmoothGrad smooth = new SmoothGrad(model, Composites.epsilonPlus(), settings)) {
      AttributionOptions options = AttributionOptions.defaults().withListener(until(deadline));
      Tensor image = torch.rand(1, 1, 28, 28);
      try (Attribution a = smooth.attribute(List.of(image), Target.top1(), options)) {
        System.out.println("sum " + a.relevance().sum().item_double());
      } catch (CancelledException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
