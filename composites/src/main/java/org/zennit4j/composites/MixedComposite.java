/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.rules.Rule;

/**
 * Combines composites: each layer gets the rule of the first part that has one. Every part is asked
 * about every layer, so that a part's "first layer" is used up even where an earlier part wins, as
 * in Zennit. Its own canonizers run before those of the parts.
 *
 * @param composites the parts, in order
 * @param own canonizers that run first
 */
public record MixedComposite(List<Composite> composites, List<Canonizer> own) implements Composite {
  /**
   * Copies the lists.
   *
   * @param composites {@link #composites()}
   * @param own {@link #own()}
   */
  public MixedComposite {
    composites = List.copyOf(composites);
    own = List.copyOf(own);
  }

  /**
   * A composite without canonizers of its own.
   *
   * @param composites the parts, in order
   */
  public MixedComposite(Composite... composites) {
    this(List.of(composites), List.of());
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    Optional<Rule> found = Optional.empty();
    for (int i = 0; i < composites.size(); i++) {
      Composite part = composites.get(i);
      if (layer.functional() && !part.functional()) {
        continue;
      }
      if (!part.looksInside() && isInner(context, layer)) {
        continue;
      }
      Optional<Rule> rule = part.rule(context.part(i), name, layer);
      if (found.isEmpty()) {
        found = rule;
      }
    }
    return found;
  }

  private boolean isInner(Context context, Layer layer) {
    return looksInside()
        && layer.functional()
        && context.program().innerLayers().stream().anyMatch(inner -> inner == layer);
  }

  @Override
  public boolean looksInside() {
    return composites.stream().anyMatch(Composite::looksInside);
  }

  @Override
  public List<Canonizer> canonizers() {
    List<Canonizer> all = new ArrayList<>(own);
    composites.forEach(c -> all.addAll(c.canonizers()));
    return all;
  }

  @Override
  public boolean functional() {
    return composites.stream().anyMatch(Composite::functional);
  }

  /** All parts take functional operators, or none does. */
  @Override
  public Composite withFunctional(boolean functional) {
    return new MixedComposite(
        composites.stream().map(c -> c.withFunctional(functional)).toList(), own);
  }

  @Override
  public List<String> check(Program program) {
    List<String> findings = new ArrayList<>();
    composites.forEach(c -> findings.addAll(c.check(program)));
    return findings;
  }
}
