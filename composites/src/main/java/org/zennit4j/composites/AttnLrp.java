/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.rules.Attention;
import org.zennit4j.rules.Bilinear;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.EpsilonWithoutBias;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.MultiHeadAttention;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Normalization;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Recurrent;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Softmax;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;

/**
 * AttnLRP and CP-LRP: a rule for each operator of a network, so that relevance is meaningful behind
 * attention, normalisations, gates and residual sums, and in convolution nets as well.
 *
 * <p>Linear layers and convolutions have Epsilon, or Gamma where gamma is positive; activations
 * Pass; sums, means and average poolings Norm; softmax, normalisations, products and fused
 * attention the rules of AttnLRP. What an operator is, its data flow says: the map is the same
 * whether a network is written with modules, functions, fused or elementary operators.
 *
 * <ul>
 *   <li>A product of two activations gives each factor half. A factor that is a sigmoid's or the
 *       inverse of a size (as in normalisations that are written by hand), or an elementwise
 *       function of the other factor (as in a GELU that is written by hand), counts as constant,
 *       also beside a bias (as in the first step of a GRU). So does a softmax whose scores a linear
 *       map makes, and no product of activations such as queries and keys: it chooses between
 *       branches, tokens or places as a sigmoid does between two.
 *   <li>With {@code constantWeights} (CP-LRP) a softmax's and an activation's factor count as
 *       constant, too.
 *   <li>What does not depend on the input, such as positional embeddings, keeps its share as a bias
 *       does.
 * </ul>
 *
 * <p>R. Achtibat et al., AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for
 * Transformers, ICML 2024; A. Ali et al., XAI for Transformers, ICML 2022.
 *
 * @param constantWeights whether attention weights and gates count as constant (CP-LRP)
 * @param gamma of linear layers and convolutions; 0 for Epsilon
 * @param stabilizer of all rules; the default of the named composites is 1e-20, since every rule
 *     divides by what the rule before it multiplied with
 * @param zeroParams parameters of linear layers, convolutions and normalisations that count as zero
 * @param layerMap entries in front of the composite's own
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too; without them this is no AttnLRP
 */
public record AttnLrp(
    boolean constantWeights,
    double gamma,
    Stabilizer stabilizer,
    ZeroParams zeroParams,
    List<MapEntry> layerMap,
    List<Canonizer> canonizers,
    boolean functional)
    implements Composite {
  /** The default stabilizer. */
  public static final double DEFAULT_EPSILON = 1e-20;

  private static final String ROLES = AttnLrp.class.getName();

  /**
   * Copies the lists.
   *
   * @param constantWeights {@link #constantWeights()}
   * @param gamma {@link #gamma()}
   * @param stabilizer {@link #stabilizer()}
   * @param zeroParams {@link #zeroParams()}
   * @param layerMap {@link #layerMap()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   */
  public AttnLrp {
    if (!(gamma >= 0)) {
      throw new CompositeException("attn_lrp: gamma must be at least 0, not " + gamma);
    }
    layerMap = List.copyOf(layerMap);
    canonizers = List.copyOf(canonizers);
  }

  /**
   * The composite with its defaults: Epsilon, no canonizers.
   *
   * @param constantWeights whether attention weights and gates count as constant (CP-LRP)
   */
  public AttnLrp(boolean constantWeights) {
    this(
        constantWeights,
        0,
        Stabilizer.of(DEFAULT_EPSILON),
        ZeroParams.none(),
        List.of(),
        List.of(),
        true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    Optional<Rule> own = LayerMapComposite.first(layerMap, layer);
    if (own.isPresent()) {
      return own;
    }
    if (layer.matches(Types.LINEAR)) {
      return Optional.of(linear());
    }
    if (layer.matches(Types.ACTIVATION)) {
      return Optional.of(new Pass());
    }
    if (layer.matches(Types.AVG_POOL) || layer.matches(Types.SUM)) {
      return Optional.of(new Norm(stabilizer));
    }
    Roles roles = Roles.of(context);
    if (!layer.functional()) {
      return layer.matches(Types.BATCH_NORM) ? batchNorm(roles, layer) : Optional.empty();
    }
    return roles.site(layer).flatMap(site -> operator(roles, site));
  }

  /** One that does more, such as an activation, is looked into, and so are zero parameters. */
  private Optional<Rule> batchNorm(Roles roles, Layer layer) {
    if (!roles.runs(layer)) {
      return Optional.of(new Pass());
    }
    return roles.isNothingElse(layer) && zeroParams.names().isEmpty()
        ? Optional.of(new Norm(stabilizer))
        : Optional.empty();
  }

  private Rule linear() {
    if (gamma > 0) {
      return new Gamma(gamma, stabilizer, zeroParams);
    }
    return zeroParams.matches("bias") && !zeroParams.matches("weight")
        ? new EpsilonWithoutBias(stabilizer)
        : new Epsilon(stabilizer, zeroParams);
  }

  private Optional<Rule> operator(Roles roles, Region site) {
    String name = Operators.of(site).name();
    OptionalLong axis = roles.softmaxes.axis(site);
    if (axis.isPresent()) {
      return Optional.of(new Softmax(stabilizer, axis));
    }
    if (Operators.of(name).is(Operators.Trait.SHARES)) {
      return Optional.of(new Norm(stabilizer));
    }
    if (Operators.of(name).is(Operators.Trait.GATES)
        || Operators.of(name).is(Operators.Trait.CONTRACTS)) {
      OptionalInt signal =
          roles.isOfTwo(site) || name.equals("einsum")
              ? roles.factors.signal(site, constantWeights)
              : roles.idle(site);
      return Optional.of(new Bilinear(signal, stabilizer));
    }
    if (Operators.of(name).is(Operators.Kind.SOFTMAX, Operators.Kind.LOG_SOFTMAX)) {
      return Optional.of(new Softmax(stabilizer));
    }
    if (Operators.of(name).is(Operators.Trait.NORMALIZES)) {
      return Optional.of(new Normalization(false, stabilizer, zeroParams));
    }
    if (name.equals("scaled_dot_product_attention")) {
      return Optional.of(new Attention(constantWeights, stabilizer));
    }
    if (name.equals("_native_multi_head_attention")) {
      return Optional.of(new MultiHeadAttention(constantWeights, stabilizer));
    }
    if (Recurrent.explains(name)) {
      return Optional.of(new Recurrent(stabilizer, zeroParams));
    }
    return Operators.of(name).is(Operators.Trait.ELEMENTWISE)
        ? Optional.of(new Pass())
        : Optional.empty();
  }

  @Override
  public boolean looksInside() {
    return true;
  }

  @Override
  public List<String> check(Program program) {
    return Names.unknownTypes(layerMap, program, false);
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new AttnLrp(
        constantWeights, gamma, stabilizer, zeroParams, layerMap, others, functional);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new AttnLrp(constantWeights, gamma, stabilizer, zeroParams, layerMap, canonizers, other);
  }

  /** The network's operators and where their arguments come from, found once for each network. */
  private static final class Roles {
    private final Program program;
    private final DataFlow flow;
    private final WrittenSoftmax softmaxes;
    private final Factors factors;
    private final Map<Layer, Region> sites = new HashMap<>();

    private Roles(Program program) {
      this.program = program;
      this.flow = program.dataFlow();
      this.softmaxes = new WrittenSoftmax(flow);
      this.factors = new Factors(flow, softmaxes);
      program.regions().stream()
          .filter(Region::isOperator)
          .forEach(region -> sites.putIfAbsent(region.layer(), region));
    }

    static Roles of(Context context) {
      Roles found = (Roles) context.get(ROLES);
      if (found == null) {
        found = new Roles(context.program());
        context.put(ROLES, found);
      }
      return found;
    }

    Optional<Region> site(Layer layer) {
      return Optional.ofNullable(sites.get(layer));
    }

    /** A number that no argument has, where the signal is no argument that depends on the input. */
    OptionalInt idle(Region product) {
      return factors.gatesConstant(product) ? OptionalInt.of(1) : OptionalInt.empty();
    }

    /** Whether a layer does anything; a batch normalisation that was merged does not. */
    boolean runs(Layer layer) {
      return program.regions(layer).stream().anyMatch(region -> !region.operators().isEmpty());
    }

    /** Whether a layer is one batch normalisation in evaluation mode, however it is written. */
    boolean isNothingElse(Layer layer) {
      return program.regions(layer).stream().allMatch(region -> region.batchNorm().isPresent());
    }

    /** Whether the first two arguments both depend on the input. */
    boolean isOfTwo(Region product) {
      return flow.arguments(product) > 1
          && flow.dependsOnInput(product, 0)
          && flow.dependsOnInput(product, 1);
    }
  }
}
