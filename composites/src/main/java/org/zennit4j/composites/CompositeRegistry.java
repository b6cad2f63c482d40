/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.registry.Values;

/**
 * Composites by name. Immutable: {@link #with} makes a registry that has one more, so that an
 * application's own names are known where it passes its registry on, and nowhere else. Names that
 * shall be known everywhere come from a {@link CompositeProvider}.
 */
public final class CompositeRegistry {
  private static final Registry<Composite> STANDARD =
      Registry.of("composite", Composites.entries());

  private final Registry<Composite> entries;

  private CompositeRegistry(Registry<Composite> entries) {
    this.entries = entries;
  }

  /**
   * Zennit's composites, and those of every {@link CompositeProvider} that the thread's context
   * class loader finds.
   *
   * @return the registry
   * @throws org.zennit4j.bindings.Zennit4jException if a provider's composite has a name that is
   *     taken
   */
  public static CompositeRegistry standard() {
    Registry<Composite> all = STANDARD;
    for (CompositeProvider provider : ServiceLoader.load(CompositeProvider.class)) {
      all = all.withNew(provider.composites());
    }
    return new CompositeRegistry(all);
  }

  /**
   * A registry with one more composite; it replaces one of the same name.
   *
   * @param name the name, as requests use it
   * @param factory makes the composite from its arguments
   * @return a new registry
   */
  public CompositeRegistry with(String name, Function<PresetArguments, Composite> factory) {
    return with(
        new Entry<>(
            name,
            Composite.class,
            "",
            PresetArguments.ARGUMENTS,
            values -> factory.apply(PresetArguments.of(values))));
  }

  /**
   * A registry with one more composite; it replaces one of the same name.
   *
   * @param entry the composite's name, description and arguments
   * @return a new registry
   */
  public CompositeRegistry with(Entry<Composite> entry) {
    return new CompositeRegistry(entries.with(entry));
  }

  /**
   * The names.
   *
   * @return sorted
   */
  public List<String> names() {
    return entries.names().stream().sorted().toList();
  }

  /**
   * Looks for a composite.
   *
   * @param name its name
   * @return its description and arguments; empty if there is none
   */
  public Optional<Entry<Composite>> find(String name) {
    return entries.find(name);
  }

  /**
   * The arguments of a composite that a caller did not give.
   *
   * @param name the composite's name
   * @return Zennit's defaults; for {@code attn_lrp} and {@code cp_lrp} epsilon 1e-20 and gamma 0
   */
  public static PresetArguments defaults(String name) {
    return STANDARD
        .find(name)
        .map(entry -> PresetArguments.of(Values.of(entry.arguments(), Map.of())))
        .orElseGet(PresetArguments::defaults);
  }

  /**
   * Makes a composite.
   *
   * @param name its name
   * @param arguments its arguments; those that it does not have are ignored
   * @return the composite
   * @throws CompositeException if the name is unknown or an argument is missing
   */
  public Composite create(String name, PresetArguments arguments) {
    Map<String, Object> given = new HashMap<>(arguments.byName());
    find(name).ifPresent(entry -> given.keySet().retainAll(entry.argumentNames()));
    return create(name, given);
  }

  /**
   * Makes a composite.
   *
   * @param name its name
   * @param arguments argument to value; defaults for those that are absent
   * @return the composite
   * @throws CompositeException if the name is unknown
   * @throws org.zennit4j.bindings.Zennit4jException if an argument is unknown, missing or wrong
   */
  public Composite create(String name, Map<String, ?> arguments) {
    return find(name)
        .orElseThrow(
            () ->
                new CompositeException(
                    "there is no composite '"
                        + name
                        + "'; the nearest: "
                        + NearestNames.list(name, names())))
        .create(arguments);
  }
}
