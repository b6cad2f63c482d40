/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.Positions;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Ending;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/**
 * DeepLIFT with the rescale rule: one pass for the baseline, which keeps what nonlinearities were
 * given and made, and one for the input, which turns the differences into multipliers; these times
 * the difference of input and baseline are the relevance, whose sum is the difference of the
 * outputs. At layers it is the multiplier times the difference of the layer's values.
 *
 * <p>Of the plan its canonizers count, not its rules. Products of two activations and a softmax
 * inside are refused when the attributor is made.
 *
 * <p>A. Shrikumar et al., Learning important features through propagating activation differences,
 * 2017.
 */
public final class DeepLift extends Attributor {
  private static final String NAME = "deep_lift";

  /** Below this difference of inputs the derivative takes the place of the quotient. */
  private static final double SMALLEST = 1e-7;

  /**
   * How DeepLIFT runs.
   *
   * @param baseline what the input is compared with
   */
  public record Settings(Baseline baseline) implements AttributorSettings {
    /**
     * Compared with zeros.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(Baseline.zeros());
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("baseline", Baselines.argument(baseline));
    }

    @Override
    public Attributor on(Plan plan) {
      return new DeepLift(plan, this);
    }
  }

  /** How a call that is not linear gets its multiplier. */
  private enum Multiplier {
    /** The quotient of the differences. */
    RESCALED,
    /** The same for each of two values that a call chooses from. */
    CHOSEN,
    /** The winners of a maximum pooling get it. */
    POOLED
  }

  private final Settings settings;
  private final Map<Integer, Multiplier> nonlinear;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   * @throws Zennit4jException if DeepLIFT is not defined for the model
   */
  public DeepLift(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
    this.nonlinear = Collections.unmodifiableMap(nonlinearities(plan.program()));
  }

  /**
   * How the attributor runs.
   *
   * @return the settings
   */
  public Settings settings() {
    return settings;
  }

  /** The calls that need a multiplier of their own. */
  private static Map<Integer, Multiplier> nonlinearities(Program program) {
    DataFlow flow = program.dataFlow();
    boolean ends = Ending.of(program).mixesClasses();
    Set<Region> last = ends ? Ending.operators(program) : Set.of();
    HandWritten written = new HandWritten(flow);
    Map<Integer, Multiplier> result = new HashMap<>();
    for (Region operator : flow.operators()) {
      if (!flow.dependsOnInput(operator)) {
        continue;
      }
      Operators.Info info = Operators.of(operator);
      String plain = info.name();
      Region call = Positions.callOf(operator);
      Layer layer = call.layer();
      if (layer.matches("MaxPool") || isPooling(operator, plain)) {
        result.put(call.id(), Multiplier.POOLED);
      } else if (layer.matches("Activation")) {
        result.put(call.id(), Multiplier.RESCALED);
      } else if (info.is(Kind.SOFTMAX, Kind.LOG_SOFTMAX)) {
        if (!last.contains(operator)) {
          throw refusal(operator, "a softmax inside");
        }
      } else if (info.is(Trait.MIXES)) {
        throw refusal(operator, "products of activations");
      } else if (info.is(Trait.MULTIPLIES) && dependent(flow, operator) > 1) {
        result.put(operator.id(), ofSeveral(written, operator));
      } else if (written.fills(operator) && written.isOfOneSource(operator)) {
        result.put(operator.id(), Multiplier.RESCALED);
      } else if (info.is(Trait.NONLINEAR) && isNonlinear(flow, operator, plain)) {
        result.put(operator.id(), Multiplier.RESCALED);
      }
    }
    return result;
  }

  /** ReLU and its like, written by hand: where(x > 0, x, 0), maximum(x, 0.1 * x), x * (x > 0). */
  private static Multiplier ofSeveral(HandWritten written, Region operator) {
    int carrying = written.isOfOneSource(operator) ? written.carrying(operator) : 0;
    if (carrying == 1) {
      return Multiplier.RESCALED;
    }
    if (carrying == 2 && written.chooses(operator)) {
      return Multiplier.CHOSEN;
    }
    throw refusal(
        operator,
        written.chooses(operator)
            ? "a choice between two activations"
            : "a product of two activations");
  }

  private static int dependent(DataFlow flow, Region operator) {
    int count = 0;
    for (int i = 0; i < flow.arguments(operator); i++) {
      count += flow.dependsOnInput(operator, i) ? 1 : 0;
    }
    return count;
  }

  /** Maximum pooling, and the maximum over axes. */
  private static boolean isPooling(Region operator, String name) {
    return name.startsWith("max_pool")
        || name.contains("_max_pool")
        || name.equals("amax")
        || (name.equals("max") && operator.number("dim").isPresent());
  }

  /** A division is linear in its numerator. */
  private static boolean isNonlinear(DataFlow flow, Region operator, String name) {
    boolean reduction =
        (name.equals("max") || name.equals("min"))
            && (flow.arguments(operator) == 1 || operator.number("dim").isPresent());
    return !reduction && (!name.equals("div") || flow.dependsOnInput(operator, 1));
  }

  private static Zennit4jException refusal(Region operator, String what) {
    return new Zennit4jException(
        "deeplift is not defined for "
            + what
            + ", as the model has in "
            + Positions.layerOf(operator)
            + "; use integrated_gradients for such a model");
  }

  /**
   * What the calls of the baseline's pass hold, by call site, in the order of the backward pass.
   */
  private static final class Reference {
    final Map<Integer, List<LayerCall>> calls = new ConcurrentHashMap<>();
    final Map<Integer, Integer> used = new ConcurrentHashMap<>();

    List<Tensor> remember(LayerCall call, List<Tensor> relevance) {
      calls
          .computeIfAbsent(call.region().id(), k -> Collections.synchronizedList(new ArrayList<>()))
          .add(call);
      List<Tensor> zeros = new ArrayList<>();
      call.inputs().forEach(input -> zeros.add(torch.zeros_like(input)));
      return zeros;
    }

    LayerCall next(LayerCall call) {
      int id = call.region().id();
      int position = used.merge(id, 1, Integer::sum) - 1;
      List<LayerCall> all = calls.getOrDefault(id, List.of());
      if (position >= all.size()) {
        throw new Zennit4jException(
            "deeplift: '"
                + call.region().name()
                + "' runs for the input but not for the baseline; choose another baseline");
      }
      return all.get(position);
    }
  }

  @Override
  public Attribution attribute(List<Tensor> inputs, Target target, AttributionOptions options) {
    String why = "DeepLIFT's multipliers compare two passes";
    refuseGraph(options, why);
    long deadline = deadline(options);
    Pass result;
    Reference reference = new Reference();
    // What the first pass keeps is needed by the second.
    try (LayerValues ofBaseline = new LayerValues();
        LayerValues ofInput = new LayerValues();
        Propagation first =
            plan()
                .propagate(
                    hooked(
                        PropagationOptions.defaults().withDeadline(deadline), ofBaseline, options),
                    functions(id -> reference::remember));
        PointerScope scope = new PointerScope()) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      List<Tensor> starts = new ArrayList<>();
      for (int i = 0; i < clean.size(); i++) {
        Tensor x = clean.get(i);
        starts.add(
            x.is_floating_point() ? Baselines.like(settings.baseline(), x, i).contiguous() : x);
      }
      List<Tensor> outputs = first.record(starts);
      int selected = selected(outputs, options);
      List<Tensor> seeds = new ArrayList<>();
      for (int i = 0; i < outputs.size(); i++) {
        seeds.add(i == selected ? torch.ones_like(outputs.get(i).detach()) : null);
      }
      var unused = first.backward(seeds);
      progress(options, 1, 2);
      Map<Integer, LayerFunction> multipliers =
          functions(
              id ->
                  switch (nonlinear.get(id)) {
                    case POOLED -> (call, r) -> pooling(call, reference.next(call), r);
                    case CHOSEN -> (call, r) -> choice(call, reference.next(call), r);
                    case RESCALED -> (call, r) -> rescale(call, reference.next(call), r);
                  });
      Pass pass =
          pass(
              o -> plan().propagate(hooked(o, ofInput, options), multipliers),
              clean,
              target::apply,
              options,
              deadline);
      List<LayerRelevance> layers;
      try {
        layers = ofInput.differences(pass.layers(), ofBaseline);
      } catch (RuntimeException | Error e) {
        pass.release();
        throw e;
      }
      Pass inputsOnly = pass.mapped((m, i) -> m.mul(clean.get(i).sub(starts.get(i))), false);
      result =
          new Pass(
              inputsOnly.output(),
              inputsOnly.relevances(),
              layers,
              inputsOnly.propagations(),
              inputsOnly.notes());
    }
    try {
      progress(options, 2, 2);
    } catch (RuntimeException | Error e) {
      result.release();
      throw e;
    }
    return result(result, inputs, options);
  }

  private PropagationOptions hooked(
      PropagationOptions how, LayerValues values, AttributionOptions options) {
    return how.withHooks(values.hooks(plan().program(), options.layers()));
  }

  private Map<Integer, LayerFunction> functions(IntFunction<LayerFunction> function) {
    Map<Integer, LayerFunction> functions = new HashMap<>();
    nonlinear.keySet().forEach(id -> functions.put(id, function.apply(id)));
    return functions;
  }

  private static List<Tensor> nothing(LayerCall call) {
    return new ArrayList<>(Collections.nCopies(call.inputs().size(), null));
  }

  /** The quotient of differences, or the derivative where the inputs hardly differ. */
  private static List<Tensor> rescale(LayerCall call, LayerCall base, List<Tensor> relevance) {
    Tensor m = relevance.get(0);
    if (m == null) {
      return nothing(call);
    }
    Tensor x = call.inputs().get(0);
    Tensor out = call.outputs().get(0);
    List<Tensor> derivatives = call.gradient(relevance);
    for (int i = 0; i < derivatives.size(); i++) {
      Tensor input = call.inputs().get(i);
      boolean elementwise = derivatives.get(i) != null && Arrays.equals(input.shape(), out.shape());
      if (elementwise) {
        Tensor difference = input.sub(base.inputs().get(i));
        Tensor small = difference.abs().le(new Scalar(SMALLEST));
        Tensor quotient =
            out.sub(base.outputs().get(0)).div(difference.masked_fill(small, new Scalar(1)));
        derivatives.set(i, torch.where(small, derivatives.get(i), m.mul(quotient)));
      } else if (input.equals(x) && derivatives.get(i) != null) {
        throw new Zennit4jException(
            "deeplift: '" + call.region().name() + "' does not act elementwise");
      }
    }
    return derivatives;
  }

  /** Each of two values gets the quotient of what was chosen of it. */
  private static List<Tensor> choice(LayerCall call, LayerCall base, List<Tensor> relevance) {
    Tensor m = relevance.get(0);
    if (m == null) {
      return nothing(call);
    }
    Tensor here = isFirst(call);
    Tensor there = isFirst(base);
    List<Tensor> derivatives = call.gradient(relevance);
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < call.inputs().size(); i++) {
      Tensor x = call.inputs().get(i);
      Tensor x0 = base.inputs().get(i);
      if (!Arrays.equals(x.shape(), m.shape())) {
        throw new Zennit4jException(
            "deeplift: '" + call.region().name() + "' does not act elementwise");
      }
      Tensor zero = torch.zeros_like(x);
      Tensor change =
          i == 0
              ? torch.where(here, x, zero).sub(torch.where(there, x0, zero))
              : torch.where(here, zero, x).sub(torch.where(there, zero, x0));
      Tensor difference = x.sub(x0);
      Tensor small = difference.abs().le(new Scalar(SMALLEST));
      Tensor quotient = change.div(difference.masked_fill(small, new Scalar(1)));
      Tensor derivative = derivatives.get(i) == null ? zero : derivatives.get(i);
      result.add(torch.where(small, derivative, m.mul(quotient)));
    }
    return result;
  }

  /** Where a call chose the first of its two values. */
  private static Tensor isFirst(LayerCall call) {
    Tensor a = call.inputs().get(0);
    Tensor b = call.inputs().get(1);
    return switch (Operators.of(call.region()).name()) {
      case "where" -> call.tensor("condition").orElseThrow();
      case "minimum", "min" -> a.le(b);
      default -> a.ge(b);
    };
  }

  /** The winner of the larger output gets the whole difference of outputs. */
  private static List<Tensor> pooling(LayerCall call, LayerCall base, List<Tensor> relevance) {
    Tensor m = relevance.get(0);
    if (m == null) {
      return nothing(call);
    }
    Tensor x = call.inputs().get(0);
    Tensor x0 = base.inputs().get(0);
    try (AutoGradMode on = new AutoGradMode(true)) {
      Pool here = new Pool(call, x, m);
      Pool there = new Pool(base, x0, m);
      Tensor out = call.outputs().get(0);
      Tensor out0 = base.outputs().get(0);
      Tensor difference = out.sub(out0);
      Tensor rises = difference.ge(new Scalar(0));
      Tensor din = torch.where(rises, out.sub(here.gather(x0)), there.gather(x).sub(out0));
      Tensor small = din.abs().le(new Scalar(SMALLEST));
      Tensor share = m.mul(difference.div(din.masked_fill(small, new Scalar(1))));
      Tensor zero = torch.zeros_like(m);
      Tensor toHere = torch.where(small, m, torch.where(rises, share, zero));
      Tensor toThere = torch.where(rises.logical_or(small), zero, share);
      return List.of(here.scatter(toHere).add(there.scatter(toThere)).detach());
    }
  }

  /** A maximum pooling with its winners fixed: a linear map. */
  private static final class Pool {
    private final Tensor input;
    private final Tensor output;
    private final Tensor weights;
    private final Tensor scattered;

    Pool(LayerCall call, Tensor x, Tensor like) {
      input = x.detach().requires_grad_(true);
      output = call.forward(List.of(input), Map.of()).get(0);
      weights = torch.ones_like(like.detach()).requires_grad_(true);
      scattered =
          LayerCall.vectorJacobian(List.of(output), List.of(input), List.of(weights), true).get(0);
    }

    /** To each winner what its outputs have. */
    Tensor scatter(Tensor values) {
      return LayerCall.vectorJacobian(List.of(output), List.of(input), List.of(values), true)
          .get(0);
    }

    /** From each winner's place to its outputs. */
    Tensor gather(Tensor values) {
      return LayerCall.vectorJacobian(List.of(scattered), List.of(weights), List.of(values), true)
          .get(0)
          .detach();
    }
  }

  /** The attributor by name. */
  static Entry<AttributorSettings> entry() {
    return Entry.of(
        NAME,
        Settings.class,
        "differences to a baseline, shared out by the rescale rule",
        v -> new Settings(v.get("baseline", Baseline.class)),
        Argument.of("baseline", Argument.Kind.BASELINE, Settings.defaults().baseline()));
  }
}
