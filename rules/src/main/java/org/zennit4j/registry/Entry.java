/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.registry;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Something with a name: what it is, which arguments it takes, and how it is made of them.
 *
 * @param <T> what is made, such as a rule
 * @param name its name in requests, lower case, words joined by underscores
 * @param type the class of what is made; values of it are written under this name
 * @param description one line without a full stop
 * @param arguments in the order in which they are listed
 * @param factory makes one of values that are complete
 */
public record Entry<T>(
    String name,
    Class<? extends T> type,
    String description,
    List<Argument> arguments,
    Function<Values, ? extends T> factory) {
  /**
   * Copies the list.
   *
   * @param name {@link #name()}
   * @param type {@link #type()}
   * @param description {@link #description()}
   * @param arguments {@link #arguments()}
   * @param factory {@link #factory()}
   */
  public Entry {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(description, "description");
    Objects.requireNonNull(factory, "factory");
    arguments = List.copyOf(arguments);
  }

  /**
   * Makes an entry.
   *
   * @param <T> what is made
   * @param name {@link #name()}
   * @param type {@link #type()}
   * @param description {@link #description()}
   * @param factory {@link #factory()}
   * @param arguments {@link #arguments()}
   * @return the entry
   */
  public static <T> Entry<T> of(
      String name,
      Class<? extends T> type,
      String description,
      Function<Values, ? extends T> factory,
      Argument... arguments) {
    return new Entry<>(name, type, description, List.of(arguments), factory);
  }

  /**
   * Makes what the entry stands for.
   *
   * @param given argument to value; defaults for those that are absent
   * @return a new value
   * @throws org.zennit4j.bindings.Zennit4jException if an argument is unknown, missing or wrong
   */
  public T create(Map<String, ?> given) {
    return factory.apply(Values.of(arguments, given));
  }

  /**
   * The names of the arguments.
   *
   * @return in the order in which they are listed
   */
  public List<String> argumentNames() {
    return arguments.stream().map(Argument::name).toList();
  }

  /**
   * Whether it can be made of nothing.
   *
   * @return true where no argument is needed
   */
  public boolean isPlain() {
    return arguments.stream().noneMatch(Argument::needed);
  }
}
