/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.LayerTypes;
import org.zennit4j.graph.ir.ModuleEntry;

/**
 * Finds out what a module of an unknown class is by what it computes: one linear map, perhaps with
 * padding before it and slicing after it, or one batch normalisation, perhaps with an activation
 * after it. In Python a subclass of PyTorch's classes shows its base; in TorchScript only this is
 * left of it.
 */
final class Anatomy extends ForwardAnalysis<Anatomy.Stage> {
  /** How far a value has come. */
  enum Stage {
    /** No value of the input is in it: parameters, sizes, and what is made of them. */
    FREE,
    /** The input, perhaps padded, cropped or reshaped. */
    INPUT,
    /** What a dense layer made of it. */
    DENSE,
    /** What a convolution made of it. */
    CONVOLVED,
    /** What a transposed convolution made of it. */
    TRANSPOSED,
    /** What a batch normalisation made of it. */
    NORMALIZED,
    /** What an activation made of that. */
    ACTIVATED,
    /** Anything else. */
    OTHER
  }

  private final ModuleEntry module;
  private final boolean ownsWeight;
  private final boolean ownsMean;

  private Anatomy(ModuleEntry module, Instruction.Invoke invoke) {
    this.module = module;
    this.ownsWeight =
        module.parameters().contains("weight")
            || invoke.callee.constants().stream().anyMatch(c -> isOwn(c, "weight"));
    this.ownsMean = invoke.callee.constants().stream().anyMatch(c -> isOwn(c, "running_mean"));
  }

  /** A weight that was computed from parameters has their module's name too. */
  private boolean isOwn(Constant constant, String name) {
    return name.equals(constant.name()) && module.name().equals(constant.owner());
  }

  /**
   * The types of a module.
   *
   * @param module the module, of a class that is not known
   * @param invoke a call of it
   * @return perhaps none
   */
  static Set<String> types(ModuleEntry module, Instruction.Invoke invoke) {
    if (invoke.callee.parameters() != 1 || invoke.callee.body().results.length != 1) {
      return Set.of();
    }
    Anatomy anatomy = new Anatomy(module, invoke);
    if (!anatomy.ownsWeight && !anatomy.ownsMean) {
      return Set.of();
    }
    return switch (anatomy.run(invoke.callee, List.of(Stage.INPUT)).get(0)) {
      case DENSE -> anatomy.isBare(invoke) ? Set.of() : LayerTypes.withParents(LayerTypes.LINEAR);
      case CONVOLVED -> LayerTypes.withParents(LayerTypes.CONVOLUTION);
      case TRANSPOSED -> LayerTypes.withParents(LayerTypes.TRANSPOSE);
      case NORMALIZED, ACTIVATED -> Set.of(LayerTypes.BATCH_NORM);
      default -> Set.of();
    };
  }

  /**
   * Whether a dense module is nothing but the function on its own parameters: modules that people
   * write themselves look like that, and have no type in Python either.
   */
  private boolean isBare(Instruction.Invoke invoke) {
    long weights = invoke.callee.constants().stream().filter(c -> isOwn(c, "weight")).count();
    return LinearMaps.sole(invoke.callee) != null
        && LinearMaps.of(LinearMaps.sole(invoke.callee), invoke.callee) != null
        && weights == 1
        && module.parameters().contains("weight");
  }

  @Override
  Stage constant(Constant constant) {
    return Stage.FREE;
  }

  @Override
  Stage unknown() {
    return Stage.OTHER;
  }

  @Override
  Stage join(Stage a, Stage b) {
    return Stage.OTHER;
  }

  @Override
  void enter(Instruction.Invoke call, List<Stage> in) {}

  @Override
  List<Stage> operate(Instruction.Operate operate, List<Stage> in, Frame frame) {
    return Collections.nCopies(operate.out.length, after(operate, in, frame));
  }

  private Stage after(Instruction.Operate operate, List<Stage> in, Frame frame) {
    Operators.Info info = Operators.of(operate.operator.name());
    Stage stage = info.is(Trait.LIKE) ? in.get(0) : common(in);
    if (info.is(Trait.NO_VALUES) || stage == Stage.FREE) {
      return Stage.FREE;
    }
    if (info.is(Trait.STORES) || info.is(Trait.WRITES_LIST)) {
      return Stage.OTHER;
    }
    if (info.is(Kind.MOVING) && (info.is(Trait.HANDS_ON) || info.is(Trait.CASTS))) {
      return in.get(0) == Stage.FREE ? Stage.OTHER : stage;
    }
    if (stage == Stage.INPUT && operate.path.equals(module.name())) {
      return computed(operate, info, in, frame);
    }
    boolean normalized = stage == Stage.NORMALIZED || stage == Stage.ACTIVATED;
    return normalized && isPartOfActivation(info) ? Stage.ACTIVATED : Stage.OTHER;
  }

  private Stage computed(
      Instruction.Operate operate, Operators.Info info, List<Stage> in, Frame frame) {
    int input = operate.operator.argument("input");
    if (input < 0 || in.get(input) != Stage.INPUT) {
      return Stage.OTHER;
    }
    if (info.is(Kind.CONVOLUTION, Kind.LINEAR)) {
      boolean fits = ownsWeight && operate.operator.argument("weight") >= 0;
      if (!fits) {
        return Stage.OTHER;
      }
      if (info.is(Kind.LINEAR)) {
        return Stage.DENSE;
      }
      return isTransposed(operate, info, frame) ? Stage.TRANSPOSED : Stage.CONVOLVED;
    }
    Constant mean = frame.code().constant(operate, "running_mean");
    boolean own = mean != null && mean.isTensor() && isOwn(mean, "running_mean");
    return own && BatchNorm.of(operate, frame.code()) != null ? Stage.NORMALIZED : Stage.OTHER;
  }

  private static boolean isTransposed(
      Instruction.Operate operate, Operators.Info info, Frame frame) {
    Constant transposed = frame.code().constant(operate, "transposed");
    return info.name().startsWith("conv_transpose")
        || (transposed != null && transposed.value().isBool() && transposed.value().toBool());
  }

  /** Some activations are written as a product, such as x * sigmoid(x). */
  private static boolean isPartOfActivation(Operators.Info info) {
    return info.is(Kind.ACTIVATION, Kind.FURTHER_ACTIVATION, Kind.CLAMP)
        || info.is(Trait.ELEMENTWISE)
        || info.is(Trait.GATES)
        || info.is(Trait.AFFINE);
  }

  /** The one stage of all values that hold something of the input. */
  private static Stage common(List<Stage> in) {
    Stage found = Stage.FREE;
    for (Stage stage : in) {
      if (stage == Stage.FREE || stage == found) {
        continue;
      }
      boolean activation =
          (found == Stage.NORMALIZED && stage == Stage.ACTIVATED)
              || (found == Stage.ACTIVATED && stage == Stage.NORMALIZED);
      if (found != Stage.FREE && !activation) {
        return Stage.OTHER;
      }
      found = activation ? Stage.ACTIVATED : stage;
    }
    return found;
  }

  @Override
  List<Stage> structure(Instruction instruction, List<Stage> in, Frame frame) {
    Stage stage =
        instruction.accept(
            new Instruction.Visitor<Stage>() {
              @Override
              public Stage isInstance(Instruction.IsInstance test) {
                return Stage.FREE;
              }

              @Override
              public Stage other(Instruction any) {
                return common(in);
              }
            });
    return Collections.nCopies(instruction.out.length, stage);
  }
}
