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
    FUNCTION,
    CONTRAST,
    LOG_RATIO,
    REGION,
    BOXES
  }

  private final Kind kind;
  private final int[] classes;
  private final Tensor seed;
  private final UnaryOperator<Tensor> function;
  private final int[] against;
  private final DetectionBoxes boxes;

  /** Whether the seed is multiplied by the output, of kinds that have no other one for that. */
  private final boolean timesOutput;

  private Target(Kind kind, int[] classes, Tensor seed, UnaryOperator<Tensor> function) {
    this(kind, classes, seed, function, new int[0], null, false);
  }

  private Target(
      Kind kind,
      int[] classes,
      Tensor seed,
      UnaryOperator<Tensor> function,
      int[] against,
      DetectionBoxes boxes,
      boolean timesOutput) {
    this.kind = kind;
    this.classes = classes;
    this.seed = seed;
    this.function = function;
    this.against = against;
    this.boxes = boxes;
    this.timesOutput = timesOutput;
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
   * One class against another: one at the first, minus one at the second, so that what is explained
   * is the difference of their logits, which is also the logarithm of the ratio of their
   * probabilities.
   *
   * @param classes one for each sample, or one for all; none for the most likely class
   * @param against likewise; none for the most likely one of the others
   * @return the target
   */
  public static Target contrast(int[] classes, int[] against) {
    return new Target(
        Kind.CONTRAST,
        classes.clone(),
        null,
        null,
        against.clone(),
        null,
        /* timesOutput= */ false);
  }

  /**
   * A class against all others: the gradient of log(p / (1 - p)), where p is the class's softmax:
   * one at the class, minus their shares of the others' probability elsewhere. G. Montavon et al.,
   * Layer-wise relevance propagation: an overview, 2019.
   *
   * @param classes one for each sample, or one for all; none for the most likely class
   * @return the target
   */
  public static Target logRatio(int... classes) {
    return new Target(Kind.LOG_RATIO, classes.clone(), null, null);
  }

  /**
   * A region of a segmentation: one at the class in the region, zero elsewhere, in an output of
   * shape (batch, classes, space...).
   *
   * @param segmentClass the class
   * @param mask not zero where the region is: of shape (space...) or (batch, space...); null for
   *     where the class is the most likely one, computed anew in each pass
   * @return the target
   */
  public static Target region(int segmentClass, Tensor mask) {
    return new Target(Kind.REGION, new int[] {segmentClass}, mask, null);
  }

  /**
   * Boxes of a detector.
   *
   * @param boxes which ones
   * @return the target
   */
  public static Target boxes(DetectionBoxes boxes) {
    return new Target(
        Kind.BOXES, new int[0], null, null, new int[0], boxes, /* timesOutput= */ false);
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
      case CONTRAST, LOG_RATIO, REGION, BOXES ->
          new Target(kind, classes, seed, function, against, boxes, /* timesOutput= */ true);
    };
  }

  /**
   * Whether the classes are chosen by the network.
   *
   * @return true for top-1 targets
   */
  public boolean isTop() {
    return switch (kind) {
      case TOP_ONES, TOP_LOGIT -> true;
      case CONTRAST -> classes.length == 0 || against.length == 0;
      case LOG_RATIO -> classes.length == 0;
      case ONES, LOGIT, OUTPUT, ALL, SEED, FUNCTION, REGION, BOXES -> false;
    };
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
    int[] chosen = classes.length == 0 ? topClasses(output) : classes;
    return switch (kind) {
      case TOP_ONES -> classes(chosen);
      case TOP_LOGIT -> logit(chosen);
      default ->
          new Target(
              kind,
              chosen,
              seed,
              function,
              kind == Kind.CONTRAST && against.length == 0 ? others(output, chosen) : against,
              boxes,
              timesOutput);
    };
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
      case ONES -> oneHot(output, classes);
      case LOGIT -> oneHot(output, classes).mul(output.detach());
      case TOP_ONES -> topOnes(output);
      case TOP_LOGIT -> topOnes(output).mul(output.detach());
      case CONTRAST, LOG_RATIO, REGION, BOXES -> {
        Tensor start = isTop() ? resolve(output).named(output) : named(output);
        yield timesOutput ? start.mul(output.detach()) : start;
      }
    };
  }

  private Tensor named(Tensor output) {
    Tensor detached = output.detach();
    return switch (kind) {
      case CONTRAST -> oneHot(output, classes).sub(oneHot(output, against));
      case LOG_RATIO -> {
        Tensor one = oneHot(output, classes);
        Tensor rest =
            torch.softmax(
                detached.masked_fill(one.ne(new Scalar(0)), new Scalar(Double.NEGATIVE_INFINITY)),
                1);
        yield one.sub(rest);
      }
      case REGION -> region(detached);
      default -> boxes.seed(detached);
    };
  }

  private Tensor region(Tensor output) {
    if (output.dim() < 3) {
      throw new ShapeException(
          "a region needs an output of shape (batch, classes, space...), but it has "
              + Arrays.toString(output.shape()));
    }
    Tensor one = oneHot(output, classes);
    if (seed == null) {
      Tensor likely = output.argmax(new LongOptional(1), true).eq(new Scalar(classes[0]));
      return one.mul(likely.to(output.scalar_type()));
    }
    long[] space = Arrays.copyOfRange(output.shape(), 2, (int) output.dim());
    long[] own = seed.isNull() ? space : seed.shape();
    long[] last = Arrays.copyOfRange(own, Math.max(0, own.length - space.length), own.length);
    boolean batched = own.length == space.length + 1 && own[0] == output.size(0);
    if (!Arrays.equals(last, space) || (own.length != space.length && !batched)) {
      throw new ShapeException(
          "the region's mask has shape "
              + Arrays.toString(own)
              + ", the output has "
              + Arrays.toString(output.shape()));
    }
    if (seed.isNull()) {
      throw new Zennit4jException("the target's tensor was closed before it was used");
    }
    Tensor mask = seed.ne(new Scalar(0)).to(output.device(), output.scalar_type());
    return one.mul(batched ? mask.unsqueeze(1) : mask);
  }

  /** The most likely class of each sample but the chosen one. */
  private static int[] others(Tensor output, int... chosen) {
    checkClasses(output);
    if (output.size(1) < 2) {
      throw new ShapeException("a contrast needs two classes, but the output has one");
    }
    Tensor without =
        output
            .detach()
            .masked_fill(
                oneHot(output, chosen).ne(new Scalar(0)), new Scalar(Double.NEGATIVE_INFINITY));
    return topClasses(without);
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

  private static Tensor oneHot(Tensor output, int... classes) {
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
        + (classes.length == 0 ? "" : Arrays.toString(classes))
        + (against.length == 0 ? "" : " against " + Arrays.toString(against))
        + (boxes == null ? "" : " " + boxes);
  }
}
