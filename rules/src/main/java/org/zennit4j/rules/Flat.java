/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-flat: relevance spread evenly, {@code R_x = J^T(R / s(J 1))}, where J is the layer with all
 * weights one and no bias.
 *
 * <p>S. Lapuschkin et al., Unmasking Clever Hans predictors and assessing what machines really
 * learn, 2019. Default stabilizer 1e-6 (Zennit).
 */
public final class Flat extends DeclaredRule {
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /** Flat with Zennit's defaults. */
  public Flat() {
    this(Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * Flat with any stabilizer.
   *
   * @param stabilizer stabilizes the denominator
   */
  public Flat(Stabilizer stabilizer) {
    this(stabilizer, ZeroParams.none());
  }

  /**
   * Flat.
   *
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public Flat(Stabilizer stabilizer, ZeroParams zeroParams) {
    super("flat", new Arguments().with("stabilizer", stabilizer).with(zeroParams).map());
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  private ParameterModifier ones() {
    ParameterModifier ones = (p, name) -> torch.ones_like(p);
    return ones.zeroing(zeroParams.andBias());
  }

  @Override
  public BasicRule declaration() {
    return new BasicRule(
        "flat",
        List.of(new Modification(x -> torch.ones_like(x.detach()), ones())),
        (relevance, outputs) -> List.of(relevance.div(stabilizer.apply(outputs.get(0)))),
        (inputs, gradients) -> gradients.get(0));
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    if (map.isTransposed()) {
      return null;
    }
    return map.isConvolution() ? new FlatConvolution(map) : new FlatProduct(map);
  }

  /** All inputs of a matrix product get the same. */
  private final class FlatProduct extends LinearFunction {
    FlatProduct(LinearMap map) {
      super(map);
    }

    @Override
    Tensor relevance(LayerCall call, Tensor x, Tensor r) {
      Tensor w = weight(Part.COLUMN, (p, name) -> ones().apply(p.narrow(1, 0, 1), name));
      Tensor row = once(Part.ROW, () -> ones().apply(map.weight().narrow(0, 0, 1), "weight"));
      Tensor denominator = stabilizer.apply(map.forward(torch.ones_like(x), row, null));
      return torch.matmul(r.div(denominator), w).expand_as(x);
    }
  }

  /** All channels of a group get the same: one channel for each group does. */
  private final class FlatConvolution extends LinearFunction {
    FlatConvolution(LinearMap map) {
      super(map);
    }

    @Override
    Tensor relevance(LayerCall call, Tensor x, Tensor r) {
      if (!map.batched(x)) {
        return relevance(call, x.unsqueeze(0), r.unsqueeze(0)).squeeze(0);
      }
      long groups = map.groups();
      long perGroup = x.size(1) / groups;
      Tensor kernel =
          once(
              Part.KERNEL,
              () -> {
                Tensor full = ones().apply(map.weight(), "weight");
                return full.narrow(0, 0, groups).narrow(1, 0, 1).contiguous().to(ScalarType.Double);
              });
      // One channel costs little, so that its sums can be in double precision.
      Tensor sample = x.narrow(1, 0, groups);
      Tensor denominator =
          forShape(
              call,
              Part.DENOMINATOR,
              x,
              () -> {
                Tensor one = torch.ones_like(sample.narrow(0, 0, 1)).to(ScalarType.Double);
                Tensor counts = map.forward(one, kernel, null);
                return stabilizer.apply(
                    counts.mul(new org.bytedeco.pytorch.Scalar((double) perGroup)));
              });
      long outPerGroup = r.size(1) / groups;
      Tensor q =
          r.unflatten(1, groups, outPerGroup)
              .sum(new long[] {2}, false, new ScalarTypeOptional(ScalarType.Double))
              .div(denominator);
      return map.adjoint(q, sample.to(ScalarType.Double), kernel)
          .to(x.scalar_type())
          .repeat_interleave(
              perGroup,
              new org.bytedeco.pytorch.LongOptional(1),
              new org.bytedeco.pytorch.LongOptional());
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "flat",
            Flat.class,
            "evenly over the receptive field",
            v ->
                new Flat(
                    v.get("stabilizer", Stabilizer.class), v.get("zero_params", ZeroParams.class)),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("J^T(R / st(J 1)), J the layer with all weights 1 and no bias");
  }
}
