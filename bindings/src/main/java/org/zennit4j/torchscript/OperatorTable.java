/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.Operation;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.graph.ir.Derivatives;
import org.zennit4j.graph.ir.Operator;

/** LibTorch's operators, each looked up once for a model. */
final class OperatorTable {
  private final Map<String, Operator> operators = new HashMap<>();
  private final List<Pointer> resources;

  /**
   * Makes an empty table.
   *
   * @param resources receives what the program has to release
   */
  OperatorTable(List<Pointer> resources) {
    this.resources = resources;
  }

  /** The operator that a node calls, or null if LibTorch has none. */
  Operator operator(JitNode node, String kind) {
    FunctionSchema schema = node.maybeSchema();
    boolean known = schema != null && !schema.isNull();
    String key =
        known && kind.startsWith("aten::") ? kind + "." + text(schema.overload_name()) : null;
    if (key != null && operators.containsKey(key)) {
      return operators.get(key);
    }
    Operation operation;
    try {
      operation = node.getOperation();
    } catch (RuntimeException e) {
      return null;
    }
    if (operation == null || operation.isNull() || !operation.asBoolean()) {
      return null;
    }
    Natives.keep(operation);
    resources.add(operation);
    Operator result =
        new Operator(
            kind,
            known ? argumentNames(schema) : List.of(),
            known && schema.is_vararg(),
            operation,
            known && Derivatives.isMissing(kind, text(schema.overload_name())));
    if (key != null) {
      operators.put(key, result);
    }
    return result;
  }

  /** The out-of-place twin of an in-place operator, or null. */
  Operator twin(String kind, String overload) {
    String name = kind.substring(0, kind.length() - 1);
    String key = name + "." + overload;
    if (operators.containsKey(key)) {
      return operators.get(key);
    }
    org.bytedeco.pytorch.Operator found = torch.findOperatorFor(new OperatorName(name, overload));
    if (found == null || found.isNull() || !found.hasOperation()) {
      return null;
    }
    Operation operation = Natives.keep(found.getOperation());
    resources.add(operation);
    Operator result = new Operator(name, argumentNames(found.schema()), false, operation, false);
    operators.put(key, result);
    return result;
  }

  private static List<String> argumentNames(FunctionSchema schema) {
    List<String> names = new ArrayList<>();
    Argument arguments = schema.arguments();
    for (long i = 0; arguments != null && i < arguments.limit(); i++) {
      names.add(text(arguments.getPointer(i).name()));
    }
    return names;
  }

  static String text(org.bytedeco.javacpp.BytePointer pointer) {
    return pointer == null || pointer.isNull() ? "" : pointer.getString();
  }
}
