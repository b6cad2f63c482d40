/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ObjIntConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attributor.Pass;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Propagation;

/**
 * Runs changed copies of the inputs, several of them side by side on the batch axis, and hands
 * their relevances one by one to an accumulator, so that the result does not depend on how many run
 * at once.
 *
 * <p>Copy 0 is the clean one: it gives the output and the classes of top-1 targets, unless a pass
 * of its own gives them.
 */
final class ChunkedPasses {
  /** Makes a copy of the inputs; asked once for each number, in ascending order. */
  @FunctionalInterface
  interface Copies {
    List<Tensor> get(int index);
  }

  private final Attributor attributor;
  private final AttributionOptions options;
  private final int perPass;
  private final long batch;
  private final long deadline;
  private Target target;
  private Tensor output;
  private List<LayerRelevance> layers = List.of();
  private int width;
  private final List<Propagation> open = new ArrayList<>();
  private final Set<String> notes = new LinkedHashSet<>();

  ChunkedPasses(
      Attributor attributor,
      List<Tensor> inputs,
      int perPass,
      Target target,
      AttributionOptions options) {
    this.attributor = attributor;
    this.perPass = perPass;
    this.target = target;
    this.options = options;
    this.deadline = Attributor.deadline(options);
    this.batch = batch(inputs);
  }

  /** The inputs without history, unless the relevance is to be differentiated. */
  static List<Tensor> prepared(List<Tensor> inputs, AttributionOptions options) {
    List<Tensor> result = new ArrayList<>();
    for (Tensor input : inputs) {
      if (input.isNull()) {
        throw new ClosedException("an input tensor was closed before it was used");
      }
      if (!input.defined()) {
        throw new ShapeException("input " + result.size() + " is an undefined tensor");
      }
      result.add(options.createGraph() ? input : input.detach());
    }
    Attributor.refuseIndices(result);
    return result;
  }

  static long batch(List<Tensor> inputs) {
    return inputs.isEmpty() || inputs.get(0).dim() == 0 ? -1 : inputs.get(0).size(0);
  }

  /** Puts copies side by side; all inputs need the same batch axis. */
  static List<Tensor> join(List<List<Tensor>> copies, long batch) {
    if (copies.size() == 1) {
      return copies.get(0);
    }
    List<Tensor> joined = new ArrayList<>();
    for (int i = 0; i < copies.get(0).size(); i++) {
      TensorVector parts = new TensorVector(copies.size());
      for (int k = 0; k < copies.size(); k++) {
        Tensor part = copies.get(k).get(i);
        if (part.dim() == 0 || part.size(0) != batch) {
          throw new ShapeException(
              "several copies run at once only if all inputs have the same batch axis, but input "
                  + i
                  + " has shape "
                  + Arrays.toString(part.shape())
                  + " in a batch of "
                  + batch
                  + "; use a batch size of 1");
        }
        parts.put(k, part);
      }
      joined.add(torch.cat(parts, 0));
    }
    return joined;
  }

  /** Runs copies forward side by side, and hands the output of each, with its number, on. */
  static void forward(
      Attributor attributor,
      List<List<Tensor>> copies,
      long batch,
      AttributionOptions options,
      long deadline,
      ObjIntConsumer<Tensor> use) {
    attributor.forward(
        join(copies, batch),
        options,
        deadline,
        result -> {
          for (int k = 0; k < copies.size(); k++) {
            use.accept(part(result, k, copies.size(), batch, "the output"), k);
          }
        });
  }

  /**
   * A number for each sample: the sum of what stands in its part of the batch axis.
   *
   * @param tensor of the output's shape
   * @param who needs it, for the message
   */
  static Tensor perSample(Tensor tensor, long batch, String who) {
    if (tensor.dim() == 0 || tensor.size(0) != batch) {
      throw new ShapeException(
          who
              + " needs an output for each sample, but the output has shape "
              + Arrays.toString(tensor.shape())
              + " in a batch of "
              + batch);
    }
    return tensor.reshape(batch, -1).sum(1);
  }

  /** The part of a joined tensor that belongs to one copy. */
  static Tensor part(Tensor tensor, int index, int count, long batch, String what) {
    if (count == 1) {
      return tensor;
    }
    if (tensor.dim() == 0 || tensor.size(0) != batch * count) {
      throw new ShapeException(
          what
              + " has shape "
              + Arrays.toString(tensor.shape())
              + ", which does not begin with the batch of "
              + count
              + " copies of "
              + batch
              + "; use a batch size of 1");
    }
    return tensor.narrow(0, index * batch, batch);
  }

  /**
   * Runs all copies, the clean one first; the result holds what the accumulator makes of their
   * relevances, all kept. Needs a scope around it.
   */
  Pass run(int copies, Copies source, Accumulator accumulator) {
    boolean done = false;
    try {
      for (int from = 0; from < copies; from += perPass) {
        int count = Math.min(perPass, copies - from);
        try (PointerScope scope = new PointerScope()) {
          chunk(from, count, source, accumulator);
        }
        Attributor.progress(options, from + count, copies);
      }
      List<Tensor> all;
      try (PointerScope scope = new PointerScope()) {
        all = accumulator.finish();
      }
      Pass result = rebuilt(all);
      done = true;
      return result;
    } finally {
      if (!done) {
        accumulator.release();
        Natives.release(output);
        open.forEach(Propagation::close);
      }
    }
  }

  /** Gives output and classes by a pass of their own: no copy is clean. */
  void runClean(List<Tensor> inputs) {
    attributor.forward(
        inputs,
        options,
        deadline,
        result -> {
          target = target.resolve(result);
          output = Natives.keep(new Tensor(result));
        });
  }

  private void chunk(int from, int count, Copies source, Accumulator accumulator) {
    List<List<Tensor>> made = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      made.add(source.get(from + k));
    }
    Pass pass =
        attributor.pass(join(made, batch), result -> seed(result, count), options, deadline);
    open.addAll(pass.propagations());
    notes.addAll(pass.notes());
    try {
      List<Tensor> flat = flat(pass);
      if (from == 0) {
        layers = pass.layers();
        width = pass.relevances().size();
        if (output == null) {
          output = Natives.keep(own(part(pass.output(), 0, count, batch, "the output"), count));
        }
      } else if (!sameCalls(pass.layers())) {
        throw new ShapeException(
            "the copies run through different layers, so that their relevances there have no mean");
      }
      for (int k = 0; k < count; k++) {
        List<Tensor> parts = new ArrayList<>();
        for (Tensor tensor : flat) {
          Tensor part = tensor == null ? null : part(tensor, k, count, batch, "a relevance");
          parts.add(part == null || from + k > 0 ? part : own(part, count));
        }
        accumulator.add(from + k, parts);
      }
    } finally {
      pass.releaseTensors();
    }
  }

  private Tensor seed(Tensor result, int count) {
    TensorVector seeds = new TensorVector(count);
    for (int k = 0; k < count; k++) {
      Tensor part = part(result, k, count, batch, "the output");
      target = target.resolve(part);
      seeds.put(k, target.apply(part));
    }
    return count == 1 ? new Tensor(seeds.get(0)) : torch.cat(seeds, 0);
  }

  /** A tensor of its own, so that the rest of the chunk can be freed. */
  private Tensor own(Tensor part, int count) {
    return count == 1 || options.createGraph() ? new Tensor(part) : part.clone();
  }

  private boolean sameCalls(List<LayerRelevance> others) {
    if (others.size() != layers.size()) {
      return false;
    }
    for (int i = 0; i < others.size(); i++) {
      if (!others.get(i).layer().equals(layers.get(i).layer())) {
        return false;
      }
    }
    return true;
  }

  private static List<Tensor> flat(Pass pass) {
    List<Tensor> all = new ArrayList<>(pass.relevances());
    for (LayerRelevance layer : pass.layers()) {
      all.addAll(layer.inputs());
      all.addAll(layer.outputs());
    }
    return all;
  }

  private Pass rebuilt(List<Tensor> all) {
    List<LayerRelevance> result = new ArrayList<>();
    int at = width;
    for (LayerRelevance layer : layers) {
      int in = at + layer.inputs().size();
      int end = in + layer.outputs().size();
      result.add(
          new LayerRelevance(
              layer.layer(),
              layer.call(),
              new ArrayList<>(all.subList(at, in)),
              new ArrayList<>(all.subList(in, end))));
      at = end;
    }
    return new Pass(
        output,
        new ArrayList<>(all.subList(0, width)),
        result,
        List.copyOf(open),
        List.copyOf(notes));
  }
}
