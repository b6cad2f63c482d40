/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Region;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * A rule that is specified by a declaration on {@link BasicRule} and has a faster way on layers
 * that are one linear map. Equal rules have equal names and arguments.
 */
public abstract class DeclaredRule implements Rule {
  private final String name;
  private final Map<String, Object> arguments;

  DeclaredRule(String name, Map<String, Object> arguments) {
    this.name = name;
    this.arguments = arguments;
  }

  /**
   * What the rule means, on any layer.
   *
   * @return the declaration
   */
  public abstract BasicRule declaration();

  /**
   * Prepares the fast path for a linear map.
   *
   * @param map the layer
   * @return the function, or null for none
   */
  abstract LayerFunction fastPath(LinearMap map);

  /** The function for any layer; rules whose declaration depends on the call override it. */
  LayerFunction general(Region region) {
    return declaration().bind(region);
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final Map<String, Object> arguments() {
    return arguments;
  }

  @Override
  public boolean keepsSums() {
    return true;
  }

  @Override
  public LayerFunction bind(Region region) {
    LayerFunction general = general(region);
    LayerFunction fast = region.linearMap().map(this::fastPath).orElse(null);
    if (fast == null) {
      return general;
    }
    return new LayerFunction() {
      @Override
      public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
        boolean usable =
            !call.createGraph() && call.inputs().size() == 1 && relevance.get(0) != null;
        return (usable ? fast : general).backward(call, relevance);
      }

      @Override
      public Reads reads() {
        return fast.reads();
      }

      @Override
      public List<Tensor> prepared() {
        return fast.prepared();
      }

      @Override
      public void close() {
        fast.close();
      }
    };
  }

  @Override
  public final boolean equals(Object other) {
    return other instanceof DeclaredRule rule
        && name.equals(rule.name)
        && arguments.equals(rule.arguments);
  }

  @Override
  public final int hashCode() {
    return name.hashCode() * 31 + arguments.hashCode();
  }

  @Override
  public final String toString() {
    return name + arguments;
  }
}
