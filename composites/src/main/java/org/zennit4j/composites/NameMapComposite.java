/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Optional;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.rules.Rule;

/**
 * Gives rules by the name of a layer; names match whole, a {@code *} stands for any text. The first
 * entry that matches wins.
 *
 * @param nameMap names to rules
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too
 * @param strict whether an unknown name is an error; otherwise it is a finding
 */
public record NameMapComposite(
    List<MapEntry> nameMap, List<Canonizer> canonizers, boolean functional, boolean strict)
    implements Composite {
  /**
   * Copies the lists.
   *
   * @param nameMap {@link #nameMap()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   * @param strict {@link #strict()}
   */
  public NameMapComposite {
    nameMap = List.copyOf(nameMap);
    canonizers = List.copyOf(canonizers);
  }

  /**
   * A strict composite without canonizers.
   *
   * @param nameMap names to rules
   */
  public NameMapComposite(List<MapEntry> nameMap) {
    this(nameMap, List.of(), false, true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    return first(nameMap, name);
  }

  static Optional<Rule> first(List<MapEntry> entries, String name) {
    return entries.stream()
        .filter(e -> e.keys().stream().anyMatch(k -> matches(k, name)))
        .map(MapEntry::rule)
        .findFirst();
  }

  static boolean matches(String pattern, String name) {
    if (!pattern.contains("*")) {
      return pattern.equals(name);
    }
    StringBuilder regex = new StringBuilder();
    for (String part : pattern.split("\\*", -1)) {
      regex.append(regex.length() == 0 ? "" : ".*").append(java.util.regex.Pattern.quote(part));
    }
    return name.matches(regex.toString());
  }

  static List<String> check(List<MapEntry> entries, Program program, boolean strict) {
    List<MapEntry> whole =
        entries.stream()
            .map(
                e ->
                    new MapEntry(
                        e.keys().stream().filter(k -> !k.contains("*")).toList(), e.rule()))
            .toList();
    return Names.unknownNames(whole, program, strict);
  }

  @Override
  public List<String> check(Program program) {
    return check(nameMap, program, strict);
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new NameMapComposite(nameMap, others, functional, strict);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new NameMapComposite(nameMap, canonizers, other, strict);
  }
}
