/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.ValueArrayRef;
import org.bytedeco.pytorch.graph_node_list;
import org.bytedeco.pytorch.graph_node_list_iterator;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Trait;

/** Which lists of literals something may change; such lists cannot be shared. */
final class ListLiterals {
  private ListLiterals() {}

  /**
   * Whether something may change a list.
   *
   * @param node where the list is made
   * @param text what is known about the graph
   */
  static boolean mayBeWritten(JitNode node, GraphText text) {
    String graph = text.text();
    if (Operators.with(Trait.WRITES_LIST).stream()
        .noneMatch(writer -> graph.contains("::" + writer + "("))) {
      return false;
    }
    return !harmless(node.owningGraph(), node.owningGraph().nodes(), node.output().unique());
  }

  /** Whether a value is given to operators only, to none that changes or keeps it. */
  private static boolean harmless(Graph graph, graph_node_list nodes, long value) {
    graph_node_list_iterator it = nodes.begin();
    JitNode stop = nodes.end().multiply();
    for (JitNode user = it.multiply(); !user.equals(stop); it.increment(), user = it.multiply()) {
      ValueArrayRef inputs = user.inputs();
      for (long i = 0; i < inputs.size(); i++) {
        if (inputs.get(i).unique() != value) {
          continue;
        }
        FunctionSchema schema = user.maybeSchema();
        boolean operator = schema != null && !schema.isNull();
        if (!operator || i >= schema.arguments().limit() || marked(schema.arguments(), i)) {
          return false;
        }
      }
      for (long b = 0; b < user.blocks().size(); b++) {
        org.bytedeco.pytorch.Block block = user.blocks().get(b);
        boolean branch = user.kind().toQualString().getString().equals("prim::If");
        for (long i = 0; i < block.outputs().size(); i++) {
          boolean leaves = block.outputs().get(i).unique() == value;
          if (leaves && !(branch && harmless(graph, graph.nodes(), user.output(i).unique()))) {
            return false;
          }
        }
        if (!harmless(graph, block.nodes(), value)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether a schema says of an argument that it shares memory or is written to. */
  static boolean marked(Argument arguments, long i) {
    org.bytedeco.pytorch.AliasInfo info = arguments.getPointer(i).alias_info();
    return info != null && !info.isNull();
  }
}
