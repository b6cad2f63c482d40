/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.requests.NdArray;
import org.zennit4j.runtime.LayerRelevance;

/** Writes the relevances at layers. */
final class LayerFiles {
  private final List<String> layers;
  private final NamedFiles read;

  /**
   * Finds the layers that were asked for.
   *
   * @param wanted names, or patterns in which {@code *} stands for any text
   * @param read what must not be overwritten
   */
  LayerFiles(Program program, List<String> wanted, NamedFiles read) {
    this.read = read;
    List<String> known =
        Stream.concat(program.layers().stream(), program.functionalLayers().stream())
            .map(Layer::name)
            .toList();
    Set<String> found = new LinkedHashSet<>();
    for (String name : wanted) {
      List<String> matching =
          name.contains("*")
              ? known.stream().filter(pattern(name).asMatchPredicate()).toList()
              : known.stream().filter(name::equals).toList();
      if (matching.isEmpty()) {
        throw new UsageException(
            "there is no layer '"
                + name
                + "'; the nearest: "
                + NearestNames.list(name.replace("*", ""), known)
                + " (zennit4j inspect lists all)");
      }
      found.addAll(matching);
    }
    this.layers = List.copyOf(found);
  }

  private static Pattern pattern(String glob) {
    return Pattern.compile(
        Arrays.stream(glob.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
  }

  /** The whole names of the layers. */
  String[] names() {
    return layers.toArray(String[]::new);
  }

  /** Writes R.layer.NAME.input.npy and .output.npy; a layer that is called often has a #k. */
  List<String> write(Attribution result, Path file) {
    List<String> written = new ArrayList<>();
    for (String name : layers) {
      List<LayerRelevance> calls =
          result.layers().stream().filter(l -> l.layer().equals(name)).toList();
      for (LayerRelevance call : calls) {
        String suffix = calls.size() == 1 ? "" : "#" + call.call();
        String stem = ".layer." + name.replace('/', '_') + suffix;
        write(file, stem + ".input", call.inputs(), written);
        write(file, stem + ".output", call.outputs(), written);
      }
    }
    return written;
  }

  /** Several of one shape are stacked on a new last axis, others numbered. */
  private void write(Path file, String stem, List<Tensor> tensors, List<String> written) {
    List<Tensor> there = tensors.stream().filter(Objects::nonNull).toList();
    if (there.isEmpty()) {
      return;
    }
    boolean equal =
        there.size() == tensors.size()
            && there.stream().allMatch(t -> Arrays.equals(t.shape(), there.get(0).shape()));
    if (there.size() > 1 && !equal) {
      for (int i = 0; i < tensors.size(); i++) {
        if (tensors.get(i) != null) {
          write(file, stem + "." + i, tensors.get(i), written);
        }
      }
      return;
    }
    Tensor one =
        there.size() == 1
            ? there.get(0)
            : torch.stack(new TensorVector(there.toArray(Tensor[]::new)), -1);
    write(file, stem, one, written);
  }

  private void write(Path file, String suffix, Tensor tensor, List<String> written) {
    Path target = ExplainCommand.withSuffix(file, suffix);
    read.protect(target);
    Outputs.array(target, NdArray.of(tensor));
    written.add(target + " " + Arrays.toString(tensor.shape()));
  }
}
