/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Layout;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PlanOptions;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Json;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Times composites against the plain gradient. */
@Command(
    name = "benchmark",
    description =
        "Times the forward pass, the plain gradient and composites in turns, on random inputs: "
            + "medians, quartiles, the ratio to the gradient of the same round, and the peak of memory.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j benchmark model.pt --composite epsilon_plus,epsilon_plus_flat --batch 4",
      "  zennit4j benchmark model.pt --random-weights 1 --rounds 2 --threads 1 --json"
    })
final class BenchmarkCommand implements Callable<Integer> {
  private static final int WARM_UP = 2;
  private static final String IMAGENET = "1,3,224,224";

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "A torch.export (.pt2) or TorchScript file.")
  private Path file;

  @Option(
      names = "--composite",
      paramLabel = "A,B",
      split = ",",
      description =
          "Composites by name; with merge_batch_norm, residual_sum and functional operators, as "
              + "explain uses them. By default epsilon_plus,epsilon_plus_flat.")
  private List<String> composites = List.of("epsilon_plus", "epsilon_plus_flat");

  @Option(
      names = "--random-weights",
      paramLabel = "SEED",
      description = "Give a TorchScript file weights drawn from this seed.")
  private Long seed;

  @Option(
      names = "--input-shape",
      paramLabel = "1,3,224,224",
      description =
          "The input's shape; the first number is replaced by --batch. By default that of ImageNet, "
              + "1,3,224,224.")
  private String shape;

  @Option(names = "--batch", paramLabel = "N", description = "Samples in a batch (default 1).")
  private int batch = 1;

  @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count (default 5).")
  private int rounds = 5;

  @Option(
      names = "--memory-format",
      paramLabel = "F",
      description = "How images lie in memory: contiguous (the default), channels_last or auto.")
  private Layout format = Layout.CONTIGUOUS;

  @Option(
      names = "--save-memory",
      description = "Keep few values on the way forward and compute the others again.")
  private boolean saveMemory;

  @Option(names = "--json", description = "Write JSON: one object for each composite.")
  private boolean json;

  @Mixin private ModelOptions loading;

  /** Something that is timed. */
  private static final class Timed {
    final String name;
    final Runnable run;
    final Plan plan;
    final List<Double> seconds = new ArrayList<>();
    double peak;

    Timed(String name, Plan plan, Runnable run) {
      this.name = name;
      this.plan = plan;
      this.run = run;
    }

    void once(boolean counts) {
      PeakMemory.reset();
      long start = System.nanoTime();
      run.run();
      double time = (System.nanoTime() - start) / 1e9;
      peak = Math.max(peak, PeakMemory.megabytes());
      if (counts) {
        seconds.add(time);
      }
    }

    /** What the plan holds beside the model, in megabytes. */
    double held() {
      return plan.memory().own() / 1048576.0;
    }

    double quantile(double share) {
      return quantile(seconds, share);
    }

    static double quantile(List<Double> values, double share) {
      double[] sorted = values.stream().mapToDouble(s -> s).sorted().toArray();
      double at = share * (sorted.length - 1);
      int below = (int) Math.floor(at);
      int above = Math.min(below + 1, sorted.length - 1);
      return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /** The median of the ratios of each round, which noise that lasts does not touch. */
    double ratio(Timed other) {
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < seconds.size(); i++) {
        ratios.add(seconds.get(i) / other.seconds.get(i));
      }
      return quantile(ratios, 0.5);
    }
  }

  @Override
  public Integer call() {
    if (batch < 1 || rounds < 1) {
      throw new UsageException("--batch and --rounds are numbers from 1 on");
    }
    long[] dimensions = dimensions();
    try (ScriptModel model = open();
        Closing plans = new Closing()) {
      Tensor input = plans.keep(input(model, dimensions));
      PlanOptions options = new PlanOptions(format, saveMemory);
      Plan plain = plans.add(Plan.of(model, new EmptyComposite(), options));
      Timed forward = new Timed("forward", plain, () -> forward(plain, input));
      Timed gradient = new Timed("gradient", plain, () -> explain(plain, input));
      List<Timed> chosen = new ArrayList<>();
      for (String name : composites) {
        Plan plan = plans.add(Plan.of(model, composite(name.strip()), options));
        chosen.add(new Timed(name.strip(), plan, () -> explain(plan, input)));
      }
      try {
        forward.run.run();
      } catch (ShapeException e) {
        throw shape == null
            ? new UsageException(
                "the model takes no input of shape "
                    + Arrays.toString(dimensions)
                    + "; give its own by --input-shape ("
                    + e.getMessage()
                    + ")")
            : e;
      }
      List<Timed> all = new ArrayList<>(List.of(forward, gradient));
      all.addAll(chosen);
      for (int round = -WARM_UP; round < rounds; round++) {
        List<Timed> turn = new ArrayList<>(all);
        if (round % 2 != 0) {
          Collections.reverse(turn);
        }
        for (Timed timed : turn) {
          timed.once(round >= 0);
        }
      }
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(Json.write(chosen.stream().map(c -> entry(c, forward, gradient)).toList()));
      } else {
        table(out, all, gradient);
      }
      return 0;
    }
  }

  private static Map<String, Object> entry(Timed composite, Timed forward, Timed gradient) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("composite", composite.name);
    entry.put("ratio", composite.ratio(gradient));
    entry.put("forward_s", forward.quantile(0.5));
    entry.put("gradient_s", gradient.quantile(0.5));
    entry.put("composite_s", composite.quantile(0.5));
    entry.put("peak_rss_mb", composite.peak);
    entry.put("plan_mb", composite.held());
    return entry;
  }

  private void table(PrintWriter out, List<Timed> all, Timed gradient) {
    out.printf(
        Locale.ROOT,
        "%s, batch %d, %d threads, %d rounds, %s%s%n%n",
        file,
        batch,
        torch.get_num_threads(),
        rounds,
        format.label(),
        saveMemory ? ", saving memory" : "");
    int width = all.stream().mapToInt(t -> t.name.length()).max().orElse(0);
    String row = "%-" + width + "s  %9s  %9s  %9s  %8s  %8s  %8s%n";
    out.printf(row, "", "median s", "quartile", "quartile", "ratio", "peak MB", "plan MB");
    for (Timed timed : all) {
      out.printf(
          row,
          timed.name,
          seconds(timed.quantile(0.5)),
          seconds(timed.quantile(0.25)),
          seconds(timed.quantile(0.75)),
          String.format(Locale.ROOT, "%.2f", timed.ratio(gradient)),
          String.format(Locale.ROOT, "%.0f", timed.peak),
          String.format(Locale.ROOT, "%.0f", timed.held()));
    }
    out.println();
    out.println(
        "ratio: to the plain gradient of the same round; peak: of the whole process; plan: what it"
            + " holds beside the model");
  }

  private static String seconds(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private static void forward(Plan plan, Tensor input) {
    try (PointerScope scope = new PointerScope();
        Propagation pass = plan.propagate(PropagationOptions.defaults())) {
      pass.forward(List.of(input));
      Devices.finish(input);
    }
  }

  private static void explain(Plan plan, Tensor input) {
    try (PointerScope scope = new PointerScope();
        Attributor attributor = new Gradient(plan);
        Attribution attribution = attributor.attribute(input, Target.top1())) {
      Devices.finish(attribution.relevance());
    }
  }

  private ScriptModel open() {
    if (seed == null) {
      return loading.load(file, false);
    }
    loading.start();
    JitModule module = RandomWeights.load(file, seed);
    return loading.of(module);
  }

  private Tensor input(ScriptModel model, long[] dimensions) {
    try (PointerScope scope = new PointerScope()) {
      Tensor random = ModelOptions.fitting(torch.randn(dimensions), model);
      return Natives.keep(random);
    }
  }

  private long[] dimensions() {
    String text = shape == null ? IMAGENET : shape;
    if (!text.matches("\\s*\\d{1,9}\\s*(,\\s*\\d{1,9}\\s*)*")) {
      throw new UsageException("--input-shape is like 1,3,224,224, not '" + text + "'");
    }
    long[] result =
        Arrays.stream(text.split(",", -1)).mapToLong(s -> Long.parseLong(s.strip())).toArray();
    result[0] = batch;
    return result;
  }

  private static Composite composite(String name) {
    if (name.equals("gradient")) {
      return new EmptyComposite();
    }
    CompositeOptions.Defaults defaults =
        new CompositeOptions.Defaults(
            "merge_batch_norm,residual_sum", true, Preprocessing.IMAGENET.withScalarBounds(true));
    return new CompositeOptions().knownByName(name, defaults).composite();
  }

  /** Closes plans and the input in reverse. */
  private static final class Closing implements AutoCloseable {
    private final List<Runnable> last = new ArrayList<>();

    Plan add(Plan plan) {
      last.add(0, plan::close);
      return plan;
    }

    Tensor keep(Tensor tensor) {
      last.add(0, () -> Natives.release(tensor));
      return tensor;
    }

    @Override
    public void close() {
      last.forEach(Runnable::run);
    }
  }
}
