/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.ServiceLoader;
import org.zennit4j.registry.Registry;

/** The rules that have names. */
public final class Rules {
  private static final Registry<Rule> STANDARD =
      Registry.of(
          "rule",
          List.of(
              Epsilon.entry(),
              EpsilonWithoutBias.entry(),
              Gamma.entry(),
              ZPlus.entry(),
              WSquare.entry(),
              Flat.entry(),
              AlphaBeta.entry(),
              ZBox.entry(),
              Norm.entry(),
              Pass.entry(),
              ReLUDeconvNet.entry(),
              ReLUGuidedBackprop.entry(),
              ReLUBetaSmooth.entry(),
              Z.entry(),
              Sign.entry(),
              SignMu.entry(),
              StdxEpsilon.entry(),
              Softmax.entry(),
              Bilinear.entry(),
              Normalization.entry(),
              LocalResponseNormalization.entry(),
              Attention.entry(),
              MultiHeadAttention.entry(),
              Recurrent.entry(),
              ZPlusFast.entry()));

  private Rules() {}

  /**
   * This library's rules alone.
   *
   * @return the registry
   */
  public static Registry<Rule> standard() {
    return STANDARD;
  }

  /**
   * This library's rules and those of every {@link RuleProvider} that the thread's context class
   * loader finds, asked anew at each call.
   *
   * @return the registry
   * @throws org.zennit4j.bindings.Zennit4jException if a provider's rule has a name that is taken
   */
  public static Registry<Rule> registry() {
    Registry<Rule> all = STANDARD;
    for (RuleProvider provider : ServiceLoader.load(RuleProvider.class)) {
      all = all.withNew(provider.rules());
    }
    return all;
  }
}
