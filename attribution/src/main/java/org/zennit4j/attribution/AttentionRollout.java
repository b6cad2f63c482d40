/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.LayerRelevance;

/**
 * What a transformer's output token sees of the input tokens, by multiplying the attention of all
 * layers. With A the attention weights of a layer and E the mean over its heads:
 *
 * <ul>
 *   <li>{@code attention_rollout}: the product of {@code (E(A) + 1) / 2}; the same for each class.
 *       S. Abnar, W. Zuidema, Quantifying attention flow in transformers, ACL 2020.
 *   <li>{@code gradient_rollout}: the product of {@code 1 + E(max(0, A * dA))}, dA the gradient of
 *       what is explained. H. Chefer, S. Gur, L. Wolf, Generic attention-model explainability for
 *       interpreting bi-modal and encoder-decoder transformers, ICCV 2021.
 *   <li>{@code relevance_rollout}: the product of {@code 1 + E(max(0, R * dA))}, R the relevance of
 *       the weights by the plan's composite. H. Chefer, S. Gur, L. Wolf, Transformer
 *       interpretability beyond attention visualization, CVPR 2021.
 * </ul>
 *
 * <p>The weights are what softmax operators make whose results are multiplied with something, fused
 * attention taken apart; all have to be square and over the same tokens: no windows, no pooling.
 * The map is the row of one token, by default of the first one where there are more tokens than
 * patches, else the mean of all rows. For pictures it has the shape (batch, 1, height, width), each
 * patch one value; for token ids that of the ids; for other inputs (batch, tokens). Thread-safe.
 */
public final class AttentionRollout extends Attributor {
  private static final String TOKEN = "token";

  /** What a layer's matrix is made of. */
  public enum Weighting {
    /** The attention weights alone. */
    ATTENTION("attention_rollout", "attention of all layers, multiplied"),
    /** The weights times their gradient. */
    GRADIENT("gradient_rollout", "the same, weighted by the gradient"),
    /** The weights' relevance times their gradient. */
    RELEVANCE("relevance_rollout", "the same, weighted by relevance and gradient");

    private final String name;
    private final String text;

    Weighting(String name, String text) {
      this.name = name;
      this.text = text;
    }
  }

  /**
   * How to run.
   *
   * @param weighting what a layer's matrix is made of
   * @param token the token whose row is the map, negative ones from the end; empty to find it
   */
  public record Settings(Weighting weighting, OptionalInt token) implements AttributorSettings {
    /**
     * The token is found.
     *
     * @param weighting {@link #weighting()}
     */
    public Settings(Weighting weighting) {
      this(weighting, OptionalInt.empty());
    }

    @Override
    public String name() {
      return weighting.name;
    }

    @Override
    public Map<String, Object> arguments() {
      return token.isPresent() ? Map.of(TOKEN, token.getAsInt()) : Map.of();
    }

    @Override
    public Attributor on(Plan plan) {
      return new AttentionRollout(plan, this);
    }
  }

  private final Settings settings;

  /** The plan's model with its attention taken apart, and with the plan's rules. */
  private final Plan apart;

  private final List<Region> softmaxes;

  /**
   * Uses a plan, and makes another one of its model and composite, which {@link #close()} closes.
   *
   * @param plan whose model to run, and whose rules give the relevance of weights
   * @param settings how to run
   * @throws Zennit4jException if the model has no attention
   */
  public AttentionRollout(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
    Composite composite =
        settings.weighting() == Weighting.RELEVANCE ? plan.composite() : new EmptyComposite();
    List<Canonizer> canonizers = new ArrayList<>(composite.canonizers());
    canonizers.add(Canonizers.decomposeAttention());
    this.apart = Plan.of(plan.model(), composite.withCanonizers(canonizers));
    this.softmaxes = weights(apart.program().dataFlow());
    if (softmaxes.isEmpty()) {
      apart.close();
      throw new Zennit4jException(
          settings.name() + " needs attention, but the model multiplies nothing with a softmax");
    }
    plan.owning(apart::close);
  }

  /**
   * How the attributor runs.
   *
   * @return the settings
   */
  public Settings settings() {
    return settings;
  }

  private static List<Region> weights(DataFlow flow) {
    return flow.operators().stream()
        .filter(region -> Operators.of(region).is(Operators.Kind.SOFTMAX))
        .filter(region -> flow.dependsOnInput(region) && weighs(flow, region, new HashSet<>()))
        .toList();
  }

  /** Whether what an operator makes is multiplied with something that depends on the input. */
  private static boolean weighs(DataFlow flow, Region made, Set<Region> seen) {
    for (Region user : flow.consumers(made)) {
      Operators.Info info = Operators.of(user);
      if (info.is(Operators.Kind.MATMUL)) {
        return true;
      }
      boolean passes = info.is(Operators.Trait.CASTS) || info.is(Operators.Trait.MOVES);
      if (passes && seen.add(user) && weighs(flow, user, seen)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Attribution attribute(List<Tensor> inputs, Target target, AttributionOptions options) {
    refuseGraph(options, "a rollout is made of attention weights");
    refuseLayers(options, "a rollout belongs to all layers together");
    long deadline = deadline(options);
    List<Tensor> captured = Collections.synchronizedList(new ArrayList<>());
    Pass pass = null;
    List<Tensor> maps = new ArrayList<>();
    List<Tensor> tokens = new ArrayList<>();
    boolean done = false;
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> relevances = relevances(inputs, target, options, deadline);
      pass = gradients(inputs, target, options, deadline, captured);
      Tensor joint = joint(captured, relevances, inputs.get(0).size(0));
      for (Tensor input : inputs) {
        boolean ids = !input.is_floating_point();
        Tensor map = input.dim() < 4 ? ofTokens(joint) : onPicture(joint, input);
        maps.add(ids ? null : Natives.keep(map));
        tokens.add(ids ? Natives.keep(map) : null);
      }
      progress(options, 1, 1);
      done = true;
    } finally {
      captured.forEach(Natives::release);
      if (!done) {
        maps.forEach(Natives::release);
        tokens.forEach(Natives::release);
        if (pass != null) {
          pass.release();
        }
      }
    }
    pass.relevances().forEach(Natives::release);
    pass.tokens().forEach(Natives::release);
    Pass found =
        new Pass(pass.output(), maps, List.of(), pass.propagations(), pass.notes(), tokens);
    return result(found, inputs, options);
  }

  /**
   * The relevances of all weights by the plan's rules, first layer first; none if not asked for.
   */
  private List<Tensor> relevances(
      List<Tensor> inputs, Target target, AttributionOptions options, long deadline) {
    List<Tensor> result = new ArrayList<>();
    if (settings.weighting() != Weighting.RELEVANCE) {
      return result;
    }
    Set<String> names = new HashSet<>();
    softmaxes.forEach(region -> names.add(region.name()));
    Pass pass =
        pass(
            apart::propagate,
            inputs,
            target::apply,
            options.withLayers(layer -> names.contains(layer.name())),
            deadline);
    try {
      for (LayerRelevance layer : pass.layers()) {
        Tensor ofWeights = layer.outputs().get(0);
        result.add(ofWeights == null ? null : ofWeights.clone());
      }
    } finally {
      pass.release();
    }
    return result;
  }

  /** One plain backward pass; fills in weights and gradients, the last layer first. */
  private Pass gradients(
      List<Tensor> inputs,
      Target target,
      AttributionOptions options,
      long deadline,
      List<Tensor> captured) {
    Map<Integer, LayerFunction> functions = new HashMap<>();
    for (Region region : softmaxes) {
      functions.put(
          region.id(),
          (call, gradient) -> {
            if (gradient.get(0) != null) {
              captured.add(Natives.keep(new Tensor(call.outputs().get(0))));
              captured.add(Natives.keep(new Tensor(gradient.get(0))));
            }
            return call.gradient(gradient);
          });
    }
    return pass(
        how -> apart.propagate(how, functions),
        inputs,
        target::apply,
        options.withLayers(layer -> false),
        deadline);
  }

  /** The rollout of all layers: (batch, tokens, tokens). */
  private Tensor joint(List<Tensor> captured, List<Tensor> relevances, long batch) {
    int layers = captured.size() / 2;
    if (layers == 0) {
      throw new Zennit4jException(settings.name() + ": the output depends on no attention");
    }
    if (settings.weighting() == Weighting.RELEVANCE && relevances.size() != layers) {
      throw new Zennit4jException(
          settings.name()
              + ": relevance reaches "
              + relevances.size()
              + " of "
              + layers
              + " attention layers");
    }
    Tensor joint = null;
    for (int i = 0; i < layers; i++) {
      // What was captured first is the last layer.
      Tensor weights = captured.get(2 * (layers - 1 - i));
      Tensor gradient = captured.get(2 * (layers - 1 - i) + 1);
      Tensor own =
          matrix(weights, gradient, relevances.isEmpty() ? null : relevances.get(i), batch);
      if (joint != null && !Arrays.equals(joint.shape(), own.shape())) {
        throw new ShapeException(
            settings.name()
                + ": attention is over "
                + Arrays.toString(joint.shape())
                + " in one layer and over "
                + Arrays.toString(own.shape())
                + " in another one, so that no token can be followed");
      }
      joint = joint == null ? own : own.matmul(joint);
    }
    return joint;
  }

  private Tensor matrix(Tensor weights, Tensor gradient, Tensor relevance, long batch) {
    long rows = weights.size(-2);
    // Heads may stand in the axis of the batch, and then there is none of their own.
    boolean fits = weights.size(0) == batch || (weights.dim() == 3 && weights.size(0) % batch == 0);
    if (weights.dim() < 3 || rows != weights.size(-1) || !fits) {
      throw new ShapeException(
          settings.name()
              + ": attention of shape "
              + Arrays.toString(weights.shape())
              + " is not from all tokens of a sample to all of them, but perhaps in windows");
    }
    Tensor one = torch.eye(rows).to(weights.device(), weights.scalar_type());
    if (settings.weighting() == Weighting.ATTENTION) {
      return heads(weights, batch).add(one).div(new Scalar(2));
    }
    Tensor of = settings.weighting() == Weighting.GRADIENT ? weights : relevance;
    Tensor both = of == null ? torch.zeros_like(weights) : of.mul(gradient);
    return heads(both.clamp_min(new Scalar(0)), batch).add(one);
  }

  /** The mean over the heads. */
  private static Tensor heads(Tensor weights, long batch) {
    long tokens = weights.size(-1);
    return weights
        .reshape(batch, -1, tokens, tokens)
        .mean(new long[] {1}, false, new ScalarTypeOptional());
  }

  private Tensor ofTokens(Tensor joint) {
    if (settings.token().isPresent()) {
      return row(joint, settings.token().getAsInt());
    }
    long last = joint.size(1) - 1;
    boolean seesItselfAlone =
        last > 0 && joint.select(1, 0).narrow(1, 1, last).eq(new Scalar(0)).all().item_bool();
    return row(joint, seesItselfAlone ? last : 0);
  }

  private Tensor row(Tensor joint, long token) {
    long tokens = joint.size(1);
    if (token < -tokens || token >= tokens) {
      throw new ShapeException(
          settings.name() + ": there is no token " + token + " among " + tokens);
    }
    return joint.select(1, token);
  }

  /** Each patch's value in all of its pixels. */
  private Tensor onPicture(Tensor joint, Tensor input) {
    long tokens = joint.size(1);
    long height = input.size(-2);
    long width = input.size(-1);
    for (long extra = 0; extra < tokens; extra++) {
      long rows = Math.round(Math.sqrt((double) (tokens - extra) * height / width));
      long columns = rows == 0 ? 0 : (tokens - extra) / rows;
      if (rows * columns == tokens - extra && rows * width == columns * height) {
        Tensor seen =
            settings.token().isPresent()
                ? row(joint, settings.token().getAsInt())
                : extra > 0
                    ? row(joint, 0)
                    : joint.mean(new long[] {1}, false, new ScalarTypeOptional());
        Tensor patches = seen.narrow(1, extra, rows * columns).reshape(-1, 1, rows, columns);
        return torch.upsample_nearest2d(patches, new long[] {height, width});
      }
    }
    throw new ShapeException(
        settings.name()
            + ": "
            + tokens
            + " tokens are no grid of patches of a picture of "
            + height
            + " x "
            + width);
  }

  @Override
  public void close() {
    super.close();
    apart.close();
  }

  /** The attributors by name. */
  static List<Entry<AttributorSettings>> entries() {
    return Arrays.stream(Weighting.values()).map(AttentionRollout::entry).toList();
  }

  private static Entry<AttributorSettings> entry(Weighting weighting) {
    return Entry.of(
        weighting.name,
        Settings.class,
        weighting.text,
        v ->
            new Settings(
                weighting,
                v.has(TOKEN)
                    ? OptionalInt.of(Math.toIntExact(v.get(TOKEN, Long.class)))
                    : OptionalInt.empty()),
        Argument.of(TOKEN, Kind.SEED, null));
  }
}
