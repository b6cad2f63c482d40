/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.runtime.LayerRelevance;

/**
 * The layers whose relevances a case asks for: by name, by name and call ({@code relu#1}), or by a
 * pattern with {@code *}.
 */
final class LayerSelection {
  private static final Pattern CALL = Pattern.compile("(.*)#(\\d+)", Pattern.DOTALL);

  /** Layers all of whose calls are wanted. */
  private final Set<String> whole = new HashSet<>();

  /** Layer to the calls of it that are wanted. */
  private final Map<String, Set<Integer>> calls = new HashMap<>();

  private final List<Predicate<String>> patterns = new ArrayList<>();

  /** Layers that have to be found, since they were asked for by name. */
  private final Set<String> named = new LinkedHashSet<>();

  private LayerSelection() {}

  /**
   * Reads the key layers; without it, the layers whose relevances are expected.
   *
   * @param program the network that will run, canonized
   */
  static LayerSelection of(JsonObject json, Program program) {
    return of(json, program, /* complete= */ true);
  }

  /** The same where canonizers may add layers that the program does not have. */
  static LayerSelection unchecked(JsonObject json, Program program) {
    return of(json, program, /* complete= */ false);
  }

  private static LayerSelection of(JsonObject json, Program program, boolean complete) {
    LayerSelection selection = new LayerSelection();
    List<String> wanted = new ArrayList<>();
    if (json.has("layers")) {
      wanted.addAll(json.strings("layers"));
    } else {
      JsonNode expected = json.has("expect") ? json.get("expect").get("layers") : null;
      if (expected != null) {
        expected.fieldNames().forEachRemaining(wanted::add);
      }
    }
    if (wanted.isEmpty()) {
      return selection;
    }
    Set<String> known = new LinkedHashSet<>();
    Stream.concat(program.layers().stream(), program.functionalLayers().stream())
        .forEach(layer -> known.add(layer.name()));
    wanted.forEach(name -> selection.add(name, known, complete));
    return selection;
  }

  private void add(String name, Set<String> known, boolean complete) {
    Matcher call = CALL.matcher(name);
    if (known.contains(name)) {
      whole.add(name);
      named.add(name);
    } else if (call.matches() && known.contains(call.group(1))) {
      calls
          .computeIfAbsent(call.group(1), k -> new HashSet<>())
          .add(Integer.valueOf(call.group(2)));
      named.add(call.group(1));
    } else if (Glob.isPattern(name) && (!complete || known.stream().anyMatch(Glob.of(name)))) {
      patterns.add(Glob.of(name));
    } else if (!complete) {
      whole.add(name);
      named.add(name);
    } else {
      throw new RequestException(
          Npy.printable(
              "case.layers: there is no layer '"
                  + name
                  + "'; the nearest: "
                  + NearestNames.list(name, known)));
    }
  }

  private boolean isWhole(String name) {
    return whole.contains(name) || patterns.stream().anyMatch(pattern -> pattern.test(name));
  }

  boolean contains(Layer layer) {
    return isWhole(layer.name()) || calls.containsKey(layer.name());
  }

  void write(List<LayerRelevance> found, ScalarType dtype, CaseFolder folder) {
    Map<String, Integer> counts = new HashMap<>();
    found.forEach(layer -> counts.merge(layer.layer(), 1, Integer::sum));
    for (String name : named) {
      int count = counts.getOrDefault(name, 0);
      if (count == 0) {
        throw new RequestException(
            Npy.printable(
                "case.layers: '"
                    + name
                    + "' did not run as a layer: it is never called, or inside a layer with a"
                    + " rule"));
      }
      for (int call : calls.getOrDefault(name, Set.of())) {
        if (call >= count) {
          throw new RequestException(
              Npy.printable("case.layers: '" + name + "' is called " + count + " times only"));
        }
      }
    }
    for (LayerRelevance layer : found) {
      String name = layer.layer();
      boolean wanted = isWhole(name) || calls.getOrDefault(name, Set.of()).contains(layer.call());
      if (wanted) {
        // Names of functional operators hold a slash, names of modules never a hyphen.
        String suffix = counts.get(name) == 1 ? "" : "#" + layer.call();
        String prefix = "layer." + name.replace('/', '-') + suffix;
        write(prefix + ".input", layer.inputs(), dtype, folder);
        write(prefix + ".output", layer.outputs(), dtype, folder);
      }
    }
  }

  private static void write(
      String name, List<Tensor> tensors, ScalarType dtype, CaseFolder folder) {
    if (tensors.size() == 1) {
      if (tensors.get(0) != null) {
        folder.array(name, NdArray.of(tensors.get(0).to(dtype)));
      }
      return;
    }
    boolean equal =
        tensors.stream().allMatch(Objects::nonNull)
            && tensors.stream().allMatch(t -> Arrays.equals(t.shape(), tensors.get(0).shape()));
    if (equal && !tensors.isEmpty()) {
      TensorVector all = new TensorVector(tensors.toArray(Tensor[]::new));
      folder.array(name, NdArray.of(torch.stack(all, -1).to(dtype)));
      return;
    }
    for (int i = 0; i < tensors.size(); i++) {
      if (tensors.get(i) != null) {
        folder.array(name + "." + i, NdArray.of(tensors.get(i).to(dtype)));
      }
    }
  }
}
