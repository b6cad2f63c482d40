/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Optional;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;

/**
 * The named composite that fits a network by what it holds: {@code attn_lrp} where there is
 * attention, a normalisation other than batch normalisation or a product of activations, since
 * rules by layer type leave these their gradient, which makes relevance meaningless behind them;
 * else {@code epsilon_plus_flat}.
 *
 * @param composite the composite's name
 * @param reason why, as the second half of a sentence that begins with the name
 */
public record Recommendation(String composite, String reason) {
  private static final String PER_OPERATOR = "attn_lrp";
  private static final String PER_LAYER = "epsilon_plus_flat";

  /**
   * Looks at a network.
   *
   * @param program any program
   * @return the recommendation
   */
  public static Recommendation of(Program program) {
    DataFlow flow = program.dataFlow();
    return flow.operators().stream()
        .map(operator -> holds(flow, operator).map(what -> found(what, operator)))
        .flatMap(Optional::stream)
        .findFirst()
        .orElse(
            new Recommendation(PER_LAYER, "since the network holds neither attention nor gates"));
  }

  /**
   * Whether the composite has a rule for each operator.
   *
   * @return true for {@code attn_lrp}
   */
  public boolean isPerOperator() {
    return composite.equals(PER_OPERATOR);
  }

  private static Recommendation found(String what, Region operator) {
    String path = operator.path().isEmpty() ? "the network" : "'" + operator.path() + "'";
    return new Recommendation(PER_OPERATOR, "since " + path + " holds " + what);
  }

  private static Optional<String> holds(DataFlow flow, Region operator) {
    String name = Operators.of(operator).name();
    if (name.equals("scaled_dot_product_attention")
        || name.equals("_native_multi_head_attention")) {
      return Optional.of("attention");
    }
    if (Operators.of(name).is(Operators.Trait.NORMALIZES) && !name.contains("batch_norm")) {
      return Optional.of("a normalisation (" + name + ")");
    }
    boolean product =
        Operators.of(name).is(Operators.Trait.GATES)
            || Operators.of(name).is(Operators.Kind.MATMUL);
    boolean ofActivations =
        product
            && flow.arguments(operator) > 1
            && flow.dependsOnInput(operator, 0)
            && flow.dependsOnInput(operator, 1);
    return ofActivations
        ? Optional.of("a product of activations (" + name + ")")
        : Optional.empty();
  }
}
