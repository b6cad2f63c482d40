/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.List;
import java.util.Set;
import org.zennit4j.graph.ir.LayerTypes;

/**
 * Something that a rule can be given to: a module of the model, a sum that a canonizer made, or a
 * functional operator. A module that is called several times is one layer with several {@link
 * Region}s.
 *
 * <p>Immutable, comparable by identity of its program.
 */
public final class Layer {
  private final String name;
  private final String className;
  private final Set<String> types;
  private final List<String> parameters;
  private final boolean functional;
  private final boolean leaf;

  Layer(
      String name,
      String className,
      Set<String> types,
      List<String> parameters,
      boolean functional,
      boolean leaf) {
    this.name = name;
    this.className = className;
    this.types = Set.copyOf(types);
    this.parameters = List.copyOf(parameters);
    this.functional = functional;
    this.leaf = leaf;
  }

  /**
   * The layer's name.
   *
   * @return the module path such as {@code features.3}, "" for the root, {@code path/relu#0} for a
   *     functional operator
   */
  public String name() {
    return name;
  }

  /**
   * The class of the module, without TorchScript's prefix and mangling.
   *
   * @return such as {@code torch.nn.modules.conv.Conv2d}; for a functional operator its name, such
   *     as {@code aten::relu}
   */
  public String className() {
    return className;
  }

  /**
   * The types that the layer belongs to: Zennit's ({@code Convolution}, {@code Activation}, ...)
   * and, for the classes that have subclasses, {@code torch.nn.Linear} and {@code torch.nn.ReLU}.
   *
   * @return the names, perhaps none
   */
  public Set<String> types() {
    return types;
  }

  /**
   * The names of the layer's own parameters.
   *
   * @return such as {@code weight}, {@code bias}
   */
  public List<String> parameters() {
    return parameters;
  }

  /**
   * Whether this is an operator that no module stands for.
   *
   * @return true for {@code F.relu} and the like
   */
  public boolean functional() {
    return functional;
  }

  /**
   * Whether the module has no children.
   *
   * @return false for containers
   */
  public boolean leaf() {
    return leaf;
  }

  /**
   * A type with those that a layer of this type has too.
   *
   * @param type one of Zennit's types, {@code torch.nn.Linear} or {@code torch.nn.ReLU}
   * @return such as {@code Linear}, {@code Convolution} and {@code ConvolutionStandard} for {@code
   *     Convolution}
   */
  public static Set<String> typesWith(String type) {
    return LayerTypes.withParents(type);
  }

  /**
   * Whether an entry of a layer map matches this layer.
   *
   * @param type one of Zennit's types, or {@code torch.nn.} and a class of PyTorch, or a whole
   *     class name; for functional operators also a type of {@link Operators.Info#types()} or the
   *     operator's name, in place or not
   * @return true if the layer is of this type
   */
  public boolean matches(String type) {
    return types.contains(type)
        || type.equals(className)
        || type.equals(LayerTypes.publicName(className))
        || (functional && Operators.isInPlace(className) && type.equals(outOfPlace()));
  }

  private String outOfPlace() {
    return className.substring(0, className.length() - 1);
  }

  @Override
  public String toString() {
    return (name.isEmpty() ? "(root)" : name) + " (" + LayerTypes.publicName(className) + ")";
  }
}
