/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.ValueArrayRef;
import org.bytedeco.pytorch.graph_node_list;
import org.bytedeco.pytorch.graph_node_list_iterator;

/**
 * What is read from a graph once.
 *
 * @param names the attribute names that the graph's text holds, by the debug name of the node's
 *     output
 * @param text the graph's text
 * @param positions the order of the nodes, by address
 * @param uses where a value is used, by its number
 * @param alternatives where the second block of a condition begins and ends, by the node's address
 */
record GraphText(
    Map<String, String> names,
    String text,
    Map<Long, Integer> positions,
    Map<Long, Set<Integer>> uses,
    Map<Long, int[]> alternatives) {
  private static final Pattern NAMED =
      Pattern.compile(
          "%([^ ,:]+) : [^\\n]*? = prim::(?:GetAttr|CallMethod)\\[name=\"([^\"]*)\"\\]");

  /** Reads a graph. */
  static GraphText read(Graph graph) {
    Map<String, String> names = new HashMap<>();
    String content = graph.toString();
    Matcher matcher = NAMED.matcher(content);
    while (matcher.find()) {
      names.put(matcher.group(1), matcher.group(2));
    }
    GraphText read =
        new GraphText(names, content, new HashMap<>(), new HashMap<>(), new HashMap<>());
    try (PointerScope scope = new PointerScope()) {
      index(graph.nodes(), graph.outputs(), 0, 0, new HashSet<>(), read);
    }
    return read;
  }

  /**
   * Numbers the nodes of a block. What a loop uses stays alive until the outermost loop ends.
   *
   * @param looped the values that the outermost loop uses
   * @return the first number that is free
   */
  private static int index(
      graph_node_list nodes,
      ValueArrayRef outputs,
      int first,
      int loops,
      Set<Long> looped,
      GraphText text) {
    int next = first;
    graph_node_list_iterator it = nodes.begin();
    JitNode stop = nodes.end().multiply();
    for (JitNode node = it.multiply(); !node.equals(stop); it.increment(), node = it.multiply()) {
      int position = next++;
      text.positions().put(node.address(), position);
      use(node.inputs(), position, loops, looped, text);
      long blocks = node.blocks().size();
      int depth = loops + (blocks == 1 ? 1 : 0);
      for (long b = 0; b < blocks; b++) {
        org.bytedeco.pytorch.Block block = node.blocks().get(b);
        int start = next;
        next = index(block.nodes(), block.outputs(), next, depth, looped, text);
        if (b == 1) {
          text.alternatives().put(node.address(), new int[] {start, next});
        }
      }
      if (loops == 0 && blocks == 1) {
        int end = next++;
        looped.forEach(value -> text.uses().get(value).add(end));
        looped.clear();
      }
    }
    use(outputs, next, loops, looped, text);
    return next + 1;
  }

  private static void use(
      ValueArrayRef values, int position, int loops, Set<Long> looped, GraphText text) {
    for (long i = 0; i < values.size(); i++) {
      long value = values.get(i).unique();
      text.uses().computeIfAbsent(value, v -> new HashSet<>()).add(position);
      if (loops > 0) {
        looped.add(value);
      }
    }
  }
}
