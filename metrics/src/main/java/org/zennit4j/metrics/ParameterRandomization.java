/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Randomisation of parameters: how alike the map stays while the network forgets what it learnt.
 * The value is the mean similarity over layers; a map that stays the same does not explain the
 * network.
 *
 * <p>J. Adebayo et al., Sanity checks for saliency maps, 2018: cascading from the last layer to the
 * first, or each layer on its own. Convolutions and linear layers are changed: their weights and
 * biases are shuffled, which keeps their distribution, or drawn from a normal distribution of the
 * same mean and deviation (Quantus calls the module's own initialisation, which a saved model does
 * not have). Quantus's similarity is Spearman's correlation of signed maps.
 *
 * @param order which layers are changed together
 * @param how what they get
 * @param similarity of the old map and the new
 * @param absolute whether absolute values are compared
 * @param seed of the new parameters
 */
public record ParameterRandomization(
    Order order, How how, Measure similarity, boolean absolute, long seed) implements Metric {
  private static final String NAME = "parameter_randomization";

  /** Which layers are changed together. */
  public enum Order {
    /** The last, then also the one before it, and so on to the first. */
    CASCADING,
    /** Each on its own. */
    INDEPENDENT
  }

  /** What parameters get. */
  public enum How {
    /** Their own values in another order. */
    SHUFFLE,
    /** Normal numbers with their mean and deviation. */
    NORMAL
  }

  /** How maps are compared. */
  public enum Measure {
    /** Spearman's rank correlation. */
    SPEARMAN,
    /** Structural similarity. */
    SSIM
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("order", order)
        .with("how", how)
        .with("similarity", similarity)
        .with("absolute", absolute)
        .with("seed", seed)
        .map();
  }

  @Override
  public Direction direction() {
    return Direction.LOWER;
  }

  @Override
  public Set<Need> needs() {
    return Set.of(Need.METHOD);
  }

  @Override
  public Result evaluate(Subject subject) {
    ScriptModel model = subject.model(NAME);
    Method method = subject.method(NAME);
    int layers = parametrized(model.program()).size();
    if (layers == 0) {
      throw new Zennit4jException(
          NAME + ": the model has neither a convolution nor a linear layer with constant weights");
    }
    int n = subject.size();
    double[][] curve = new double[n][layers + 1];
    double[] positions = new double[layers + 1];
    for (int k = 0; k <= layers; k++) {
      positions[k] = k;
      for (int i = 0; i < n && k == 0; i++) {
        curve[i][0] = 1;
      }
    }
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> before = maps(subject.maps());
      for (int k = 1; k <= layers; k++) {
        int changed = k;
        try (PointerScope inner = new PointerScope();
            ScriptModel random = model.rewritten(program -> randomized(program, changed));
            Maps maps = method.on(random)) {
          Tensor found = maps.of(subject.inputs(), subject.classes());
          List<Tensor> after = maps(subject.withMaps(found).maps());
          for (int i = 0; i < n; i++) {
            curve[i][k] = alike(before.get(i), after.get(i));
          }
        }
      }
    }
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      double[] row = Arrays.copyOfRange(curve[i], 1, layers + 1);
      values[i] = Arrays.stream(row).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
    }
    return Result.of(values, Curve.of("similarity", positions, curve));
  }

  private List<Tensor> maps(Tensor maps) {
    List<Tensor> all = new ArrayList<>();
    for (int i = 0; i < maps.size(0); i++) {
      Tensor one = maps.select(0, i).detach().to(ScalarType.Double);
      Tensor summed = one.dim() > 1 ? one.sum(0) : one;
      all.add(absolute ? summed.abs() : summed);
    }
    return all;
  }

  private double alike(Tensor a, Tensor b) {
    return similarity == Measure.SSIM
        ? Similarity.ssim(a, b)
        : Similarity.spearman(Numbers.doubles(a), Numbers.doubles(b));
  }

  /** Operators with constant weights, the last first. */
  private static List<Region> parametrized(Program program) {
    List<Region> found = new ArrayList<>();
    for (Region operator : program.dataFlow().operators()) {
      if (operator.linearMap().isPresent()) {
        found.add(operator);
      }
    }
    Collections.reverse(found);
    return found;
  }

  /** The network with its first so many layers, counted from the end, or with that one, changed. */
  private Program randomized(Program program, int changed) {
    List<Region> all = parametrized(program);
    try (PointerScope scope = new PointerScope();
        ProgramEditor editor = program.edit()) {
      for (int k = 0; k < changed; k++) {
        if (order == Order.INDEPENDENT && k < changed - 1) {
          continue;
        }
        Region layer = all.get(k);
        LinearMap map = layer.linearMap().orElseThrow();
        GeneratorOptional generator = Numbers.generator(seed + k);
        editor.setParameter(layer, "weight", random(map.weight(), generator));
        map.bias().ifPresent(bias -> editor.setParameter(layer, "bias", random(bias, generator)));
      }
      return editor.apply();
    }
  }

  private Tensor random(Tensor values, GeneratorOptional generator) {
    if (how == How.SHUFFLE) {
      Tensor flat = values.reshape(-1);
      Tensor keys = Numbers.uniform(flat.to(ScalarType.Double), flat.shape(), 0, 1, generator);
      return flat.index_select(0, torch.argsort(keys, true, 0, false)).reshape(values.shape());
    }
    Tensor wide = values.to(ScalarType.Double);
    double mean = wide.mean().item_double();
    double deviation = values.numel() > 1 ? wide.std(true).item_double() : 0;
    return Numbers.normal(values, values.shape(), deviation, generator).add(new Scalar(mean));
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        ParameterRandomization.class,
        "how alike the map stays while the layers' parameters become random",
        v ->
            new ParameterRandomization(
                v.choice("order", Order.class),
                v.choice("how", How.class),
                v.choice("similarity", Measure.class),
                v.flag("absolute"),
                v.get("seed", Long.class)),
        Arguments.choice("order", Order.CASCADING),
        Arguments.choice("how", How.SHUFFLE),
        Arguments.choice("similarity", Measure.SPEARMAN),
        Argument.of("absolute", Kind.FLAG, false),
        Arguments.SEED);
  }
}
