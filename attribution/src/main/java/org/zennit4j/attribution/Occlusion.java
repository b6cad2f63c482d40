/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Values;

/**
 * What the model makes of small windows of the input: a window slides over it, everything outside
 * is filled in (with {@code invert}: everything inside), and what the target takes from the output
 * counts for all values of the window.
 *
 * <p>By default exactly as in Zennit: each window adds {@code mask * sum(target(output))}, there is
 * no difference to the original output, overlapping windows add up, and windows wrap around the
 * border. Rules do not matter, since nothing runs backward. With several inputs the window slides
 * over one after the other, while the others stay whole.
 *
 * <p>M. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, 2014.
 */
public final class Occlusion extends Attributor {
  /** What a window counts for. */
  public enum Score {
    /** What the target takes from the output of the changed input; windows add up. */
    KEPT,
    /**
     * How much the sum of output times target falls below that of the whole input, in float64; the
     * mean over the windows that hold a value. The target is that of the whole input.
     */
    DROP
  }

  /** What becomes of windows that reach beyond the border. */
  public enum Border {
    /** They go on at the other side. */
    WRAP,
    /** They are cut. */
    CUT
  }

  /**
   * How occlusion runs.
   *
   * @param window the window's sizes in the last dimensions; dimensions before them are covered as
   *     a whole. Sizes beyond the input's are cut. If {@code spatial}: one size for all spatial
   *     dimensions or one each, none for 8 (1 where the input has no more than features)
   * @param allDimensions whether {@code window} holds one size, for all dimensions but the batch
   * @param stride from window to window, null for the window's own sizes; as many as {@code
   *     window}, or one for all dimensions but the batch if {@code strideAllDimensions}
   * @param strideAllDimensions whether {@code stride} holds one number, for all dimensions but the
   *     batch
   * @param fill what is filled in
   * @param invert whether the window itself is filled, not what is outside of it
   * @param batchSize how many windows run at once, 0 for as many as pay. More need more memory, and
   *     a model that treats samples apart; the result depends on it by rounding at most
   * @param score what a window counts for
   * @param border what becomes of windows that reach beyond the border
   * @param spatial whether window and stride are those of the spatial dimensions: all but batch and
   *     channels, or all but the batch where there are only two. Channels are covered together
   */
  public record Settings(
      List<Integer> window,
      boolean allDimensions,
      List<Integer> stride,
      boolean strideAllDimensions,
      Baseline fill,
      boolean invert,
      int batchSize,
      Score score,
      Border border,
      boolean spatial)
      implements AttributorSettings {
    /**
     * Checks the numbers.
     *
     * @param window {@link #window()}
     * @param allDimensions {@link #allDimensions()}
     * @param stride {@link #stride()}
     * @param strideAllDimensions {@link #strideAllDimensions()}
     * @param fill {@link #fill()}
     * @param invert {@link #invert()}
     * @param batchSize {@link #batchSize()}
     * @param score {@link #score()}
     * @param border {@link #border()}
     * @param spatial {@link #spatial()}
     */
    public Settings {
      window = List.copyOf(window);
      stride = stride == null ? null : List.copyOf(stride);
      if (!(spatial && window.isEmpty())) {
        positive("window", window);
      }
      if (stride != null) {
        positive("stride", stride);
      }
      SmoothGrad.check(1, batchSize);
    }

    /**
     * Zennit's way: windows add up and wrap around the border.
     *
     * @param window {@link #window()}
     * @param allDimensions {@link #allDimensions()}
     * @param stride {@link #stride()}
     * @param strideAllDimensions {@link #strideAllDimensions()}
     * @param fill {@link #fill()}
     * @param invert {@link #invert()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings(
        List<Integer> window,
        boolean allDimensions,
        List<Integer> stride,
        boolean strideAllDimensions,
        Baseline fill,
        boolean invert,
        int batchSize) {
      this(
          window,
          allDimensions,
          stride,
          strideAllDimensions,
          fill,
          invert,
          batchSize,
          Score.KEPT,
          Border.WRAP,
          /* spatial= */ false);
    }

    private static void positive(String what, List<Integer> sizes) {
      if (sizes.isEmpty() || sizes.stream().anyMatch(s -> s < 1)) {
        throw new Zennit4jException(
            "sizes of the " + what + " must be at least 1, but are " + sizes);
      }
    }

    /**
     * Zennit's defaults: windows of 8 in all dimensions, side by side, zeros around them; as many
     * of them at once as pay.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(
          List.of(8), true, null, false, Baseline.zeros(), false, BatchChoice.AUTOMATIC);
    }

    private Settings with(List<Integer> sizes, boolean all, List<Integer> steps, boolean stepsAll) {
      return new Settings(
          sizes, all, steps, stepsAll, fill, invert, batchSize, score, border, spatial);
    }

    private Settings with(Baseline filling, boolean inside, int size) {
      return new Settings(
          window,
          allDimensions,
          stride,
          strideAllDimensions,
          filling,
          inside,
          size,
          score,
          border,
          spatial);
    }

    /**
     * One window size for all dimensions but the batch.
     *
     * @param size the size
     * @return a copy
     */
    public Settings withWindow(int size) {
      return with(List.of(size), true, stride, strideAllDimensions);
    }

    /**
     * Window sizes of the last dimensions.
     *
     * @param sizes such as (height, width)
     * @return a copy
     */
    public Settings withWindow(List<Integer> sizes) {
      return with(sizes, false, stride, strideAllDimensions);
    }

    /**
     * One stride for all dimensions but the batch.
     *
     * @param value the stride
     * @return a copy
     */
    public Settings withStride(int value) {
      return with(window, allDimensions, List.of(value), true);
    }

    /**
     * Strides of the last dimensions.
     *
     * @param values such as (height, width)
     * @return a copy
     */
    public Settings withStride(List<Integer> values) {
      return with(window, allDimensions, values, false);
    }

    /**
     * Changes {@link #fill()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withFill(Baseline value) {
      return with(value, invert, batchSize);
    }

    /**
     * Fills with a number.
     *
     * @param value the number
     * @return a copy
     */
    public Settings withFill(double value) {
      return withFill(Baseline.number(value));
    }

    /**
     * Changes {@link #invert()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withInvert(boolean value) {
      return with(fill, value, batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return with(fill, invert, value);
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public Map<String, Object> arguments() {
      Map<String, Object> arguments = new LinkedHashMap<>();
      if (!window.isEmpty()) {
        arguments.put("window", allDimensions ? window.get(0) : window);
      }
      if (stride != null) {
        arguments.put("stride", strideAllDimensions ? stride.get(0) : stride);
      }
      arguments.put("fill", Baselines.argument(fill));
      arguments.put("invert", invert);
      arguments.put("score", Choices.text(score));
      arguments.put("border", Choices.text(border));
      arguments.put("spatial", spatial);
      arguments.put("batch_size", batchSize);
      return Collections.unmodifiableMap(arguments);
    }

    @Override
    public Attributor on(Plan plan) {
      return new Occlusion(plan, this);
    }
  }

  private static final String NAME = "occlusion";

  private final Settings settings;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   */
  public Occlusion(Plan plan) {
    this(plan, Settings.defaults());
  }

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   */
  public Occlusion(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers; its rules do not matter
   */
  public Occlusion(ScriptModel model, Composite composite) {
    this(model, composite, Settings.defaults());
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers; its rules do not matter
   * @param settings how to run
   */
  public Occlusion(ScriptModel model, Composite composite, Settings settings) {
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
    refuseLayers(options, "occlusion runs nothing backward");
    refuseGraph(options, "occlusion runs nothing backward");
    OcclusionRun run = new OcclusionRun(this, target, options);
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      run.run(ChunkedPasses.prepared(inputs, options));
      if (options.checkFinite() && !NonFinite.isFinite(run.relevances())) {
        throw notFinite(NonFinite.clause(NonFinite.forward(plan(), inputs)));
      }
    } catch (RuntimeException | Error e) {
      run.release();
      throw e;
    }
    List<String> notes = notes(run.output(), run.relevances());
    return result(
        new Pass(run.output(), run.relevances(), List.of(), List.of(), notes), inputs, options);
  }

  /** The attributor by name. */
  static Entry<AttributorSettings> entry() {
    Settings standard = Settings.defaults();
    return Entry.of(
        NAME,
        Settings.class,
        "what the output keeps, or loses, where windows are covered",
        Occlusion::settings,
        Argument.of("window", Kind.COUNTS, null),
        Argument.of("stride", Kind.COUNTS, null),
        Argument.of("fill", Kind.BASELINE, standard.fill()),
        Argument.of("invert", Kind.FLAG, standard.invert()),
        Argument.of("score", Kind.TEXT, Choices.text(standard.score())),
        Argument.of("border", Kind.TEXT, Choices.text(standard.border())),
        Argument.of("spatial", Kind.FLAG, standard.spatial()),
        Attributors.BATCH_SIZE);
  }

  private static Settings settings(Values v) {
    boolean spatial = v.flag("spatial");
    List<Integer> window = sizes(v, "window");
    List<Integer> stride = sizes(v, "stride");
    boolean absent = window == null;
    List<Integer> standard = spatial ? List.of() : Settings.defaults().window();
    return new Settings(
        absent ? standard : window,
        absent ? !spatial : isOne(v, "window"),
        stride,
        isOne(v, "stride"),
        v.get("fill", Baseline.class),
        v.flag("invert"),
        v.whole("batch_size"),
        Choices.read(v, "score", Score.class),
        Choices.read(v, "border", Border.class),
        spatial);
  }

  private static boolean isOne(Values v, String name) {
    return v.get(name, Object.class) instanceof Integer;
  }

  private static List<Integer> sizes(Values v, String name) {
    if (!v.has(name)) {
      return null;
    }
    return isOne(v, name) ? List.of(v.whole(name)) : v.list(name, Integer.class);
  }
}
