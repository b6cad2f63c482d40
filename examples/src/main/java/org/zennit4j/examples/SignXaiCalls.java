/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.analyzers.MethodInfo;
import org.zennit4j.analyzers.MethodNameException;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.analyzers.SignXai;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.model.ScriptModel;

/** SignXAI's functions: one name, one call. */
public final class SignXaiCalls {
  private SignXaiCalls() {}

  /**
   * Prints what the calls give.
   *
   * @param args the Fashion-MNIST network
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope();
        ScriptModel file = ScriptModel.load(Path.of(args[0]));
        ScriptModel model = SignXai.removeSoftmax(file)) {
      Tensor image = torch.rand(1, 1, 28, 28);
      MethodOptions options = MethodOptions.of("epsilon", 0.1).with("target", 3);

      // Both orders of arguments.
      Tensor one = SignXai.calculateRelevanceMap(model, image, "lrp_epsilon", options);
      Tensor two = SignXai.calculateRelevanceMap("lrp_epsilon", image, model, options);
      System.out.println("the same: " + one.equal(two));

      // Arrays in, arrays out.
      float[] pixels = new float[28 * 28];
      long[] shape = {1, 28, 28};
      float[] map = SignXai.calculateRelevanceMap(model, pixels, shape, "gradient");
      System.out.println(map.length + " values");

      // Several inputs, a class for each, computed in batches.
      List<Tensor> images = List.of(torch.rand(1, 28, 28), torch.rand(1, 28, 28));
      MethodOptions classes = MethodOptions.of("target", List.of(3, 8));
      List<Tensor> maps = SignXai.calculateRelevanceMaps(model, images, "lrpz_z_plus", classes);
      System.out.println(maps.size() + " maps " + Arrays.toString(maps.get(0).shape()));

      // A preset; options win over it.
      Tensor quick = SignXai.explainWithPreset(model, image, "smoothgrad", "fast");
      System.out.println("smooth " + Arrays.toString(quick.shape()));

      // What a name means, and what is said about a wrong one.
      MethodInfo info = SignXai.methodInfo("lrpz_epsilon_0_1_std_x");
      System.out.println(info.name() + ": " + info.formula());
      try {
        SignXai.parse("lrp_epsilom");
      } catch (MethodNameException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
