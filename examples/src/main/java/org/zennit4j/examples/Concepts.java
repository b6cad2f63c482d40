/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.composites.Composites;
import org.zennit4j.concepts.ChannelConcept;
import org.zennit4j.concepts.Condition;
import org.zennit4j.concepts.ConditionalAttribution;
import org.zennit4j.concepts.ConditionalOptions;
import org.zennit4j.concepts.ConditionalResult;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;

/** Relevance that goes through chosen channels only, and the channels' shares of all of it. */
public final class Concepts {
  private Concepts() {}

  /**
   * Prints the channels of a layer that a class uses most.
   *
   * @param args a model that takes pictures of 28 x 28 and has a layer features.8
   */
  public static void main(String[] args) {
    Path file = Path.of(args.length > 0 ? args[0] : "examples/models/fashion_cnn.pt");
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(file)) {
      show(model, torch.rand(1, 1, 28, 28));
    }
  }

  private static void show(ScriptModel model, Tensor input) {
    try (ConditionalAttribution attribution =
            new ConditionalAttribution(model, Composites.epsilonPlusFlat());
        ConditionalResult result =
            attribution.attribute(
                input,
                List.of(
                    Condition.y(5),
                    Condition.y(5).with("features.8", 5),
                    Condition.y(5).with("features.8", 5).with("features.4", 0, 1)),
                ConditionalOptions.defaults().withRecordLayer(List.of("features.8")))) {
      double[] shares =
          NdArray.of(ChannelConcept.attribute(result.relevances().get("features.8"), true))
              .toDoubles();
      System.out.printf(
          Locale.ROOT,
          "maps %s, channel 5 has %.3f of the relevance%n",
          Arrays.toString(result.heatmap().shape()),
          shares[5]);
    }
  }
}
