/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.bindings.Layer;
import org.zennit4j.bindings.LayerRelevance;
import org.zennit4j.bindings.Program;
import org.zennit4j.requests.NdArray;

/** Writes the relevances at layers. */
final class LayerFiles {
  private final List<String> layers;

  /** Complains about names that no layer has. */
  LayerFiles(Program program, List<String> layers) {
    this.layers = layers;
    List<String> known =
        Stream.concat(program.layers().stream(), program.functionalLayers().stream())
            .map(Layer::name)
            .toList();
    for (String name : layers) {
      if (!known.contains(name)) {
        throw new UsageException(
            "there is no layer '"
                + name
                + "'; the nearest: "
                + String.join(", ", Nearest.to(name, known, 3))
                + " (zennit4j inspect lists all)");
      }
    }
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
  private static void write(Path file, String stem, List<Tensor> tensors, List<String> written) {
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

  private static void write(Path file, String suffix, Tensor tensor, List<String> written) {
    Path target = ExplainCommand.withSuffix(file, suffix);
    Outputs.array(target, NdArray.of(tensor));
    written.add(target + " " + Arrays.toString(tensor.shape()));
  }
}
