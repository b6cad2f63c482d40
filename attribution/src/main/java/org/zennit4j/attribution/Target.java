/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;

/**
 * Where relevance starts: what the output's relevance is.
 *
 * <p>Classes are indices on axis 1 of an output of shape (batch, classes, ...); one class counts
 * for the whole batch. Immutable and thread-safe; a seed tensor belongs to the caller.
 */
public final class Target {
  private enum Kind {
    ONES,
    LOGIT,
    TOP_ONES,
    TOP_LOGIT,
    OUTPUT,
    ALL,
    SEED,
    FUNCTION
  }

  private final Kind kind;
  private final int[] classes;
  private final Tensor seed;
  private final UnaryOperator<Tensor> function;

  private Target(Kind kind, int[] classes, Tensor seed, UnaryOperator<Tensor> function) {
    this.kind = kind;
    this.classes = classes;
    this.seed = seed;
    this.function = function;
  }

  /**
   * One at the class of each sample, zero elsewhere.
   *
   * @param classes one for each sample, or one for all
   * @return the target
   */
  public static Target classes(int... classes) {
    return new Target(Kind.ONES, classes.clone(), null, null);
  }

  /**
   * One at the most likely class of each sample, zero elsewhere; the lowest index where several are
   * equal. The class is chosen once, on the clean input.
   *
   * @return the target, the default everywhere
   */
  public static Target top1() {
    return new Target(Kind.TOP_ONES, new int[0], null, null);
  }

  /**
   * The output at the class of each sample, zero elsewhere, computed anew in each pass.
   *
   * @param classes one for each sample, or one for all
   * @return the target
   */
  public static Target logit(int... classes) {
    return new Target(Kind.LOGIT, classes.clone(), null, null);
  }

  /**
   * The output at the most likely class of each sample, zero elsewhere.
   *
   * @return the target
   */
  public static Target logitTop1() {
    return new Target(Kind.TOP_LOGIT, new int[0], null, null);
  }

  /**
   * The output itself, computed anew in each pass; Zennit's default.
   *
   * @return the target
   */
  public static Target output() {
    return new Target(Kind.OUTPUT, new int[0], null, null);
  }

  /**
   * All outputs at once: ones, or with {@link #atLogit()} the outputs themselves.
   *
   * @return the target
   */
  public static Target all() {
    return new Target(Kind.ALL, new int[0], null, null);
  }

  /**
   * A tensor.
   *
   * @param seed of the output's shape; cast to the output's dtype
   * @return the target
   */
  public static Target seed(Tensor seed) {
    return new Target(Kind.SEED, new int[0], seed, null);
  }

  /**
   * A function of the output, evaluated anew in each pass.
   *
   * @param function the output to its relevance, of the same shape
   * @return the target
   */
  public static Target function(UnaryOperator<Tensor> function) {
    return new Target(Kind.FUNCTION, new int[0], null, function);
  }

  /**
   * The same outputs, but starting with their values where this target starts with ones.
   *
   * @return this target where it says itself what it starts with
   */
  public Target atLogit() {
    return switch (kind) {
      case ONES -> logit(classes);
      case TOP_ONES -> logitTop1();
      case ALL -> output();
      case LOGIT, TOP_LOGIT, OUTPUT, SEED, FUNCTION -> this;
    };
  }

  /**
   * Whether the classes are chosen by the network.
   *
   * @return true for top-1 targets
   */
  public boolean isTop() {
    return kind == Kind.TOP_ONES || kind == Kind.TOP_LOGIT;
  }

  /**
   * Fixes what depends on the clean input: top-1 becomes the classes of this output.
   *
   * @param output of the clean input
   * @return a target without top-1
   * @throws ShapeException if the output has no axis of classes
   */
  public Target resolve(Tensor output) {
    if (!isTop()) {
      return this;
    }
    int[] chosen = topClasses(output);
    return kind == Kind.TOP_ONES ? classes(chosen) : logit(chosen);
  }

  /**
   * The most likely class of each sample.
   *
   * @param output of shape (batch, classes)
   * @return one index for each sample, the lowest where several are equal
   */
  public static int[] topClasses(Tensor output) {
    checkClasses(output);
    Tensor best =
        output.detach().argmax(new LongOptional(1), false).to(torch.ScalarType.Long).cpu();
    int[] classes = new int[(int) output.size(0)];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = (int) best.select(0, i).item_long();
    }
    return classes;
  }

  private static void checkClasses(Tensor output) {
    if (output.dim() != 2 || output.size(1) == 0) {
      throw new ShapeException(
          "a top-1 target needs an output of shape (batch, classes), but it has "
              + Arrays.toString(output.shape())
              + "; give classes, a seed or the whole output");
    }
  }

  /**
   * The output's relevance.
   *
   * @param output a pass's output, detached
   * @return of the output's shape, dtype and device, in the caller's innermost scope
   * @throws ShapeException if the target does not fit the output
   */
  public Tensor apply(Tensor output) {
    return switch (kind) {
      case OUTPUT -> output.detach();
      case ALL -> torch.ones_like(output.detach());
      case SEED -> fitting(seed, output);
      case FUNCTION -> fitting(function.apply(output.detach()), output);
      case ONES -> oneHot(output);
      case LOGIT -> oneHot(output).mul(output.detach());
      case TOP_ONES -> topOnes(output);
      case TOP_LOGIT -> topOnes(output).mul(output.detach());
    };
  }

  /** Stays on the output's device: nothing waits for the class's number. */
  private static Tensor topOnes(Tensor output) {
    checkClasses(output);
    Tensor detached = output.detach();
    return torch
        .zeros_like(detached)
        .scatter_(1, detached.argmax(new LongOptional(1), true), new Scalar(1));
  }

  private static Tensor fitting(Tensor seed, Tensor output) {
    if (seed.isNull()) {
      throw new Zennit4jException("the target's tensor was closed before it was used");
    }
    if (isOneSample(seed, output)) {
      return fitting(seed.unsqueeze(0), output);
    }
    if (!Arrays.equals(seed.shape(), output.shape())) {
      throw new ShapeException(
          "the target has shape "
              + Arrays.toString(seed.shape())
              + ", the output has "
              + Arrays.toString(output.shape()));
    }
    return seed.to(output.device(), output.scalar_type());
  }

  /** The seed of a single sample may lack the batch. */
  private static boolean isOneSample(Tensor seed, Tensor output) {
    return output.dim() > 1
        && output.size(0) == 1
        && seed.dim() == output.dim() - 1
        && Arrays.equals(seed.shape(), Arrays.copyOfRange(output.shape(), 1, (int) output.dim()));
  }

  private Tensor oneHot(Tensor output) {
    if (output.dim() < 2) {
      throw new ShapeException(
          "a class target needs an output of shape (batch, classes, ...), but it has "
              + Arrays.toString(output.shape()));
    }
    long batch = output.size(0);
    if (classes.length != 1 && classes.length != batch) {
      throw new ShapeException(
          classes.length
              + " classes are given for a batch of "
              + batch
              + "; give one for each sample, or one");
    }
    for (int c : classes) {
      if (c < 0 || c >= output.size(1)) {
        throw new ShapeException(
            "class " + c + " is out of range: the output has classes 0 to " + (output.size(1) - 1));
      }
    }
    Tensor result = torch.zeros_like(output.detach());
    if (classes.length == 1) {
      result.select(1, classes[0]).fill_(new Scalar(1));
      return result;
    }
    for (int i = 0; i < batch; i++) {
      result.select(0, i).select(0, classes[i]).fill_(new Scalar(1));
    }
    return result;
  }

  /**
   * The classes of a class target.
   *
   * @return a copy; empty for others
   */
  public int[] classes() {
    return classes.clone();
  }

  @Override
  public String toString() {
    return kind.name().toLowerCase(java.util.Locale.ROOT)
        + (classes.length == 0 ? "" : Arrays.toString(classes));
  }
}
