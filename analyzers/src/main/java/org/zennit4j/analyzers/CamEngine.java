/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Positions;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/** Grad-CAM: the maps of a layer, weighted by their mean gradients. */
final class CamEngine implements Engine {
  private static final int REMEMBERED = 64;

  private final ScriptModel model;
  private final Program program;

  /** The calls of the layer that was named; empty if the layer is to be found. */
  private final List<Region> named;

  /** The convolutions in the order of execution, and what is taken for each of them. */
  private final Map<Region, Region> candidates;

  private final Map<String, Region> found = new ConcurrentHashMap<>();

  CamEngine(ScriptModel model, Optional<String> layer) {
    this.program = model.program();
    DataFlow flow = program.dataFlow();
    this.named = layer.map(this::calls).orElse(List.of());
    Map<Region, Region> map = new java.util.LinkedHashMap<>();
    for (Region operator : flow.operators()) {
      if (Operators.of(operator).is(Operators.Kind.CONVOLUTION)) {
        map.put(operator, follow(flow, operator));
      }
    }
    this.candidates = Collections.unmodifiableMap(map);
    if (named.isEmpty() && candidates.isEmpty()) {
      throw new Zennit4jException(
          "grad_cam needs a convolution, but the model has none; name a layer with channels and"
              + " space by the option target_layer");
    }
    this.model = model.retain();
  }

  private List<Region> calls(String name) {
    Optional<Layer> layer = program.layer(name);
    if (layer.isEmpty()) {
      Set<String> names = new TreeSet<>();
      program.layers().forEach(l -> names.add(l.name()));
      program.functionalLayers().forEach(l -> names.add(l.name()));
      names.remove("");
      throw new Zennit4jException(
          "there is no layer "
              + Texts.quote(name)
              + "; nearest: "
              + NearestNames.list(name, names));
    }
    List<Region> regions = program.regions(layer.get());
    if (regions.isEmpty()) {
      throw new Zennit4jException("layer " + Texts.quote(name) + " is never called");
    }
    return regions;
  }

  /** Past normalisations, residual sums and dropout to the first activation, if it gets there. */
  private static Region follow(DataFlow flow, Region convolution) {
    Region last = convolution;
    while (flow.consumers(last).size() == 1 && !flow.output().contains(last)) {
      Region user = flow.consumers(last).iterator().next();
      Layer layer = Positions.layerOf(user);
      if (isActivation(layer)) {
        return Positions.callOf(user);
      }
      boolean passes =
          layer.matches("BatchNorm")
              || Operators.of(user).name().equals("batch_norm")
              || isSum(flow, user)
              || Operators.of(user).name().contains("dropout");
      if (!passes) {
        return last;
      }
      last = user;
    }
    return last;
  }

  private static boolean isActivation(Layer layer) {
    Operators.Info operator = Operators.of(layer.className());
    boolean further = operator.is(Operators.Kind.CLAMP) || operator.name().equals("mish");
    return layer.matches("Activation") || (layer.functional() && further);
  }

  private static boolean isSum(DataFlow flow, Region operator) {
    return Operators.of(operator).name().equals("add")
        && flow.dependsOnInput(operator, 0)
        && flow.dependsOnInput(operator, 1);
  }

  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    List<Region> regions = named.isEmpty() ? List.of(automatic(x, target)) : named;
    Map<Integer, LayerFunction> functions = new HashMap<>();
    List<Tensor> captured = Collections.synchronizedList(new ArrayList<>());
    // The last call comes first in the backward pass.
    LayerFunction capture =
        (call, relevance) -> {
          if (captured.isEmpty() && relevance.get(0) != null) {
            captured.add(Natives.keep(new Tensor(call.outputs().get(0))));
            captured.add(Natives.keep(new Tensor(relevance.get(0))));
          }
          return new ArrayList<>(Collections.nCopies(call.inputs().size(), null));
        };
    regions.forEach(region -> functions.put(region.id(), capture));
    Explanation pass;
    try {
      pass = Explanation.pass(propagation(functions), x, target::apply);
      Explanation.progress(options, 1, 1);
      if (captured.isEmpty()) {
        throw new Zennit4jException(
            "grad_cam: the output does not depend on layer " + Texts.quote(regions.get(0).name()));
      }
      Tensor map = map(captured.get(0), captured.get(1), x, regions.get(0));
      return Explanation.of(pass.output(), map);
    } finally {
      captured.forEach(Natives::release);
    }
  }

  private Propagation propagation(Map<Integer, LayerFunction> functions) {
    return new Propagation(
        program, functions, PropagationOptions.defaults().withHooks(model.hooks()));
  }

  /** The layer that belongs to the last convolution with more than one position. */
  private Region automatic(Tensor x, Target target) {
    String shape = Arrays.toString(Arrays.copyOfRange(x.shape(), 1, (int) x.dim()));
    Region known = found.get(shape);
    if (known != null) {
      return known;
    }
    Map<Integer, LayerFunction> functions = new HashMap<>();
    Set<Integer> spatial = ConcurrentHashMap.newKeySet();
    for (Region convolution : candidates.keySet()) {
      functions.put(
          convolution.id(),
          (call, relevance) -> {
            Tensor output = call.outputs().get(0);
            long[] sizes = output.shape();
            if (Arrays.stream(sizes).skip(2).anyMatch(size -> size > 1)) {
              spatial.add(call.region().id());
            }
            List<Tensor> zeros = new ArrayList<>();
            call.inputs().forEach(input -> zeros.add(torch.zeros_like(input)));
            return zeros;
          });
    }
    try (PointerScope scope = new PointerScope()) {
      Explanation unused = Explanation.pass(propagation(functions), x, target::apply);
      unused.output().close();
    }
    Region chosen = null;
    for (Map.Entry<Region, Region> candidate : candidates.entrySet()) {
      if (spatial.contains(candidate.getKey().id())) {
        chosen = candidate.getValue();
      }
    }
    if (chosen == null) {
      throw new Zennit4jException(
          "grad_cam needs a convolution whose output has more than one position, but the model has"
              + " none for inputs of shape "
              + Arrays.toString(x.shape())
              + "; name a layer by the option target_layer");
    }
    if (found.size() < REMEMBERED) {
      found.put(shape, chosen);
    }
    return chosen;
  }

  private static Tensor map(Tensor activation, Tensor gradient, Tensor x, Region region) {
    int space = (int) activation.dim() - 2;
    if (space < 1 || space > 3 || x.dim() < space + 1 || activation.size(0) != x.size(0)) {
      throw new ShapeException(
          "grad_cam: layer "
              + Texts.quote(region.name())
              + " gives "
              + Arrays.toString(activation.shape())
              + " for an input of "
              + Arrays.toString(x.shape())
              + ", where (batch, channels, space...) is needed");
    }
    long[] axes = LongStream.range(2, activation.dim()).toArray();
    Tensor weights = torch.mean(gradient, axes, true, new ScalarTypeOptional());
    Tensor sum =
        torch
            .sum(activation.mul(weights), new long[] {1}, true, new ScalarTypeOptional())
            .clamp_min(new Scalar(0));
    long[] all = LongStream.range(1, activation.dim()).toArray();
    Tensor highest = torch.amax(sum, all, true);
    Tensor divisor = highest.masked_fill(highest.le(new Scalar(0)), new Scalar(1));
    Tensor scaled = sum.div(divisor);
    long[] shape = x.shape();
    long[] size = Arrays.copyOfRange(shape, shape.length - space, shape.length);
    return switch (space) {
      case 1 -> torch.upsample_linear1d(scaled, size, false);
      case 2 -> torch.upsample_bilinear2d(scaled, size, false);
      default -> torch.upsample_trilinear3d(scaled, size, false);
    };
  }

  @Override
  public void close() {
    model.release();
  }
}
