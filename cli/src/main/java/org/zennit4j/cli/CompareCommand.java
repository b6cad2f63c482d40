/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.graph.Ending;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Picture;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.metrics.Similarity;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Two maps of one input. */
@Command(
    name = "compare",
    description =
        "Explains one input in two ways and says how alike the maps are: rank correlation, "
            + "structural similarity, the most relevant pixels that they have in common; and draws both "
            + "and their difference.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j compare cat.png --methods epsilon_plus_flat,gradient_x_input",
      "  zennit4j compare x.npy -m model.pt --methods gradient,smooth_grad --target 3"
    })
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "INPUT",
      description = "A picture, or X.npy: one sample as the model takes it, (1,C,H,W).")
  private String input;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL.pt",
      description = "A model; without it the bundled EfficientNet-Lite0.")
  private Path model;

  @Option(
      names = "--methods",
      required = true,
      split = ",",
      paramLabel = "NAME,NAME",
      description =
          "Two of: composites, methods of SignXAI, attributors, COMPOSITE+ATTRIBUTOR, separated by a "
              + "comma.")
  private List<String> methods;

  @Option(
      names = "--canonizers",
      paramLabel = "A,B|none",
      description =
          "What rewrites the network for composites and attributors; by default "
              + "merge_batch_norm,residual_sum.")
  private String canonizers;

  @Mixin private TargetOption target;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "The names of the classes, one a line, for --target NAME.")
  private Path labels;

  @Option(
      names = "--top",
      paramLabel = "SHARE",
      description = "Which pixels are the most relevant ones: a share (default ${DEFAULT-VALUE}).")
  private double top = 0.1;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE.png",
      description = "Draw both maps and their difference, each scaled to a maximum of 1.")
  private Path output;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the numbers as JSON.")
  private Path json;

  @Mixin private PreprocessingOptions preparation;

  @Option(
      names = "--keep-ending",
      description = "Leave a softmax or sigmoid at the end; by default logits are explained.")
  private boolean keepEnding;

  @Mixin private ModelOptions loading;

  @Override
  public Integer call() throws IOException {
    if (methods.size() != 2) {
      throw new UsageException(
          "--methods names two methods, not " + methods.size() + "; for more use evaluate");
    }
    if (!(top > 0 && top <= 1)) {
      throw new UsageException("--top is a share above 0, at most 1, not " + top);
    }
    if (output != null && !PictureOptions.isPicture(output)) {
      throw new UsageException("-o " + output + ": use a name that ends in .png or .jpg");
    }
    NamedFiles read = NamedFiles.of(spec);
    for (Path file : Arrays.asList(output, json)) {
      if (file != null) {
        Outputs.check(file, read);
      }
    }
    Outputs.checkDistinct(output, json);
    boolean array = input.toLowerCase(java.util.Locale.ROOT).matches(".*\\.np[yz](:.*)?");
    Labels names =
        labels != null
            ? Labels.read(labels)
            : model == null ? Labels.read(Home.labels()) : Labels.none();
    target.check(names);
    Preprocessing base = preparation.of(model);
    Set<String> notes = new LinkedHashSet<>();
    try (ScriptModel loaded = loading.load(model == null ? Home.model() : model, false);
        ScriptModel network =
            keepEnding || Ending.of(loaded.program()) == Ending.OTHER
                ? loaded
                : loaded.withoutEnding();
        PointerScope scope = new PointerScope()) {
      Preprocessing sized =
          preparation.leavesSize(model) ? PictureInputs.sized(base, network) : base;
      Preprocessing fitting = PictureInputs.fitting(sized, network);
      RgbImage photo = array ? null : PhotoSources.read(Path.of(input), preparation.upright());
      Tensor x =
          ModelOptions.fitting(
              array
                  ? ArrayInput.read(List.of(input)).get(0).array().toTensor()
                  : fitting.toTensor(photo),
              network);
      CompositeOptions.Defaults defaults =
          new CompositeOptions.Defaults("merge_batch_norm,residual_sum", true, fitting);
      List<Tensor> maps = new ArrayList<>();
      for (String method : methods) {
        CompositeOptions options = CompositeOptions.ofCanonizers(canonizers);
        try (Explainer explainer =
                HowOptions.openNamed(network, method.strip(), options, defaults);
            Attribution found =
                explainer.explain(
                    List.of(x), target.target(names), AttributionOptions.defaults())) {
          names.check(found.output());
          maps.add(summed(found.relevance()));
          found.warnings().forEach(warning -> notes.add(method + ": " + warning));
        }
      }
      report(maps, array ? null : fitting.photo(photo));
    }
    notes.forEach(note -> spec.commandLine().getErr().println("zennit4j: note: " + note));
    return 0;
  }

  /** One value for each position of the first sample: (H,W) or (L). */
  private static Tensor summed(Tensor relevance) {
    if (relevance == null || relevance.dim() < 2 || relevance.size(0) != 1) {
      throw new UsageException(
          "compare takes one sample, (1,C,H,W)"
              + (relevance == null ? "" : "; the map is " + Arrays.toString(relevance.shape())));
    }
    Tensor one = relevance.select(0, 0);
    return one.dim() > 1 ? one.sum(0).clone() : one.clone();
  }

  private void report(List<Tensor> maps, RgbImage seen) {
    double[] a = NdArray.of(maps.get(0)).toDoubles();
    double[] b = NdArray.of(maps.get(1)).toDoubles();
    int count = (int) Math.max(1, Math.round(top * a.length));
    Map<String, Object> numbers = new LinkedHashMap<>();
    numbers.put("spearman", finite(Similarity.spearman(a, b)));
    numbers.put("ssim", maps.get(0).dim() > 2 ? null : Similarity.ssim(maps.get(0), maps.get(1)));
    numbers.put("top_intersection", Similarity.topIntersection(a, b, count));
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table();
    table.row("rank correlation (Spearman)", shown(numbers.get("spearman")));
    table.row("structural similarity (SSIM)", shown(numbers.get("ssim")));
    table.row("common among the top " + count, shown(numbers.get("top_intersection")));
    table.lines().forEach(out::println);
    if (output != null) {
      draw(a, b, maps.get(0).shape(), seen);
      out.println("picture: " + output);
    }
    if (json != null) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("methods", methods);
      all.put("target", target.text());
      all.put("top", count);
      all.putAll(numbers);
      Outputs.text(json, Json.write(all));
      out.println("written: " + json);
    }
  }

  private static Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }

  private static String shown(Object number) {
    return number == null ? "-" : Page.number((Double) number);
  }

  private void draw(double[] a, double[] b, long[] shape, RgbImage seen) {
    if (shape.length != 2) {
      throw new UsageException("-o draws maps of pictures, not of " + Arrays.toString(shape));
    }
    double[] left = scaled(a);
    double[] right = scaled(b);
    double[] difference = new double[a.length];
    Arrays.setAll(difference, i -> left[i] - right[i]);
    Panels panels = Panels.empty();
    if (seen != null) {
      panels = panels.with("input", seen);
    }
    panels =
        panels
            .with(methods.get(0), picture(left, shape))
            .with(methods.get(1), picture(right, shape))
            .with("first minus second", picture(difference, shape));
    panels.withMinimumSide(224).draw().write(output);
  }

  private static Picture picture(double[] values, long... shape) {
    return Heatmap.of(values, (int) shape[1], (int) shape[0])
        .withColorMap(ColorMap.of("bwr"))
        .withSymmetric(true)
        .picture();
  }

  private static double[] scaled(double[] values) {
    double most = Arrays.stream(values).map(Math::abs).max().orElse(0);
    return Arrays.stream(values).map(v -> most == 0 ? 0 : v / most).toArray();
  }
}
