/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.graph.ModelInput;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.TensorCast;

/**
 * What the inputs of an exported program must be. Sizes that were fixed at export are written into
 * its operators in many places, so that another size might give wrong numbers without an error.
 */
final class ExportedInputs {
  /** torch.export takes a least size of 2 for "any", since it treats 0 and 1 on their own. */
  private static final double ANY = 2;

  private record Expected(String name, ScalarType dtype, List<ExportedGraph.Size> sizes) {}

  private final List<Expected> expected = new ArrayList<>();
  private final Map<String, ExportedGraph.Range> ranges;

  ExportedInputs(ExportedGraph graph, TensorCast cast) {
    this.ranges = graph.ranges();
    for (ExportedGraph.Input input : graph.inputs()) {
      if (input.role() == ExportedGraph.Role.USER) {
        ExportedGraph.Meta meta = graph.metas().get(input.name());
        expected.add(
            meta == null
                ? new Expected(input.name(), null, null)
                : new Expected(input.name(), cast.running(meta.dtype()), meta.sizes()));
      }
    }
  }

  /** For people. */
  List<ModelInput> describe() {
    return expected.stream()
        .map(
            e ->
                new ModelInput(
                    e.name(),
                    Optional.ofNullable(e.dtype()),
                    Optional.ofNullable(e.sizes())
                        .map(
                            sizes ->
                                sizes.stream()
                                    .map(s -> s.fixed() == null ? -1L : s.fixed())
                                    .toList())))
        .toList();
  }

  /** Looks at the inputs before anything runs. */
  Instruction.Check check(int[] slots) {
    return new Instruction.Check(slots, this::check);
  }

  private void check(IValue[] values) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Long> symbols = new HashMap<>();
      for (int i = 0; i < values.length; i++) {
        Expected e = expected.get(i);
        if (e.sizes() != null && values[i].isTensor()) {
          check(i, e, values[i].toTensor(), symbols);
        }
      }
    }
  }

  private void check(int number, Expected e, Tensor tensor, Map<String, Long> symbols) {
    long[] shape = tensor.shape();
    boolean fits = shape.length == e.sizes().size();
    for (int d = 0; fits && d < shape.length; d++) {
      fits = fits(e.sizes().get(d), shape[d], symbols);
    }
    String what = "input " + number + " ('" + e.name() + "')";
    if (!fits) {
      throw new ShapeException(
          what
              + " has shape "
              + Arrays.toString(shape)
              + ", but the model was exported for "
              + text(e.sizes())
              + (fixed(e)
                  ? "; give that shape, or export the model with dynamic_shapes"
                  : "; give a shape in these limits"));
    }
    ScalarType type = tensor.scalar_type().intern();
    if (type != e.dtype()) {
      throw new ShapeException(
          what + " is of dtype " + type + ", but the model needs " + e.dtype());
    }
  }

  private static boolean fixed(Expected e) {
    return e.sizes().stream().anyMatch(s -> s.fixed() != null);
  }

  private boolean fits(ExportedGraph.Size size, long given, Map<String, Long> symbols) {
    if (size.fixed() != null) {
      return size.fixed() == given;
    }
    if (size.symbol() == null) {
      return true;
    }
    Long before = symbols.putIfAbsent(size.symbol(), given);
    ExportedGraph.Range range = ranges.get(size.symbol());
    return (before == null || before == given)
        && (range == null
            || ((range.least() <= ANY || given >= range.least()) && given <= range.most()));
  }

  private String text(List<ExportedGraph.Size> sizes) {
    List<String> words = new ArrayList<>();
    for (ExportedGraph.Size size : sizes) {
      if (size.fixed() != null) {
        words.add(Long.toString(size.fixed()));
        continue;
      }
      ExportedGraph.Range range = size.symbol() == null ? null : ranges.get(size.symbol());
      boolean limited = range != null && range.most() < Long.MAX_VALUE;
      words.add(
          size.symbol() == null
              ? "any"
              : limited ? size.symbol() + " up to " + (long) range.most() : size.symbol());
    }
    return words.toString();
  }
}
