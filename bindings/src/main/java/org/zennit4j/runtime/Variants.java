/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.graph.Program;

/**
 * The programs that stand for one model where a canonizer's change is right for inputs of some
 * numbers of dimensions only: which one runs is decided when the inputs are there. Implementations
 * are thread-safe, and keep what they hand out until the runs that use it are closed.
 */
public interface Variants {
  /**
   * What runs.
   *
   * @param program the changed network
   * @param functions layer functions by {@link org.zennit4j.graph.Region#id()}
   * @param finding what is different, for the user
   */
  record Variant(Program program, Map<Integer, LayerFunction> functions, String finding) {
    /**
     * Keeps the map as it is.
     *
     * @param program {@link #program()}
     * @param functions {@link #functions()}
     * @param finding {@link #finding()}
     */
    public Variant {
      functions = Map.copyOf(functions);
    }
  }

  /**
   * What is known to be right for inputs.
   *
   * @param inputs the number of dimensions of each
   * @return the variant; empty for what the run began with
   */
  Optional<Variant> of(List<Integer> inputs);

  /**
   * Finds what is right after a program turned out not to be.
   *
   * @param call the call of a normalisation that was merged, as {@link
   *     org.zennit4j.graph.Region#id()}
   * @param dimensions how many its first argument has in truth
   * @param inputs the number of dimensions of each input
   * @return the variant; empty if there is none
   */
  Optional<Variant> after(int call, int dimensions, List<Integer> inputs);

  /**
   * One program alone.
   *
   * @return no variants
   */
  static Variants none() {
    return new Variants() {
      @Override
      public Optional<Variant> of(List<Integer> inputs) {
        return Optional.empty();
      }

      @Override
      public Optional<Variant> after(int call, int dimensions, List<Integer> inputs) {
        return Optional.empty();
      }
    };
  }
}
