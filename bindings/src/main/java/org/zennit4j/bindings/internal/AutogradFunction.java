/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Edge;
import org.bytedeco.pytorch.EdgeVector;
import org.bytedeco.pytorch.FunctionPostHook;
import org.bytedeco.pytorch.FunctionPreHook;
import org.bytedeco.pytorch.Node;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.Zennit4jException;

/**
 * Custom autograd functions in pure Java, with any number of inputs and outputs.
 *
 * <p>The function's node is a concatenation's, emptied of its own edges: it does nothing with an
 * undefined gradient, so a pre-hook can compute the gradients of the inputs and a post-hook deliver
 * them. One object serves one pass: it keeps the callbacks alive, and the first exception that one
 * of them threw.
 */
public final class AutogradFunction implements AutoCloseable {
  /** Computes the gradients of the inputs from those of the outputs; null stands for undefined. */
  @FunctionalInterface
  public interface Backward {
    List<Tensor> apply(List<Tensor> gradients);
  }

  private final List<Pointer> kept = new ArrayList<>();

  /**
   * Native code holds the callbacks weakly. They stay after the close, so that a graph that
   * outlives it is refused in words.
   */
  private final List<Object> callbacks = new ArrayList<>();

  private final Map<Thread, TensorVector> delivered = new ConcurrentHashMap<>();
  private TensorVector nothing;
  private Tensor seed;
  private volatile Throwable failure;
  private volatile boolean closed;

  /**
   * Connects inputs to outputs.
   *
   * @param name the layer, for errors; null where those that arise inside name theirs
   * @param inputs tensors; those that require gradients get an edge
   * @param values the outputs' values, detached
   * @param backward what to run in the backward pass
   * @return the outputs, kept: the caller releases them
   */
  public List<Tensor> apply(
      String name, List<Tensor> inputs, List<Tensor> values, Backward backward) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode on = new AutoGradMode(true)) {
      if (seed == null) {
        seed = keep(torch.zeros(1).requires_grad_(true));
        nothing = keep(new TensorVector(new Tensor()));
      }
      Tensor[] seeds = new Tensor[Math.max(1, inputs.size())];
      java.util.Arrays.fill(seeds, seed);
      Node node = torch.cat(new TensorVector(seeds), 0).grad_fn();
      Edge[] edges = new Edge[inputs.size()];
      long[][] shapes = new long[inputs.size()][];
      for (int i = 0; i < edges.length; i++) {
        Tensor input = inputs.get(i);
        edges[i] =
            input.requires_grad()
                ? new Edge(input.view_as(input).grad_fn().next_edge(0))
                : new Edge();
        shapes[i] = input.requires_grad() ? input.shape() : null;
      }
      node.set_next_edges(new EdgeVector(edges));
      node.clear_input_metadata();
      List<Tensor> outputs = new ArrayList<>();
      for (Tensor value : values) {
        Tensor output = Natives.keep(value.detach());
        torch.create_gradient_edge(output, node);
        outputs.add(output);
      }
      Callback callback = new Callback(name, shapes, backward);
      FunctionPreHook pre = callback.pre();
      FunctionPostHook post = callback.post();
      callbacks.add(pre);
      callbacks.add(post);
      // The node becomes the native owner: forget the old one first, or JavaCPP counts it until the
      // next collection.
      pre.deallocate(false);
      post.deallocate(false);
      node.add_pre_hook(pre);
      node.add_post_hook(post);
      return outputs;
    }
  }

  private <P extends Pointer> P keep(P pointer) {
    kept.add(Natives.keep(pointer));
    return pointer;
  }

  /** The exception with the layer's name in front, unless it has it already. */
  public static Zennit4jException named(String layer, Exception e) {
    if (e instanceof CancelledException cancelled) {
      return cancelled;
    }
    if (layer == null) {
      return e instanceof Zennit4jException known
          ? known
          : new Zennit4jException(NativeMessage.firstLine(e), e);
    }
    String where = "layer '" + layer + "'";
    if (e instanceof Zennit4jException known && String.valueOf(e.getMessage()).contains(where)) {
      return known;
    }
    String message = where + ": " + NativeMessage.firstLine(e);
    return e instanceof ShapeException
        ? new ShapeException(message, e)
        : new Zennit4jException(message, e);
  }

  /** Throws what a callback threw. */
  public void rethrow(RuntimeException fallback) {
    Throwable thrown = failure;
    failure = null;
    if (thrown instanceof Zennit4jException known) {
      throw known;
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown != null) {
      throw new Zennit4jException(
          thrown.getMessage(), thrown.getCause() == null ? thrown : thrown.getCause());
    }
    String line = NativeMessage.firstLine(fallback);
    Optional<String> missing = NativeMessage.withoutDerivative(line);
    if (missing.isPresent()) {
      throw new UnsupportedOperatorException(
          missing.get()
              + " has no derivative, so that no relevance gets through; if it is a fused operator,"
              + " the model was traced with gradients off: trace it again with gradients on",
          fallback);
    }
    throw new Zennit4jException("the backward pass failed: " + line, fallback);
  }

  public boolean failed() {
    return failure != null;
  }

  @Override
  public void close() {
    closed = true;
    delivered.values().forEach(Natives::release);
    delivered.clear();
    Natives.releaseAll(kept);
    kept.clear();
  }

  /** The two hooks of one node and what goes from one to the other. */
  private final class Callback {
    private final String name;
    private final long[][] shapes;
    private final Backward backward;
    private List<Tensor> results;

    Callback(String name, long[][] shapes, Backward backward) {
      this.name = name;
      this.shapes = shapes;
      this.backward = backward;
    }

    FunctionPreHook pre() {
      return new FunctionPreHook() {
        @Override
        public TensorVector apply(TensorVector gradients) {
          if (closed) {
            // A graph that was made with createGraph may outlive this object; null would crash.
            throw new ClosedException(
                "the graph of a closed attribution cannot be differentiated; keep it open until then");
          }
          compute(gradients);
          Throwable thrown = failure;
          if (thrown != null) {
            // Whoever else differentiates the graph later gets the message at least.
            throw new Zennit4jException(String.valueOf(thrown.getMessage()));
          }
          return nothing;
        }
      };
    }

    FunctionPostHook post() {
      return new FunctionPostHook() {
        @Override
        public TensorVector apply(TensorVector outputs, TensorVector inputs) {
          return deliver();
        }
      };
    }

    private void compute(TensorVector gradients) {
      results = null;
      if (failure != null) {
        return;
      }
      try (PointerScope scope = new PointerScope()) {
        List<Tensor> arrived = new ArrayList<>();
        for (long i = 0; i < gradients.size(); i++) {
          Tensor gradient = gradients.get(i);
          arrived.add(gradient.defined() ? new Tensor(gradient) : null);
        }
        List<Tensor> computed = backward.apply(arrived);
        check(computed);
        for (int i = 0; i < shapes.length; i++) {
          if (shapes[i] != null) {
            Natives.keep(computed.get(i));
          }
        }
        results = computed;
      } catch (Throwable t) {
        failure = t instanceof Exception e ? named(name, e) : t;
      }
    }

    private void check(List<Tensor> computed) {
      if (computed == null || computed.size() != shapes.length) {
        throw new ShapeException(
            "layer '"
                + name
                + "': "
                + (computed == null ? 0 : computed.size())
                + " relevances were returned for "
                + shapes.length
                + " inputs");
      }
      for (int i = 0; i < shapes.length; i++) {
        Tensor tensor = computed.get(i);
        if (shapes[i] != null
            && tensor != null
            && !java.util.Arrays.equals(tensor.shape(), shapes[i])) {
          throw new ShapeException(
              "layer '"
                  + name
                  + "': the relevance of input "
                  + i
                  + " has shape "
                  + java.util.Arrays.toString(tensor.shape())
                  + ", the input has "
                  + java.util.Arrays.toString(shapes[i]));
        }
      }
    }

    private TensorVector deliver() {
      try (PointerScope scope = new PointerScope()) {
        // Native code has copied what this thread delivered before.
        Natives.release(delivered.remove(Thread.currentThread()));
        TensorVector vector = Natives.keep(new TensorVector(shapes.length));
        if (results != null) {
          for (int i = 0; i < shapes.length; i++) {
            if (shapes[i] != null && results.get(i) != null) {
              vector.put(i, results.get(i));
              Natives.release(results.get(i));
            }
          }
        }
        results = null;
        delivered.put(Thread.currentThread(), vector);
        return vector;
      }
    }
  }
}
