/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;

/** The named composites with their arguments, and the canonizers. */
final class CompositeCatalogue {
  /** What a composite is and which arguments it takes. */
  record Entry(String description, List<String> arguments) {}

  private static final Map<String, Entry> COMPOSITES = new LinkedHashMap<>();
  private static final Map<String, Supplier<Canonizer>> CANONIZERS = new LinkedHashMap<>();

  static {
    String lrp = "epsilon stabilizer zero_params";
    put("epsilon_plus", "ZPlus for convolutions, Epsilon for linear layers", lrp);
    put("epsilon_plus_flat", "as epsilon_plus, Flat for the first layer", lrp);
    put("epsilon_alpha2_beta1", "AlphaBeta(2, 1) for convolutions, Epsilon for linear layers", lrp);
    put("epsilon_alpha2_beta1_flat", "as epsilon_alpha2_beta1, Flat for the first layer", lrp);
    put(
        "epsilon_gamma_box",
        "ZBox for the first convolution, Gamma for the others, Epsilon for linear layers",
        "low high gamma " + lrp);
    put(
        "attn_lrp",
        "AttnLRP: a rule for each operator, for attention, normalisations and gates",
        "epsilon gamma zero_params");
    put("cp_lrp", "as attn_lrp, attention weights and gates constant", "epsilon gamma zero_params");
    put(
        "excitation_backprop",
        "ZPlus for every linear layer; activations keep their gradient",
        "stabilizer zero_params");
    put("guided_backprop", "gradient; ReLUs let positive gradients through", "");
    put("deconvnet", "gradient; ReLUs keep what arrives positive", "");
    put("beta_smooth", "gradient; ReLUs have the gradient of a softplus", "beta_smooth");

    CANONIZERS.put("merge_batch_norm", Canonizers::mergeBatchNorm);
    CANONIZERS.put("residual_sum", Canonizers::residualSum);
    CANONIZERS.put("sequential_merge_batch_norm", Canonizers::sequentialMergeBatchNorm);
    CANONIZERS.put("resnet", Canonizers::resNet);
    CANONIZERS.put("vgg", Canonizers::vgg);
  }

  private CompositeCatalogue() {}

  private static void put(String name, String description, String arguments) {
    List<String> keys =
        arguments.isEmpty() ? List.of() : List.copyOf(Arrays.asList(arguments.split(" ", -1)));
    COMPOSITES.put(name, new Entry(description, keys));
  }

  static Map<String, Entry> composites() {
    return COMPOSITES;
  }

  static List<String> canonizerNames() {
    return List.copyOf(CANONIZERS.keySet());
  }

  /** Reads {@code none} or a list of names. */
  static List<Canonizer> canonizers(String list) {
    if (list.equals("none")) {
      return List.of();
    }
    List<Canonizer> result = new ArrayList<>();
    for (String name : list.split(",", -1)) {
      Supplier<Canonizer> factory = CANONIZERS.get(name.strip());
      if (factory == null) {
        throw new UsageException(
            "there is no canonizer '"
                + name.strip()
                + "'; there are none, "
                + String.join(", ", CANONIZERS.keySet()));
      }
      result.add(factory.get());
    }
    return result;
  }
}
