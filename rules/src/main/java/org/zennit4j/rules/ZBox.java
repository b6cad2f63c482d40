/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-z^B, for the first layer of inputs within bounds: {@code R_x = x * W^T q - low * W+^T q -
 * high * W-^T q} with {@code q = R / s(W x + b - (W+ low + b+) - (W- high + b-))}.
 *
 * <p>The layer's own padding applies to the bounds too. G. Montavon et al., 2017. Default
 * stabilizer 1e-6 (Zennit).
 */
public final class ZBox extends DeclaredRule {
  private final Bound low;
  private final Bound high;
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;
  private final boolean reportOutside;

  /**
   * ZBox with numbers.
   *
   * @param low the smallest value of the input
   * @param high the largest value of the input
   */
  public ZBox(double low, double high) {
    this(Bound.of(low), Bound.of(high), Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * ZBox.
   *
   * @param low the smallest values of the input
   * @param high the largest values of the input
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   * @throws RuleException if both bounds are numbers and the lower one is the larger
   */
  public ZBox(Bound low, Bound high, Stabilizer stabilizer, ZeroParams zeroParams) {
    this(low, high, stabilizer, zeroParams, false);
  }

  /**
   * ZBox.
   *
   * @param low the smallest values of the input
   * @param high the largest values of the input
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   * @param reportOutside whether inputs that leave the bounds are reported as findings, on the CPU,
   *     where reading a value does not wait for a device
   * @throws RuleException if both bounds are numbers and the lower one is the larger
   */
  public ZBox(
      Bound low, Bound high, Stabilizer stabilizer, ZeroParams zeroParams, boolean reportOutside) {
    super(
        "zbox",
        new Arguments()
            .with("low", low)
            .with("high", high)
            .with("stabilizer", stabilizer)
            .with(zeroParams)
            .withFlag("report_outside", reportOutside)
            .map());
    if (low.isNumber() && high.isNumber() && !(low.number() <= high.number())) {
      throw new RuleException(
          "zbox: the lower bound, "
              + low.number()
              + ", must not be above the upper one, "
              + high.number());
    }
    this.low = low;
    this.high = high;
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
    this.reportOutside = reportOutside;
  }

  @Override
  public ZBox withoutBias() {
    return new ZBox(low, high, stabilizer, zeroParams.withBias(), reportOutside);
  }

  @Override
  public LayerFunction bind(Region region) {
    LayerFunction function = super.bind(region);
    if (!reportOutside) {
      return function;
    }
    return function.looking(
        call -> {
          if (isOutside(call.inputs().get(0))) {
            call.report(
                "zbox: the input of '"
                    + call.region().name()
                    + "' leaves the bounds low and high; its relevance is not reliable there");
          }
        });
  }

  private boolean isOutside(Tensor x) {
    return x.device().is_cpu() && (below(x).any().item_bool() || above(x).any().item_bool());
  }

  private Tensor below(Tensor x) {
    return low.isNumber() ? x.lt(new Scalar(low.number())) : x.lt(low.like(x));
  }

  private Tensor above(Tensor x) {
    return high.isNumber() ? x.gt(new Scalar(high.number())) : x.gt(high.like(x));
  }

  @Override
  public BasicRule declaration() {
    return new BasicRule(
        "zbox",
        List.of(
            new Modification(
                UnaryOperator.identity(), ParameterModifier.identity().zeroing(zeroParams)),
            new Modification(low::like, ParameterModifier.positive().zeroing(zeroParams)),
            new Modification(high::like, ParameterModifier.negative().zeroing(zeroParams))),
        (relevance, z) -> {
          Tensor q = relevance.div(stabilizer.apply(z.get(0).sub(z.get(1)).sub(z.get(2))));
          return List.of(q, q.neg(), q.neg());
        },
        (x, g) -> x.get(0).mul(g.get(0)).add(x.get(1).mul(g.get(1))).add(x.get(2).mul(g.get(2))));
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    ParameterModifier all = ParameterModifier.identity().zeroing(zeroParams);
    ParameterModifier plus = ParameterModifier.positive().zeroing(zeroParams);
    ParameterModifier minus = ParameterModifier.negative().zeroing(zeroParams);
    boolean plain = zeroParams.names().isEmpty();
    boolean constant = low.isNumber() && high.isNumber();
    return new LinearFunction(map) {
      @Override
      public Reads reads() {
        return plain ? Reads.BOTH : Reads.INPUTS;
      }

      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor w = plain ? map.weight() : weight(Part.WEIGHT, all);
        Tensor wp = weight(Part.POSITIVE_WEIGHT, plus);
        Tensor wm = weight(Part.NEGATIVE_WEIGHT, minus);
        Tensor z = plain ? call.outputs().get(0) : map.forward(x, w, bias(Part.BIAS, all));
        Tensor l = low.like(x);
        Tensor h = high.like(x);
        Tensor bounds =
            constant
                ? forShape(call, Part.BOUNDS, x, () -> bounds(first(x), wp, wm))
                : bounds(x, wp, wm);
        Tensor q = OnePass.share(r, z.sub(bounds), stabilizer, true);
        List<Tensor> found = adjoints(q, x, w, wp, wm);
        return x.mul(found.get(0)).sub_(l.mul(found.get(1))).sub_(h.mul(found.get(2)));
      }

      private Tensor first(Tensor x) {
        return map.batched(x) && x.dim() > 1 && x.size(0) > 0 ? x.narrow(0, 0, 1) : x;
      }

      private Tensor bounds(Tensor x, Tensor wp, Tensor wm) {
        return map.forward(low.like(x), wp, bias(Part.POSITIVE_BIAS, plus))
            .add(map.forward(high.like(x), wm, bias(Part.NEGATIVE_BIAS, minus)));
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "zbox",
            ZBox.class,
            "for inputs with bounds",
            v ->
                new ZBox(
                    v.get("low", Bound.class),
                    v.get("high", Bound.class),
                    v.get("stabilizer", Stabilizer.class),
                    v.get("zero_params", ZeroParams.class),
                    v.flag("report_outside")),
            Argument.needed("low", Kind.BOUND),
            Argument.needed("high", Kind.BOUND),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS,
            Argument.of("report_outside", Kind.FLAG, false))
        .withFormula(
            "x * W^T q - l * W+^T q - h * W-^T q, q = R / st(Wx - W+ l - W- h), l = {low},"
                + " h = {high}");
  }
}
