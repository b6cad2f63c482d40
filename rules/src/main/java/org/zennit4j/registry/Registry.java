/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.registry;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;

/**
 * Entries by name. Immutable: {@link #with} makes a registry that has one more.
 *
 * @param <T> what the entries make
 */
public final class Registry<T> {
  private final String what;
  private final Map<String, Entry<T>> entries;

  private Registry(String what, Map<String, Entry<T>> entries) {
    this.what = what;
    this.entries = Collections.unmodifiableMap(entries);
  }

  /**
   * Makes a registry.
   *
   * @param <T> what the entries make
   * @param what the word for it in messages, such as {@code rule}
   * @param entries in the order in which they are listed
   * @return the registry
   * @throws Zennit4jException if two entries have one name
   */
  public static <T> Registry<T> of(String what, Collection<Entry<T>> entries) {
    return new Registry<T>(what, new LinkedHashMap<>()).withNew(entries);
  }

  /**
   * A registry with one more entry; it replaces one of the same name.
   *
   * @param entry the entry
   * @return a new registry
   */
  public Registry<T> with(Entry<T> entry) {
    Map<String, Entry<T>> copy = new LinkedHashMap<>(entries);
    copy.put(entry.name(), entry);
    return new Registry<>(what, copy);
  }

  /**
   * A registry with more entries, of names that are not taken.
   *
   * @param more the entries
   * @return a new registry
   * @throws Zennit4jException if a name is taken
   */
  public Registry<T> withNew(Collection<Entry<T>> more) {
    Map<String, Entry<T>> copy = new LinkedHashMap<>(entries);
    for (Entry<T> entry : more) {
      Entry<T> before = copy.putIfAbsent(entry.name(), entry);
      if (before != null) {
        throw new Zennit4jException(
            "two classes have the name of "
                + what
                + " '"
                + entry.name()
                + "': "
                + before.type().getName()
                + " and "
                + entry.type().getName());
      }
    }
    return new Registry<>(what, copy);
  }

  /**
   * The names.
   *
   * @return in the order of the entries
   */
  public List<String> names() {
    return List.copyOf(entries.keySet());
  }

  /**
   * The entries.
   *
   * @return in the order in which they were added
   */
  public List<Entry<T>> entries() {
    return List.copyOf(entries.values());
  }

  /**
   * Looks for an entry.
   *
   * @param name its name
   * @return empty if there is none
   */
  public Optional<Entry<T>> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /**
   * An entry that must be there.
   *
   * @param name its name
   * @return the entry
   * @throws Zennit4jException if there is none; the message has the nearest names
   */
  public Entry<T> get(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new Zennit4jException(
                    "there is no "
                        + what
                        + " '"
                        + name
                        + "'; the nearest: "
                        + NearestNames.list(name, names())));
  }

  /**
   * Whether a value is one that the entry of this name makes.
   *
   * @param name the value's name
   * @param value the value
   * @return false where the entry is missing or makes values of another class
   */
  public boolean makes(String name, T value) {
    Entry<T> entry = entries.get(name);
    return entry != null && entry.type() == value.getClass();
  }
}
