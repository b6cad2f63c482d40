/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.Map;
import org.zennit4j.graph.Program;

/**
 * What a composite remembers while it is asked for the rules of one network, such as whether the
 * first layer was found. Made anew for each plan, so that composites themselves stay immutable. Not
 * thread-safe.
 */
public final class Context {
  private final Map<String, Object> values = new HashMap<>();
  private final Map<Integer, Context> children = new HashMap<>();

  private final Program program;

  /** An empty context without a network. */
  public Context() {
    this(null);
  }

  /**
   * An empty context.
   *
   * @param program the network that the composite is asked about, canonizers applied
   */
  public Context(Program program) {
    this.program = program;
  }

  /**
   * The network that the composite is asked about.
   *
   * @return the network, canonizers applied
   * @throws CompositeException if the context was made without one
   */
  public Program program() {
    if (program == null) {
      throw new CompositeException("this composite needs a context with a network");
    }
    return program;
  }

  /**
   * Reads a value.
   *
   * @param key any text
   * @return the value, or null
   */
  public Object get(String key) {
    return values.get(key);
  }

  /**
   * Remembers a value.
   *
   * @param key any text
   * @param value any object
   */
  public void put(String key, Object value) {
    values.put(key, value);
  }

  /**
   * The context of a composite's part.
   *
   * @param part the part's number
   * @return the same context for the same number
   */
  public Context part(int part) {
    return children.computeIfAbsent(part, k -> new Context(program));
  }
}
