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
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.Types;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.RuleException;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/** A rule by hand: relevance is shared by the size of the contributions, whatever their sign. */
public record AbsoluteRule() implements Rule {
  @Override
  public String name() {
    return "absolute";
  }

  @Override
  public LayerFunction bind(Region region) {
    LinearMap map =
        region.linearMap().orElseThrow(() -> new RuleException(region + " is not linear"));
    // Computed once for all inputs; it outlives any scope until the plan closes the function.
    Tensor weight = Natives.keep(map.weight().abs());
    return new LayerFunction() {
      @Override
      public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
        Tensor x = call.inputs().get(0).abs();
        Tensor z = map.forward(x, weight, null).add(new Scalar(1e-9));
        return List.of(x.mul(map.adjoint(relevance.get(0).div(z), x, weight)));
      }

      @Override
      public void close() {
        Natives.release(weight);
      }
    };
  }

  /**
   * Prints how much of the relevance arrives.
   *
   * @param args the Fashion-MNIST network
   */
  public static void main(String[] args) {
    LibTorch.load();
    LayerMapComposite rules =
        new LayerMapComposite(
            List.of(
                MapEntry.of(new AbsoluteRule(), Types.LINEAR),
                MapEntry.of(new Pass(), Types.ACTIVATION)));
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Gradient gradient = new Gradient(model, rules.withCanonizers(Canonizers.mergeBatchNorm()));
        Attribution a = gradient.attribute(torch.rand(1, 1, 28, 28), Target.top1())) {
      System.out.println("sum " + a.relevance().sum().item_double());
    }
  }
}
