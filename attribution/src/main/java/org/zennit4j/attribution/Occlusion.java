/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/**
 * What the model makes of small windows of the input: a window slides over it, everything outside
 * is filled in (with {@code invert}: everything inside), and what the target takes from the output
 * counts for all values of the window.
 *
 * <p>Exactly as in Zennit: each window adds {@code mask * sum(target(output))}, there is no
 * difference to the original output, overlapping windows add up, and windows wrap around the
 * border. Rules do not matter, since nothing runs backward. With several inputs the window slides
 * over one after the other, while the others stay whole.
 *
 * <p>M. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, 2014.
 */
public final class Occlusion extends Attributor {
  /**
   * How occlusion runs.
   *
   * @param window the window's sizes in the last dimensions; dimensions before them are covered as
   *     a whole. Sizes beyond the input's are cut
   * @param allDimensions whether {@code window} holds one size, for all dimensions but the batch
   * @param stride from window to window, null for the window's own sizes; as many as {@code
   *     window}, or one for all dimensions but the batch if {@code strideAllDimensions}
   * @param strideAllDimensions whether {@code stride} holds one number, for all dimensions but the
   *     batch
   * @param fill what is filled in
   * @param invert whether the window itself is filled, not what is outside of it
   * @param batchSize how many windows run at once; more need more memory, and a model that treats
   *     samples apart. The result does not depend on it
   */
  public record Settings(
      List<Integer> window,
      boolean allDimensions,
      List<Integer> stride,
      boolean strideAllDimensions,
      Baseline fill,
      boolean invert,
      int batchSize) {
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
     */
    public Settings {
      window = List.copyOf(window);
      stride = stride == null ? null : List.copyOf(stride);
      positive("window", window);
      positive("stride", stride == null ? window : stride);
      SmoothGrad.check(1, batchSize);
    }

    private static void positive(String what, List<Integer> sizes) {
      if (sizes.isEmpty() || sizes.stream().anyMatch(s -> s < 1)) {
        throw new Zennit4jException(
            "sizes of the " + what + " must be at least 1, but are " + sizes);
      }
    }

    /**
     * Zennit's defaults: windows of 8 in all dimensions, side by side, zeros around them; one
     * window at a time.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(List.of(8), true, null, false, Baseline.zeros(), false, 1);
    }

    /**
     * One window size for all dimensions but the batch.
     *
     * @param size the size
     * @return a copy
     */
    public Settings withWindow(int size) {
      return new Settings(
          List.of(size), true, stride, strideAllDimensions, fill, invert, batchSize);
    }

    /**
     * Window sizes of the last dimensions.
     *
     * @param sizes such as (height, width)
     * @return a copy
     */
    public Settings withWindow(List<Integer> sizes) {
      return new Settings(sizes, false, stride, strideAllDimensions, fill, invert, batchSize);
    }

    /**
     * One stride for all dimensions but the batch.
     *
     * @param value the stride
     * @return a copy
     */
    public Settings withStride(int value) {
      return new Settings(window, allDimensions, List.of(value), true, fill, invert, batchSize);
    }

    /**
     * Strides of the last dimensions.
     *
     * @param values such as (height, width)
     * @return a copy
     */
    public Settings withStride(List<Integer> values) {
      return new Settings(window, allDimensions, values, false, fill, invert, batchSize);
    }

    /**
     * Changes {@link #fill()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withFill(Baseline value) {
      return new Settings(
          window, allDimensions, stride, strideAllDimensions, value, invert, batchSize);
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
      return new Settings(
          window, allDimensions, stride, strideAllDimensions, fill, value, batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return new Settings(window, allDimensions, stride, strideAllDimensions, fill, invert, value);
    }
  }

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
    if (options.createGraph()) {
      throw new Zennit4jException(
          "occlusion runs nothing backward, so that its relevance cannot be differentiated");
    }
    Run run = new Run(target, options);
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      run.run(ChunkedPasses.prepared(inputs, options));
      if (options.checkFinite() && !NonFinite.isFinite(run.relevances)) {
        throw notFinite(NonFinite.clause(NonFinite.forward(plan(), inputs)));
      }
    } catch (RuntimeException | Error e) {
      run.release();
      throw e;
    }
    return result(new Pass(run.output, run.relevances, List.of(), List.of()), inputs, options);
  }

  /** One call. */
  private final class Run {
    private final AttributionOptions options;
    private final List<Tensor> relevances = new ArrayList<>();
    private Target target;
    private Tensor output;
    private long batch;
    private int total = 1;
    private int done;
    private final long deadline;

    Run(Target target, AttributionOptions options) {
      this.target = target;
      this.options = options;
      this.deadline = deadline(options);
    }

    void release() {
      relevances.forEach(Natives::release);
      Natives.release(output);
    }

    void run(List<Tensor> inputs) {
      batch = ChunkedPasses.batch(inputs);
      List<Windows> windows = new ArrayList<>();
      for (Tensor input : inputs) {
        Windows slides = input.is_floating_point() && input.dim() > 0 ? new Windows(input) : null;
        windows.add(slides);
        total = Math.addExact(total, slides == null ? 0 : slides.count());
        relevances.add(slides == null ? null : Natives.keep(torch.zeros_like(input)));
      }
      forward(
          inputs,
          result -> {
            target = target.resolve(result);
            output = Natives.keep(new Tensor(result));
          });
      tell(1);
      for (int i = 0; i < inputs.size(); i++) {
        if (windows.get(i) != null) {
          slide(inputs, i, windows.get(i));
        }
      }
    }

    private void tell(int passes) {
      done += passes;
      progress(options, done, total);
    }

    private void slide(List<Tensor> inputs, int i, Windows windows) {
      Tensor input = inputs.get(i);
      Tensor fill = Baselines.like(settings.fill(), input, i);
      for (int from = 0; from < windows.count(); from += settings.batchSize()) {
        int count = Math.min(settings.batchSize(), windows.count() - from);
        try (PointerScope scope = new PointerScope()) {
          List<Tensor> masks = new ArrayList<>();
          List<List<Tensor>> copies = new ArrayList<>();
          for (int k = 0; k < count; k++) {
            Tensor mask = windows.mask(from + k);
            masks.add(mask);
            List<Tensor> copy = new ArrayList<>(inputs);
            copy.set(
                i,
                settings.invert()
                    ? torch.where(mask, fill, input)
                    : torch.where(mask, input, fill));
            copies.add(copy);
          }
          forward(
              ChunkedPasses.join(copies, batch),
              result -> {
                for (int k = 0; k < count; k++) {
                  Tensor part = ChunkedPasses.part(result, k, count, batch, "the output");
                  relevances.get(i).add_(masks.get(k).mul(score(part, input)));
                }
              });
        }
        tell(count);
      }
    }

    /** What the target takes from each sample's output, in a shape that spreads over the input. */
    private Tensor score(Tensor part, Tensor input) {
      Tensor relevance = target.apply(part);
      if (relevance.dim() == 0 || relevance.size(0) != input.size(0)) {
        throw new ShapeException(
            "occlusion needs an output for each sample, but the output has shape "
                + Arrays.toString(relevance.shape())
                + " in a batch of "
                + input.size(0));
      }
      long[] shape = new long[(int) input.dim()];
      Arrays.fill(shape, 1);
      shape[0] = input.size(0);
      return relevance.reshape(input.size(0), -1).sum(1).view(shape);
    }

    private void forward(List<Tensor> inputs, java.util.function.Consumer<Tensor> use) {
      try (PointerScope scope = new PointerScope();
          Propagation propagation =
              plan().propagate(PropagationOptions.defaults().withDeadline(deadline))) {
        List<Tensor> outputs = propagation.forward(inputs);
        use.accept(outputs.get(selected(outputs, options)).detach());
      }
    }
  }

  /** The positions of the window over one input. */
  private final class Windows {
    private final Tensor first;
    private final long[] dims;
    private final int[] counts;
    private final long[] strides;

    /** Makes the window at the origin, in the caller's scope. */
    Windows(Tensor input) {
      int n = (int) input.dim();
      long[] sizes = sizes(input, settings.window(), settings.allDimensions());
      strides =
          settings.stride() == null
              ? sizes
              : sizes(input, settings.stride(), settings.strideAllDimensions());
      dims = new long[n];
      counts = new int[n];
      long[] shape = input.shape();
      for (int d = 0; d < n; d++) {
        dims[d] = d;
        counts[d] = (int) ((shape[d] + Math.max(1, strides[d]) - 1) / Math.max(1, strides[d]));
      }
      if (sizes[0] == shape[0]) {
        shape[0] = 1;
        sizes[0] = 1;
      }
      Tensor mask =
          torch.zeros(shape, input.options().dtype(new ScalarTypeOptional(ScalarType.Bool)));
      Tensor window = mask;
      for (int d = 0; d < n; d++) {
        window = window.narrow(d, 0, sizes[d]);
      }
      window.fill_(new Scalar(1));
      first = mask;
    }

    private long[] sizes(Tensor input, List<Integer> given, boolean all) {
      int n = (int) input.dim();
      int known = all ? n - 1 : given.size();
      if (known > n) {
        throw new ShapeException(
            "a window or stride of "
                + known
                + " dimensions does not fit an input of shape "
                + Arrays.toString(input.shape()));
      }
      long[] result = input.shape();
      for (int d = n - known; d < n; d++) {
        result[d] = Math.min(result[d], given.get(all ? 0 : d - n + known));
      }
      return result;
    }

    int count() {
      int product = 1;
      for (int c : counts) {
        product = Math.multiplyExact(product, c);
      }
      return product;
    }

    /** The window at a position, the last dimension running fastest; it wraps around the border. */
    Tensor mask(int position) {
      long[] offsets = new long[counts.length];
      int rest = position;
      for (int d = counts.length - 1; d >= 0; d--) {
        offsets[d] = rest % counts[d] * strides[d];
        rest /= counts[d];
      }
      return first.roll(offsets, dims);
    }
  }
}
