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
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Propagation;

/**
 * Runs changed copies of the inputs, several of them side by side on the batch axis, and hands
 * their relevances one by one to an accumulator, so that the result does not depend on how many run
 * at once. Copies that equal the first one, or another one beside them, are not run again.
 *
 * <p>Copy 0 is the clean one: it gives the output and the classes of top-1 targets, unless a pass
 * of its own gives them. Where nobody says how many copies run at once, it runs alone.
 */
final class ChunkedPasses {
  /** Makes a copy of the inputs; asked once for each number, in ascending order. */
  @FunctionalInterface
  interface Copies {
    List<Tensor> get(int index);
  }

  private final Attributor attributor;
  private final AttributionOptions options;
  private final List<Tensor> inputs;
  private final int wanted;
  private final long batch;
  private final long deadline;
  private Target target;
  private Tensor output;
  private List<LayerRelevance> layers = List.of();
  private int width;
  private List<Tensor> first;
  private List<Tensor> ofFirst = List.of();
  private int added;
  private int watched = -1;
  private Tensor ofWatched;
  private final List<Propagation> open = new ArrayList<>();
  private final Set<String> notes = new LinkedHashSet<>();

  ChunkedPasses(
      Attributor attributor,
      List<Tensor> inputs,
      int wanted,
      Target target,
      AttributionOptions options) {
    this.attributor = attributor;
    this.inputs = inputs;
    this.wanted = wanted;
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
      boolean automatic = wanted == BatchChoice.AUTOMATIC;
      int atOnce = automatic ? 1 : wanted;
      for (int from = 0; from < copies; ) {
        int count = Math.min(atOnce, copies - from);
        try (PointerScope scope = new PointerScope()) {
          List<List<Tensor>> made = new ArrayList<>();
          for (int k = 0; k < count; k++) {
            made.add(source.get(from + k));
          }
          if (!automatic || count == 1) {
            chunk(from, made, accumulator);
          } else if (!tried(from, made, accumulator)) {
            atOnce = 1;
          }
        }
        from += count;
        if (automatic && from == 1 && copies > 2) {
          atOnce = attributor.batchSize(wanted, inputs, output, true, options, deadline);
        }
        Attributor.progress(options, from, copies);
      }
      List<Tensor> all;
      try (PointerScope scope = new PointerScope()) {
        all = accumulator.finish();
      }
      Pass result = rebuilt(all);
      done = true;
      return result;
    } finally {
      ofFirst.forEach(Natives::release);
      if (!done) {
        accumulator.release();
        Natives.release(output);
        Natives.release(ofWatched);
        open.forEach(Propagation::close);
      }
    }
  }

  /** Keeps the output of one more copy, for {@link #watchedOutput()}. */
  void watch(int copy) {
    watched = copy;
  }

  /** What the model made of the copy that was watched; kept, and the caller's. */
  Tensor watchedOutput() {
    return ofWatched;
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

  /**
   * Runs copies side by side, or one after the other if that fails: nobody asked for the former.
   *
   * @return whether it did not fail
   */
  private boolean tried(int from, List<List<Tensor>> made, Accumulator accumulator) {
    try {
      chunk(from, made, accumulator);
      return true;
    } catch (CancelledException e) {
      throw e;
    } catch (Zennit4jException e) {
      if (added > from) {
        // They ran side by side; what failed is not that, and what was added stays.
        throw e;
      }
      for (int k = 0; k < made.size(); k++) {
        try (PointerScope scope = new PointerScope()) {
          chunk(from + k, List.of(made.get(k)), accumulator);
        }
      }
      return false;
    }
  }

  /**
   * For each copy, where what it gives is found: the number of a copy that is run, -1 for the first
   * copy of all.
   */
  private int[] distinct(List<List<Tensor>> made, List<List<Tensor>> run) {
    int[] places = new int[made.size()];
    for (int k = 0; k < places.length; k++) {
      List<Tensor> copy = made.get(k);
      if (first != null && equal(first, copy)) {
        places[k] = -1;
      } else if (k > 0 && shares() && equal(made.get(k - 1), copy)) {
        places[k] = places[k - 1];
      } else {
        places[k] = run.size();
        run.add(copy);
      }
    }
    return places;
  }

  /** Copies of equal values may differ in how they depend on the input. */
  private boolean shares() {
    return !options.createGraph();
  }

  /** Whether copies are the same; on devices, which would have to wait for the answer, never. */
  private static boolean equal(List<Tensor> some, List<Tensor> others) {
    for (int i = 0; i < some.size(); i++) {
      if (!some.get(i).is_cpu() || !some.get(i).equal(others.get(i))) {
        return false;
      }
    }
    return true;
  }

  private void chunk(int from, List<List<Tensor>> made, Accumulator accumulator) {
    List<List<Tensor>> run = new ArrayList<>();
    int[] places = distinct(made, run);
    List<List<Tensor>> found = new ArrayList<>();
    Pass pass = run.isEmpty() ? null : pass(from, run, found);
    try {
      for (int k = 0; k < places.length; k++) {
        List<Tensor> parts = places[k] < 0 ? ofFirst : found.get(places[k]);
        if (from + k == 0 && shares()) {
          first = inputs(made.get(0));
          ofFirst = Attributor.copies(parts);
        }
        if (from + k == watched) {
          Tensor own =
              places[k] < 0
                  ? output
                  : part(pass.output(), places[k], run.size(), batch, "the output");
          ofWatched = Natives.keep(own(own, run.size()));
        }
        added++;
        accumulator.add(from + k, parts);
      }
    } finally {
      if (pass != null) {
        pass.releaseTensors();
      }
    }
  }

  /** The first copy, if it is what was given: others are freed with their chunk. */
  private List<Tensor> inputs(List<Tensor> copy) {
    return copy.equals(inputs) ? inputs : null;
  }

  /** Runs copies; what they give is added to a list, one entry for each. */
  private Pass pass(int from, List<List<Tensor>> made, List<List<Tensor>> found) {
    int count = made.size();
    Pass pass =
        attributor.pass(join(made, batch), result -> seed(result, count), options, deadline);
    boolean done = false;
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
        found.add(parts);
      }
      open.addAll(pass.propagations());
      notes.addAll(pass.notes());
      done = true;
      return pass;
    } finally {
      if (!done) {
        pass.release();
      }
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
