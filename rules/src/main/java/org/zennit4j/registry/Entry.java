/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.registry;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Something with a name: what it is, which arguments it takes, and how it is made of them.
 *
 * @param <T> what is made, such as a rule
 * @param name its name in requests, lower case, words joined by underscores
 * @param type the class of what is made; values of it are written under this name
 * @param description one line without a full stop
 * @param arguments in the order in which they are listed
 * @param factory makes one of values that are complete
 * @param formula what is computed, on one line, with arguments in braces such as {@code {gamma}};
 *     empty where no formula is known
 */
public record Entry<T>(
    String name,
    Class<? extends T> type,
    String description,
    List<Argument> arguments,
    Function<Values, ? extends T> factory,
    String formula) {
  private static final Pattern IN_BRACES = Pattern.compile("\\{([a-z_]+)}");

  /**
   * Copies the list.
   *
   * @param name {@link #name()}
   * @param type {@link #type()}
   * @param description {@link #description()}
   * @param arguments {@link #arguments()}
   * @param factory {@link #factory()}
   * @param formula {@link #formula()}
   */
  public Entry {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(description, "description");
    Objects.requireNonNull(factory, "factory");
    Objects.requireNonNull(formula, "formula");
    arguments = List.copyOf(arguments);
  }

  /**
   * Makes an entry without a formula.
   *
   * @param name {@link #name()}
   * @param type {@link #type()}
   * @param description {@link #description()}
   * @param arguments {@link #arguments()}
   * @param factory {@link #factory()}
   */
  public Entry(
      String name,
      Class<? extends T> type,
      String description,
      List<Argument> arguments,
      Function<Values, ? extends T> factory) {
    this(name, type, description, arguments, factory, "");
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
   * The same entry with a formula.
   *
   * @param text {@link #formula()}
   * @return a copy
   */
  public Entry<T> withFormula(String text) {
    return new Entry<>(name, type, description, arguments, factory, text);
  }

  /**
   * The formula with values in the place of arguments.
   *
   * @param values argument to text; arguments that are absent stay as their names
   * @return one line
   */
  public String formula(Map<String, String> values) {
    return IN_BRACES
        .matcher(formula)
        .replaceAll(
            found -> Matcher.quoteReplacement(values.getOrDefault(found.group(1), found.group(1))));
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
