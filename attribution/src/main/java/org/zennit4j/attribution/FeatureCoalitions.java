/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Values;

/**
 * What groups of values (segments or patches of the input) are worth to the output, found by
 * leaving groups out: feature ablation, Shapley value sampling, KernelSHAP and LIME.
 *
 * <p>With M groups and f(S) = the sum of output times target while only the groups in S are present
 * and the rest is filled in:
 *
 * <ul>
 *   <li>{@link Method#FEATURE_ABLATION}: f(all) - f(all but g).
 *   <li>{@link Method#SHAPLEY_SAMPLING}: the mean of f(before and g) - f(before) over random orders
 *       in which groups come in (J. Castro et al. 2009, E. Štrumbelj and I. Kononenko 2010).
 *   <li>{@link Method#KERNEL_SHAP}: the linear function of presence that fits f best, coalitions of
 *       s groups weighted by (M - 1) / (C(M, s) s (M - s)), exact where none and all are present
 *       (S. Lundberg and S.-I. Lee 2017). Where all coalitions can be run within the number of
 *       samples they are, and the result is the exact Shapley value; else sizes are drawn by their
 *       weight, each coalition together with its opposite.
 *   <li>{@link Method#LIME}: the linear function that fits f on random coalitions by ridge
 *       regression with an intercept, weighted by the square root of exp(-d² / width²) with d the
 *       cosine distance from all groups (M. Ribeiro et al. 2016, with their library's defaults).
 * </ul>
 *
 * <p>Shapley values, of the sample and of KernelSHAP, add up to f(all) - f(none) over the groups.
 * Every value of the input carries the number of its group, as in Captum; the sum over the values
 * is not that over the groups. Rules do not matter, since nothing runs backward.
 */
public final class FeatureCoalitions extends Attributor {
  /** How worth is found. */
  public enum Method {
    /** Each group alone is left out. */
    FEATURE_ABLATION,
    /** Groups come in one after the other, in random orders. */
    SHAPLEY_SAMPLING,
    /** A weighted linear fit whose coefficients are Shapley values. */
    KERNEL_SHAP,
    /** A linear fit near the whole input. */
    LIME
  }

  /**
   * How groups are made and left out.
   *
   * @param method how worth is found
   * @param segments one tensor of whole numbers from 0 for each input, of a shape that spreads over
   *     it, such as (height, width), or (batch, 1, height, width) for segments of each sample's
   *     own; equal numbers belong together. None for patches
   * @param patch sizes on the spatial axes (all but batch and channels), or one for all; none for
   *     an eighth of each axis, a thirty-second of a series, single features of a table
   * @param fill what stands where a group is missing
   * @param samples orders of Shapley value sampling, coalitions of KernelSHAP and LIME
   * @param seed of the random numbers
   * @param width of LIME's kernel
   * @param alpha how much LIME's ridge regression draws coefficients to zero
   * @param batchSize how many coalitions run at once, 0 for as many as pay; the result depends on
   *     it by rounding at most
   */
  public record Settings(
      Method method,
      List<Tensor> segments,
      List<Integer> patch,
      Baseline fill,
      int samples,
      long seed,
      double width,
      double alpha,
      int batchSize)
      implements AttributorSettings {
    /**
     * Checks the numbers.
     *
     * @param method {@link #method()}
     * @param segments {@link #segments()}
     * @param patch {@link #patch()}
     * @param fill {@link #fill()}
     * @param samples {@link #samples()}
     * @param seed {@link #seed()}
     * @param width {@link #width()}
     * @param alpha {@link #alpha()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings {
      segments = List.copyOf(segments);
      patch = List.copyOf(patch);
      if (patch.stream().anyMatch(size -> size < 1)) {
        throw new Zennit4jException("sizes of the patch must be at least 1, but are " + patch);
      }
      if (!(width > 0) || !(alpha >= 0)) {
        throw new Zennit4jException(
            "width must be above 0 and alpha at least 0, but are " + width + " and " + alpha);
      }
      SmoothGrad.check(samples, batchSize);
    }

    /**
     * The defaults of a method: patches, zeros where they are missing, 25 orders for Shapley value
     * sampling (Captum) and 1000 coalitions for KernelSHAP and LIME (LIME), seed 0, width 0.25 and
     * alpha 1 (LIME), as many coalitions at once as pay.
     *
     * @param method {@link #method()}
     * @return the settings
     */
    public static Settings of(Method method) {
      int samples = method == Method.SHAPLEY_SAMPLING ? 25 : 1000;
      return new Settings(method, List.of(), List.of(), Baseline.zeros(), samples, 0, 0.25, 1, 0);
    }

    /**
     * Changes {@link #segments()}.
     *
     * @param values one for each input; the caller keeps them open
     * @return a copy
     */
    public Settings withSegments(Tensor... values) {
      return new Settings(
          method, List.of(values), patch, fill, samples, seed, width, alpha, batchSize);
    }

    /**
     * Changes {@link #patch()}.
     *
     * @param sizes one for all spatial axes, or one for each
     * @return a copy
     */
    public Settings withPatch(Integer... sizes) {
      return new Settings(
          method, segments, List.of(sizes), fill, samples, seed, width, alpha, batchSize);
    }

    /**
     * Changes {@link #fill()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withFill(Baseline value) {
      return new Settings(method, segments, patch, value, samples, seed, width, alpha, batchSize);
    }

    /**
     * Changes {@link #samples()} and {@link #seed()}.
     *
     * @param count the number
     * @param start the seed
     * @return a copy
     */
    public Settings withSamples(int count, long start) {
      return new Settings(method, segments, patch, fill, count, start, width, alpha, batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return new Settings(method, segments, patch, fill, samples, seed, width, alpha, value);
    }

    @Override
    public String name() {
      return Choices.text(method);
    }

    @Override
    public Map<String, Object> arguments() {
      Map<String, Object> arguments = new LinkedHashMap<>();
      if (!segments.isEmpty()) {
        arguments.put("segments", segments);
      }
      if (!patch.isEmpty()) {
        arguments.put("patch", patch.size() == 1 ? patch.get(0) : patch);
      }
      arguments.put("fill", Baselines.argument(fill));
      if (method != Method.FEATURE_ABLATION) {
        arguments.put("samples", samples);
        arguments.put("seed", seed);
      }
      if (method == Method.LIME) {
        arguments.put("width", width);
        arguments.put("alpha", alpha);
      }
      arguments.put("batch_size", batchSize);
      return Collections.unmodifiableMap(arguments);
    }

    @Override
    public Attributor on(Plan plan) {
      return new FeatureCoalitions(plan, this);
    }
  }

  private final Settings settings;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   */
  public FeatureCoalitions(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers; its rules do not matter
   * @param settings how to run
   */
  public FeatureCoalitions(ScriptModel model, Composite composite, Settings settings) {
    super(model, composite);
    this.settings = settings;
  }

  /**
   * How the attributor runs.
   *
   * @return the settings
   */
  public Settings settings() {
    return settings;
  }

  @Override
  public Attribution attribute(List<Tensor> inputs, Target target, AttributionOptions options) {
    refuseLayers(options, name() + " runs nothing backward");
    refuseGraph(options, name() + " runs nothing backward");
    Coalitions coalitions = null;
    List<Tensor> relevances = List.of();
    boolean done = false;
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      coalitions = new Coalitions(this, clean, settings, target, options);
      relevances = coalitions.spread(found(coalitions));
      if (options.checkFinite() && !NonFinite.isFinite(relevances)) {
        throw notFinite(NonFinite.clause(NonFinite.forward(plan(), inputs)));
      }
      done = true;
    } finally {
      if (coalitions != null) {
        coalitions.release(!done);
      }
      if (!done) {
        relevances.forEach(Natives::release);
      }
    }
    Tensor output = coalitions.output();
    List<String> notes = notes(output, relevances);
    return result(new Pass(output, relevances, List.of(), List.of(), notes), inputs, options);
  }

  private String name() {
    return settings.name();
  }

  /** The worth of each group, by sample. */
  private double[][] found(Coalitions coalitions) {
    return switch (settings.method()) {
      case FEATURE_ABLATION -> ablation(coalitions);
      case SHAPLEY_SAMPLING -> shapley(coalitions);
      case KERNEL_SHAP, LIME -> new LinearFit(settings, coalitions).worth();
    };
  }

  private static double[][] ablation(Coalitions coalitions) {
    int groups = coalitions.groups();
    coalitions.expect(groups);
    double[][] values =
        coalitions.values(
            groups,
            g -> {
              boolean[] all = new boolean[groups];
              Arrays.fill(all, true);
              all[g] = false;
              return all;
            });
    double[] whole = coalitions.whole();
    double[][] worth = new double[coalitions.samples()][groups];
    for (int b = 0; b < worth.length; b++) {
      for (int g = 0; g < groups; g++) {
        worth[b][g] = whole[b] - values[g][b];
      }
    }
    return worth;
  }

  private double[][] shapley(Coalitions coalitions) {
    int groups = coalitions.groups();
    int orders = settings.samples();
    coalitions.expect(1 + orders * (groups - 1));
    Random random = new Random(settings.seed());
    double[] none = coalitions.none();
    double[] whole = coalitions.whole();
    double[][] worth = new double[coalitions.samples()][groups];
    int[] order = new int[groups];
    Arrays.setAll(order, g -> g);
    for (int o = 0; o < orders; o++) {
      shuffle(order, random);
      boolean[] present = new boolean[groups];
      double[][] values =
          coalitions.values(
              groups - 1,
              k -> {
                present[order[k]] = true;
                return present;
              });
      for (int b = 0; b < worth.length; b++) {
        double before = none[b];
        for (int k = 0; k < groups; k++) {
          double after = k < groups - 1 ? values[k][b] : whole[b];
          worth[b][order[k]] += (after - before) / orders;
          before = after;
        }
      }
    }
    return worth;
  }

  static void shuffle(int[] order, Random random) {
    for (int k = order.length - 1; k > 0; k--) {
      int other = random.nextInt(k + 1);
      int swapped = order[k];
      order[k] = order[other];
      order[other] = swapped;
    }
  }

  /** The attributors by name. */
  static List<Entry<AttributorSettings>> entries() {
    return List.of(
        entry(Method.FEATURE_ABLATION, "what the output loses without each segment or patch"),
        entry(Method.SHAPLEY_SAMPLING, "Shapley values of segments or patches, by random orders"),
        entry(
            Method.KERNEL_SHAP, "Shapley values of segments or patches, by a weighted linear fit"),
        entry(Method.LIME, "a linear fit of what segments or patches do to the output"));
  }

  private static Entry<AttributorSettings> entry(Method method, String description) {
    Settings standard = Settings.of(method);
    List<Argument> arguments = new ArrayList<>();
    arguments.add(Argument.of("segments", Kind.ARRAYS, null));
    arguments.add(Argument.of("patch", Kind.COUNTS, null));
    arguments.add(Argument.of("fill", Kind.BASELINE, standard.fill()));
    if (method != Method.FEATURE_ABLATION) {
      arguments.add(Argument.of("samples", Kind.COUNT, standard.samples()));
      arguments.add(Argument.of("seed", Kind.SEED, standard.seed()));
    }
    if (method == Method.LIME) {
      arguments.add(Argument.of("width", Kind.NUMBER, standard.width()));
      arguments.add(Argument.of("alpha", Kind.NUMBER, standard.alpha()));
    }
    arguments.add(Attributors.BATCH_SIZE);
    return new Entry<>(
        Choices.text(method),
        Settings.class,
        description,
        arguments,
        values -> read(method, standard, values));
  }

  private static Settings read(Method method, Settings standard, Values v) {
    boolean random = method != Method.FEATURE_ABLATION;
    boolean lime = method == Method.LIME;
    List<Integer> patch = List.of();
    if (v.has("patch")) {
      patch =
          v.get("patch", Object.class) instanceof Integer one
              ? List.of(one)
              : v.list("patch", Integer.class);
    }
    return new Settings(
        method,
        v.has("segments") ? v.list("segments", Tensor.class) : List.of(),
        patch,
        v.get("fill", Baseline.class),
        random ? v.whole("samples") : standard.samples(),
        random ? v.get("seed", Long.class) : standard.seed(),
        lime ? v.number("width") : standard.width(),
        lime ? v.number("alpha") : standard.alpha(),
        v.whole("batch_size"));
  }
}
