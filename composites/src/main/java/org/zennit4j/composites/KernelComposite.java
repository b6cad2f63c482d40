/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Stabilizer;

/**
 * SignXAI's way to choose rules: kernel layers by their position (input layers, the first ones, the
 * last one) or else by their kind (dense or convolution); all other layers as SignXAI does.
 *
 * <p>The first of these that fits decides: {@code input}, {@code leading}, {@code last}, then
 * {@code dense} or {@code convolution}. Activations pass relevance on or take their gradient;
 * average poolings, means, sums and batch normalisations that could not be merged share it out;
 * constant affine steps before an input layer pass it on; everything else takes its gradient.
 *
 * @param input the rule on all input layers, if there is one
 * @param leading the rule on the first kernel layers in the order of execution, if there is one
 * @param leadingCount how many kernel layers the leading rule is on
 * @param last the rule on the last kernel layer in the order of execution, if there is one
 * @param dense the rule on linear layers
 * @param convolution the rule on convolutions
 * @param activationsPass whether activations pass relevance on; otherwise they take their gradient
 * @param stabilizer of the layers that share relevance out
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too
 */
public record KernelComposite(
    Optional<Rule> input,
    Optional<Rule> leading,
    int leadingCount,
    Optional<Rule> last,
    Rule dense,
    Rule convolution,
    boolean activationsPass,
    Stabilizer stabilizer,
    List<Canonizer> canonizers,
    boolean functional)
    implements Composite {
  static final String NO_INPUT_LAYER =
      "the network has no input layer: its input reaches no linear layer or convolution through"
          + " reshaping, padding and constant affine steps only; use a method without a rule for"
          + " input layers";

  private static final String FLOW = KernelComposite.class.getName();

  /**
   * Copies the list.
   *
   * @param input {@link #input()}
   * @param leading {@link #leading()}
   * @param leadingCount {@link #leadingCount()}
   * @param last {@link #last()}
   * @param dense {@link #dense()}
   * @param convolution {@link #convolution()}
   * @param activationsPass {@link #activationsPass()}
   * @param stabilizer {@link #stabilizer()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   */
  public KernelComposite {
    canonizers = List.copyOf(canonizers);
  }

  /**
   * One rule on all kernel layers, the default canonizers, functional operators included.
   *
   * @param rule the rule
   * @return the composite
   */
  public static KernelComposite everywhere(Rule rule) {
    return new KernelComposite(
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty(),
        rule,
        rule,
        true,
        Stabilizer.standard(),
        List.of(Canonizers.mergeBatchNorm(), Canonizers.residualSum()),
        true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    Positions positions = Positions.of(context);
    if (layer.matches(Types.LINEAR)) {
      int index = positions.kernels().indexOf(layer);
      return index < 0 ? Optional.empty() : Optional.of(kernelRule(positions, index, layer));
    }
    if (positions.affine().contains(name)) {
      return Optional.of(new ElementwisePass());
    }
    if (isActivation(layer)) {
      return activationsPass ? Optional.of(new Pass()) : Optional.empty();
    }
    boolean shares =
        layer.matches(Types.AVG_POOL)
            || layer.matches(Types.SUM)
            || (layer.matches(Types.BATCH_NORM) && runs(context.program(), layer))
            || (isMean(layer) && isPooling(context, layer));
    return shares ? Optional.of(new Norm(stabilizer)) : Optional.empty();
  }

  private static boolean isMean(Layer layer) {
    return layer.functional() && Operators.of(layer.className()).is(Kind.MEAN);
  }

  private static boolean isPower(Operators.Info operator) {
    return operator.is(Kind.PRODUCT) || List.of("pow", "square").contains(operator.name());
  }

  /** Elementwise activations, those too that Zennit's type leaves out. */
  private static boolean isActivation(Layer layer) {
    return layer.matches(Types.ACTIVATION)
        || (layer.functional()
            && Operators.of(layer.className()).is(Kind.CLAMP, Kind.FURTHER_ACTIVATION));
  }

  private Rule kernelRule(Positions positions, int index, Layer layer) {
    if (input.isPresent() && positions.inputs().contains(layer.name())) {
      return input.get();
    }
    if (leading.isPresent() && index < leadingCount) {
      return leading.get();
    }
    if (last.isPresent() && index == positions.kernels().size() - 1) {
      return last.get();
    }
    return layer.matches(Types.CONVOLUTION) ? convolution : dense;
  }

  /** Whether a layer does anything; a batch normalisation that was merged does not. */
  private static boolean runs(Program program, Layer layer) {
    return program.regions(layer).stream().anyMatch(region -> !region.operators().isEmpty());
  }

  /** Means that a normalisation is made of keep their gradient. */
  private static boolean isPooling(Context context, Layer layer) {
    DataFlow flow = (DataFlow) context.get(FLOW);
    if (flow == null) {
      flow = context.program().dataFlow();
      context.put(FLOW, flow);
    }
    for (Region mean : context.program().regions(layer)) {
      Set<Region> sources = flow.producers(mean, 0);
      boolean ofPower = sources.stream().map(Operators::of).anyMatch(KernelComposite::isPower);
      if (ofPower) {
        return false;
      }
      for (Region user : flow.consumers(mean)) {
        for (int i = 0; i < flow.arguments(user); i++) {
          boolean centres =
              flow.producers(user, i).stream().anyMatch(sources::contains)
                  || (flow.isModelInput(user, i) && flow.isModelInput(mean, 0));
          if (centres) {
            return false;
          }
        }
      }
    }
    return true;
  }

  @Override
  public List<String> check(Program program) {
    if (input.isPresent() && Positions.of(program).inputs().isEmpty()) {
      throw new CompositeException(NO_INPUT_LAYER);
    }
    return List.of();
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new KernelComposite(
        input,
        leading,
        leadingCount,
        last,
        dense,
        convolution,
        activationsPass,
        stabilizer,
        others,
        functional);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new KernelComposite(
        input,
        leading,
        leadingCount,
        last,
        dense,
        convolution,
        activationsPass,
        stabilizer,
        canonizers,
        other);
  }
}
