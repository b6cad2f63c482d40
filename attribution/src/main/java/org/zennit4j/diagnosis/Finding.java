/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

import java.util.List;

/**
 * One thing that is unusual about a model or about the rules that it gets.
 *
 * @param kind what sort of thing
 * @param text one sentence without a full stop, with a remedy where there is one
 * @param layers the names of all layers that it is about, in the order of execution; empty where it
 *     is about the whole model
 */
public record Finding(Kind kind, String text, List<String> layers) {
  /** What a finding is about. */
  public enum Kind {
    /** Said when the model was loaded or the plan was made: by reader, composite or rules. */
    REPORTED,
    /** The model ends in a softmax, a log-softmax or a sigmoid. */
    ENDING,
    /** A batch normalisation stands alone, so that rules see it as a layer without a rule. */
    BATCH_NORM,
    /** The first linear layer by registration is not the first by execution. */
    FIRST_LAYER,
    /** The sum of two branches gives its whole relevance to both. */
    ADDITION,
    /** Functional operators with a type are left out, as the composite does not ask for them. */
    FUNCTIONAL,
    /** An operator has no rule and passes on its gradient. */
    NO_RULE
  }

  /**
   * Makes a finding.
   *
   * @param kind what sort of thing
   * @param text one sentence
   * @param layers the layers' names, copied
   */
  public Finding {
    layers = List.copyOf(layers);
  }

  /** The sentence. */
  @Override
  public String toString() {
    return text;
  }
}
