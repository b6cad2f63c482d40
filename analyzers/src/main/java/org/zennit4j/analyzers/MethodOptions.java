/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.zennit4j.bindings.Zennit4jException;

/**
 * What a caller sets beside a method name, for instance {@code MethodOptions.of("epsilon",
 * 0.1).with("start", "one")}.
 *
 * <p>Values are numbers, text, flags, lists or arrays of them, or objects such as tensors. Keys may
 * be synonyms. A key that no method has, or a value of the wrong kind or out of range, is refused
 * at once; whether a method uses an option is checked by {@link ResolvedMethod#of}. A null value
 * means that the option is not set. Immutable and thread-safe; tensors are neither copied nor
 * closed.
 */
public final class MethodOptions {
  private static final MethodOptions NONE = new MethodOptions(new EnumMap<>(MethodOption.class));

  private final Map<MethodOption, Object> values;

  private MethodOptions(Map<MethodOption, Object> values) {
    this.values = values;
  }

  /**
   * Returns no options at all.
   *
   * @return the empty options
   */
  public static MethodOptions none() {
    return NONE;
  }

  /**
   * Returns a single option.
   *
   * @param key the option's key or a synonym
   * @param value its value
   * @return the option
   */
  public static MethodOptions of(String key, Object value) {
    return NONE.with(key, value);
  }

  /**
   * Returns the options of a map.
   *
   * @param values keys or synonyms, each option at most once, and their values
   * @return the options
   */
  public static MethodOptions from(Map<String, ?> values) {
    MethodOptions result = NONE;
    for (Map.Entry<String, ?> entry : values.entrySet()) {
      MethodOption option = MethodOption.of(entry.getKey());
      if (result.values.containsKey(option)) {
        throw new Zennit4jException(
            "option " + option.key() + " is given twice, also as " + Texts.quote(entry.getKey()));
      }
      result = result.with(option, entry.getValue());
    }
    return result;
  }

  /**
   * Returns these options and another one, which replaces its earlier value.
   *
   * @param key the option's key or a synonym
   * @param value its value; null unsets the option
   * @return new options
   */
  public MethodOptions with(String key, Object value) {
    return with(MethodOption.of(key), value);
  }

  /**
   * Returns these options and another one, which replaces its earlier value.
   *
   * @param option the option
   * @param value its value; null unsets the option
   * @return new options
   */
  public MethodOptions with(MethodOption option, Object value) {
    Map<MethodOption, Object> copy = new EnumMap<>(values);
    if (value == null) {
      copy.remove(option);
    } else {
      copy.put(option, option.convert(value));
    }
    return new MethodOptions(copy);
  }

  /**
   * Returns these options and another one whose value is read from text, as on a command line:
   * {@code 0.1}, {@code true}, {@code -1,-2,-3}, {@code strict}.
   *
   * @param key the option's key or a synonym
   * @param text its value as text
   * @return new options
   */
  public MethodOptions withText(String key, String text) {
    MethodOption option = MethodOption.of(key);
    return with(option, option.read(text));
  }

  /**
   * Returns these options and others, which replace those of the same key.
   *
   * @param others options that win
   * @return new options
   */
  public MethodOptions with(MethodOptions others) {
    Map<MethodOption, Object> copy = new EnumMap<>(values);
    copy.putAll(others.values);
    return new MethodOptions(copy);
  }

  /**
   * Returns the value of an option.
   *
   * @param key the option's key or a synonym
   * @return the value; empty where it is not set
   */
  public Optional<Object> get(String key) {
    return get(MethodOption.of(key));
  }

  /**
   * Returns the value of an option.
   *
   * @param option the option
   * @return the value; empty where it is not set
   */
  public Optional<Object> get(MethodOption option) {
    return Optional.ofNullable(values.get(option));
  }

  /**
   * Returns whether an option is set.
   *
   * @param option the option
   * @return true if it has a value
   */
  public boolean has(MethodOption option) {
    return values.containsKey(option);
  }

  /**
   * Returns the options that are set.
   *
   * @return an unmodifiable set
   */
  public Set<MethodOption> options() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /**
   * Returns whether no option is set.
   *
   * @return true for {@link #none()}
   */
  public boolean isEmpty() {
    return values.isEmpty();
  }

  /**
   * Returns the options by key, without synonyms.
   *
   * @return an unmodifiable map
   */
  public Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    values.forEach((option, value) -> map.put(option.key(), value));
    return Collections.unmodifiableMap(map);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MethodOptions options && values.equals(options.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  /** Returns keys and values, of tensors and other objects the class only. */
  @Override
  public String toString() {
    return values.entrySet().stream()
        .map(entry -> entry.getKey().key() + "=" + Texts.show(entry.getValue()))
        .collect(Collectors.joining(", ", "{", "}"));
  }
}
