/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.analyzers.Analyzer;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.model.ScriptModel;

/**
 * A method of one's own: the mean of another method's maps for a picture and for its mirror image.
 *
 * @param method the other method, closed with this one
 */
public record OwnMethod(Analyzer method) implements Analyzer {
  @Override
  public Attribution attribute(Tensor input, Target target) {
    try (Tensor mirrored = input.flip(-1);
        Attribution straight = method.attribute(input, target);
        Attribution other = method.attribute(mirrored, same(straight, target));
        Tensor back = other.relevance().flip(-1);
        Tensor sum = straight.relevance().add(back);
        Scalar half = new Scalar(0.5)) {
      Tensor output = straight.output().clone();
      return Attribution.of(output, sum.mul(half), straight.warnings());
    }
  }

  /** The mirror image is explained for the class of the picture itself. */
  private static Target same(Attribution straight, Target target) {
    return target == null ? Target.classes(Target.topClasses(straight.output())) : target;
  }

  @Override
  public void close() {
    method.close();
  }

  /**
   * Prints how symmetric a map is.
   *
   * @param args the Fashion-MNIST network
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Analyzer method = new OwnMethod(new MethodAnalyzer(model, "lrp_epsilon_0_1"));
        Tensor image = torch.rand(1, 1, 28, 28);
        Tensor mirrored = image.flip(-1);
        Attribution a = method.attribute(image);
        Tensor relevance = method.analyze(mirrored, Target.classes(Target.topClasses(a.output())));
        Tensor back = relevance.flip(-1)) {
      System.out.println("the same: " + back.allclose(a.relevance()));
    }
  }
}
