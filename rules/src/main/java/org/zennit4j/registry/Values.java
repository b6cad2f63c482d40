/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.registry;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.zennit4j.bindings.Zennit4jException;

/** The values of an entry's arguments, defaults included. */
public final class Values {
  private final Map<String, Object> values;

  private Values(Map<String, Object> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /**
   * Completes what is given.
   *
   * @param arguments which arguments there are
   * @param given argument to value
   * @return the given values, and defaults for the others
   * @throws Zennit4jException if an argument is unknown or one that is needed is missing
   */
  public static Values of(List<Argument> arguments, Map<String, ?> given) {
    List<String> names = arguments.stream().map(Argument::name).toList();
    for (String name : given.keySet()) {
      if (!names.contains(name)) {
        throw new Zennit4jException(
            "there is no argument '" + name + "'; there are: " + String.join(", ", names));
      }
    }
    Map<String, Object> values = new HashMap<>();
    for (Argument argument : arguments) {
      if (argument.needed() && given.get(argument.name()) == null) {
        throw new Zennit4jException("argument '" + argument.name() + "' is missing");
      }
      boolean present = given.containsKey(argument.name());
      values.put(argument.name(), present ? given.get(argument.name()) : argument.standard());
    }
    return new Values(values);
  }

  /**
   * Whether there is a value.
   *
   * @param name the argument
   * @return false where the entry has no such argument or its value is null
   */
  public boolean has(String name) {
    return values.get(name) != null;
  }

  /**
   * A value of any kind.
   *
   * @param <V> the Java type of the argument's kind
   * @param name the argument
   * @param type the Java type of the argument's kind
   * @return the value, or null for none
   * @throws Zennit4jException if it is of another type
   */
  public <V> V get(String name, Class<V> type) {
    Object value = values.get(name);
    if (value != null && !type.isInstance(value)) {
      throw wrong(name, type);
    }
    return type.cast(value);
  }

  /**
   * A list.
   *
   * @param <V> the type of the items
   * @param name the argument
   * @param type the type of the items
   * @return the items; none where there is no value
   * @throws Zennit4jException if it is no list of such items
   */
  public <V> List<V> list(String name, Class<V> type) {
    if (!has(name)) {
      return List.of();
    }
    List<?> items = get(name, List.class);
    if (!items.stream().allMatch(type::isInstance)) {
      throw wrong(name, type);
    }
    return items.stream().map(type::cast).toList();
  }

  /**
   * A number.
   *
   * @param name the argument
   * @return the number
   * @throws Zennit4jException if there is none
   */
  public double number(String name) {
    return present(name, Number.class).doubleValue();
  }

  /**
   * A whole number.
   *
   * @param name the argument
   * @return the number
   * @throws Zennit4jException if there is none
   */
  public int whole(String name) {
    return present(name, Integer.class);
  }

  /**
   * A flag.
   *
   * @param name the argument
   * @return the flag
   * @throws Zennit4jException if there is none
   */
  public boolean flag(String name) {
    return present(name, Boolean.class);
  }

  /**
   * A text.
   *
   * @param name the argument
   * @return the text
   * @throws Zennit4jException if there is none
   */
  public String text(String name) {
    return present(name, String.class);
  }

  private <V> V present(String name, Class<V> type) {
    V value = get(name, type);
    if (value == null) {
      throw wrong(name, type);
    }
    return value;
  }

  /**
   * A text that is one of an enumeration's constants, in lower case.
   *
   * @param name the argument
   * @param type the enumeration
   * @param <E> the enumeration
   * @return the constant
   * @throws Zennit4jException if there is none or another one; the message has all of them
   */
  public <E extends Enum<E>> E choice(String name, Class<E> type) {
    String text = text(name);
    List<String> known = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      String own = constant.name().toLowerCase(Locale.ROOT);
      if (own.equals(text)) {
        return constant;
      }
      known.add(own);
    }
    throw new Zennit4jException(
        name + " must be one of " + String.join(", ", known) + ", not '" + text + "'");
  }

  private static Zennit4jException wrong(String name, Class<?> type) {
    return new Zennit4jException("argument '" + name + "' must be a " + type.getSimpleName());
  }
}
