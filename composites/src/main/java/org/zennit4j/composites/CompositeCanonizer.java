/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Map;
import org.zennit4j.graph.Program;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;

/**
 * Runs canonizers one after the other.
 *
 * @param canonizers in order
 */
public record CompositeCanonizer(List<Canonizer> canonizers) implements Canonizer {
  /**
   * Copies the list.
   *
   * @param canonizers {@link #canonizers()}
   */
  public CompositeCanonizer {
    canonizers = List.copyOf(canonizers);
  }

  @Override
  public Program apply(Program program) {
    return applyAll(canonizers, program);
  }

  /** Applies canonizers in order; what they make in between is closed with the result. */
  static Program applyAll(List<Canonizer> canonizers, Program program) {
    Program current = program;
    try {
      for (Canonizer canonizer : canonizers) {
        Program next = canonizer.apply(current);
        if (next == null) {
          throw new CompositeException(
              "the canonizer "
                  + canonizer
                  + " returned null; it must return a program, the same one if nothing changes");
        }
        if (next != current && current != program) {
          next = next.owning(current);
        }
        current = next;
      }
      return current;
    } catch (Throwable e) {
      if (current != program) {
        current.close();
      }
      throw e;
    }
  }

  @Override
  public String name() {
    return "composite";
  }

  @Override
  public Map<String, Object> arguments() {
    return Map.of("canonizers", canonizers);
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "composite",
        CompositeCanonizer.class,
        "several canonizers, one after the other",
        v -> new CompositeCanonizer(v.list("canonizers", Canonizer.class)),
        Argument.needed("canonizers", Argument.Kind.CANONIZERS));
  }
}
