/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Composites;
import org.zennit4j.model.ScriptModel;

/** How does the heatmap change when the input changes? The gradient of a loss on the heatmap. */
public final class SecondOrder {
  private SecondOrder() {}

  /**
   * Moves an image a little, so that less of its heatmap lies in the left half.
   *
   * @param args the Fashion-MNIST network
   */
  public static void main(String[] args) {
    LibTorch.load();
    AttributionOptions options = AttributionOptions.defaults().withCreateGraph(true);
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Gradient gradient = new Gradient(model, Composites.betaSmooth())) {
      torch.manual_seed(1);
      Tensor image = torch.rand(1, 1, 28, 28).requires_grad_(true);
      Tensor moved;
      try (Attribution a = gradient.attribute(List.of(image), Target.classes(3), options)) {
        Tensor loss = left(a.relevance());
        TensorVector gradients = torch.grad(new TensorVector(loss), new TensorVector(image));
        Tensor direction = gradients.get(0);
        double step = 0.01 * loss.item_double() / direction.square().sum().item_double();
        moved = image.detach().sub(direction.mul(new Scalar(step)));
        System.out.println("before " + loss.item_double());
      }
      try (Attribution a = gradient.attribute(moved, Target.classes(3))) {
        System.out.println("after " + left(a.relevance()).item_double());
      }
    }
  }

  private static Tensor left(Tensor heatmap) {
    return heatmap.narrow(3, 0, 14).square().sum();
  }
}
