/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.ScriptModel;
import org.zennit4j.composites.Recommendation;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Picture;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Provenance;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Photographs in, heatmaps out. */
@Command(
    name = "explain",
    description = {
      "Says what a network sees in photographs, and writes a heatmap of what it looked at.",
      "Without a model it is the bundled EfficientNet-Lite0, which knows ImageNet's 1000 classes."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j explain cat.png --overlay 0.5",
      "  zennit4j explain cat.png --composite epsilon_gamma_box --target 'tiger cat'",
      "  zennit4j explain cat.png --compare epsilon_plus_flat,epsilon_gamma_box",
      "  zennit4j explain *.png -m model.pt --labels classes.txt -o maps/"
    })
final class ExplainCommand implements Callable<Integer> {
  private static final int TOP = 5;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "PNG or JPEG files.")
  private List<Path> images;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL.pt",
      description = "A TorchScript model that takes one image of shape (1,C,H,W).")
  private Path model;

  @Option(
      names = "--preprocessing",
      paramLabel = "PRESET",
      description =
          "How a photograph becomes an input: imagenet (default with -m), efficientnet_lite0,"
              + " caffe, caffe_scalar, unit.")
  private String preprocessing;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "The names of the classes, one a line; line 1 is class 0.")
  private Path labels;

  @Mixin private TargetOption target;
  @Mixin private HowOptions how;

  @Option(
      names = "--compare",
      paramLabel = "NAME,NAME",
      split = ",",
      description = "One picture with a panel for each composite or method beside the photograph.")
  private List<String> compare = List.of();

  @Option(
      names = "--overlay",
      paramLabel = "A",
      description = "Lay the heatmap over the photograph, with this share (0 to 1).")
  private Double overlay;

  @Option(
      names = "--cmap",
      paramLabel = "MAP",
      description = "Colours: a name of 'zennit4j cmaps' or a list such as 00f,80:fff,f00.")
  private String colors = "coldnhot";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR|FILE.png",
      description = "Where the heatmap goes; by default PHOTO.heatmap.png in the current folder.")
  private Path output;

  @Option(
      names = "--save-relevance",
      paramLabel = "R.npy",
      description = "Write the relevance too (R.0.npy, R.1.npy... for several photographs).")
  private Path relevance;

  @Option(names = "--sidecar", description = "Write FILE.json beside each file: how it was made.")
  private boolean sidecar;

  @Mixin private ModelOptions loading;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Preprocessing chosen = preprocessing();
    colorMap();
    Labels names = labels();
    target.check(names);
    how.check();
    checkOptions();
    List<Path> files = outputs();
    List<RgbImage> photos = new ArrayList<>();
    for (Path image : images) {
      photos.add(RgbImage.read(image));
    }
    Path modelFile = model == null ? Home.model() : model;
    CompositeOptions.Defaults defaults =
        new CompositeOptions.Defaults("merge_batch_norm,residual_sum", true, chosen);
    try (ScriptModel network = loading.load(modelFile, false);
        Explainers explainers = open(network, defaults);
        Progress progress = Progress.of("photographs", images.size())) {
      Ending ending = Ending.of(network.program());
      Provenance common = sidecar ? Sidecar.of(modelFile) : null;
      Set<String> warnings = new LinkedHashSet<>(network.findings());
      for (int i = 0; i < images.size(); i++) {
        try (PointerScope scope = new PointerScope()) {
          warnings.addAll(
              explain(
                  i, photos.get(i), files.get(i), explainers.list(), network, ending, common, out));
        }
        progress.step(images.get(i).getFileName().toString());
      }
      warnings.addAll(explainers.notes());
      explainers.list().forEach(e -> warnings.addAll(e.notes()));
      warnings.forEach(w -> spec.commandLine().getErr().println("zennit4j: note: " + w));
    }
    return 0;
  }

  private Set<String> explain(
      int index,
      RgbImage image,
      Path file,
      List<Explainer> explainers,
      ScriptModel network,
      Ending ending,
      Provenance common,
      PrintWriter out)
      throws IOException {
    Preprocessing chosen = preprocessing();
    Labels names = labels();
    Tensor input = ModelOptions.fitting(chosen.toTensor(image), network);
    RgbImage photo = chosen.photo(image);
    boolean own = target.isDefault() && (how.hasMethod() || !compare.isEmpty());
    Target start = own ? null : target.target(names, index, images.size());
    Panels panels = Panels.empty();
    Picture picture = null;
    TopClasses classes = null;
    Attribution last = null;
    Set<String> warnings = new LinkedHashSet<>();
    for (Explainer explainer : explainers) {
      Attribution attribution =
          explainer.explain(
              List.of(input),
              start,
              AttributionOptions.defaults().withListener(Progress.listener()));
      if (classes == null) {
        classes = TopClasses.of(attribution.output(), ending);
        List<TopClasses.Likely> first = classes.top(1);
        panels = panels.with(first.isEmpty() ? "" : labelOf(first.get(0), names), photo);
      }
      Heatmap heatmap = heatmap(attribution.relevance());
      if (heatmap.maxAbs() == 0) {
        warnings.add(
            images.get(index)
                + ": the relevance is zero everywhere ("
                + explainer.title().replace('\n', ' ')
                + ")");
      }
      picture = overlay == null ? heatmap.picture() : heatmap.overlay(photo, overlay);
      panels = panels.with(explainer.title(), picture);
      last = attribution;
      warnings.addAll(attribution.warnings());
    }
    if (!compare.isEmpty()) {
      int count = explainers.size() + 1;
      picture = panels.withColumns(count <= 5 ? count : (count + 1) / 2).draw();
    }
    picture.writePng(file);
    out.println(images.get(index));
    classes.lines(TOP, names).forEach(out::println);
    out.println((compare.isEmpty() ? "heatmap: " : "panels: ") + file);
    Path array = relevance == null ? null : numbered(relevance, index, images.size());
    if (array != null) {
      Outputs.array(array, NdArray.of(last.relevance()));
      out.println("relevance: " + array);
    }
    if (common != null) {
      writeSidecars(index, file, array, explainers, classes, last, common);
    }
    out.flush();
    return warnings;
  }

  private void writeSidecars(
      int index,
      Path file,
      Path array,
      List<Explainer> explainers,
      TopClasses classes,
      Attribution last,
      Provenance common)
      throws IOException {
    List<Map<String, Object>> requests = explainers.stream().map(Explainer::request).toList();
    Provenance card =
        common
            .withFiles("inputs", List.of(images.get(index)))
            .with("preprocessing", preprocessing().toString())
            .with("target", target.text());
    if (requests.size() == 1) {
      card = card.with(requests.get(0));
    } else {
      card = card.with("compare", requests);
    }
    List<Object> top = new ArrayList<>();
    for (TopClasses.Likely likely : classes.top(TOP)) {
      String name = labels().name(likely.index());
      top.add(
          name == null
              ? Map.of("class", likely.index(), "probability", likely.probability())
              : Map.of("class", likely.index(), "name", name, "probability", likely.probability()));
    }
    card = card.with("classes", top).with("warnings", last.warnings());
    Sidecar.write(card, file);
    if (array != null) {
      Sidecar.write(card, array);
    }
  }

  private static String labelOf(TopClasses.Likely first, Labels names) {
    String name = names.name(first.index());
    return name == null ? "class " + first.index() : name;
  }

  private Heatmap heatmap(Tensor values) {
    if (values.dim() != 4 && values.dim() != 3) {
      throw new UsageException(
          "the relevance is no picture; zennit4j attribute writes it as array");
    }
    return Heatmap.of(values).withColorMap(colorMap());
  }

  private Explainers open(ScriptModel network, CompositeOptions.Defaults defaults) {
    Explainers result = new Explainers();
    try {
      if (compare.isEmpty()) {
        Recommendation fitting = Recommendation.of(network.program());
        result.add(how.open(network, fitting.composite(), defaults));
        boolean chosen = !how.hasMethod() && !how.composite().isGiven();
        if (chosen && fitting.isPerOperator()) {
          result.note(fitting.composite() + ", " + fitting.reason() + " (--composite chooses)");
        }
      } else {
        for (String name : compare) {
          result.add(how.openNamed(network, name.strip(), defaults));
        }
      }
      return result;
    } catch (RuntimeException e) {
      result.close();
      throw e;
    }
  }

  private void checkOptions() {
    if (overlay != null && !(overlay >= 0 && overlay <= 1)) {
      throw new UsageException("--overlay is a share from 0 to 1, not " + overlay);
    }
    if (!compare.isEmpty()) {
      if (how.hasMethod() || how.composite().isGiven()) {
        throw new UsageException(
            "--compare names composites and methods itself; leave --composite and --method out");
      }
      if (relevance != null) {
        throw new UsageException(
            "--save-relevance writes one map; it cannot be used with --compare");
      }
    }
  }

  private Preprocessing preprocessing() {
    String name =
        preprocessing != null ? preprocessing : model == null ? "efficientnet_lite0" : "imagenet";
    try {
      return Preprocessing.named(name);
    } catch (ImageException e) {
      throw new UsageException(e.getMessage());
    }
  }

  private ColorMap colorMap() {
    try {
      return ColorMap.of(colors);
    } catch (ImageException e) {
      throw new UsageException(e.getMessage());
    }
  }

  private Labels labels() throws IOException {
    if (labels != null) {
      return Labels.read(labels);
    }
    return model == null ? Labels.read(Home.labels()) : Labels.none();
  }

  /** The file for each photograph. */
  private List<Path> outputs() throws IOException {
    List<Path> files = new ArrayList<>();
    boolean single =
        output != null
            && !Files.isDirectory(output)
            && output.toString().toLowerCase(Locale.ROOT).endsWith(".png");
    if (single && images.size() > 1) {
      throw new UsageException(
          "-o " + output + " is one file for " + images.size() + " photographs; give a folder");
    }
    if (output != null && Files.isRegularFile(output) && !single) {
      throw new UsageException(
          "-o " + output + " is neither a folder nor a name that ends in .png");
    }
    Set<String> used = new LinkedHashSet<>();
    for (Path image : images) {
      Path file = single ? output : inFolder(image, used);
      if (Files.exists(file)) {
        for (Path photo : images) {
          if (Files.exists(photo) && Files.isSameFile(file, photo)) {
            throw new UsageException(
                "-o " + file + " would overwrite the photograph; choose another name");
          }
        }
      }
      Outputs.check(file);
      files.add(file);
    }
    if (relevance != null) {
      for (int i = 0; i < images.size(); i++) {
        Outputs.check(numbered(relevance, i, images.size()));
      }
    }
    return files;
  }

  private Path inFolder(Path image, Set<String> used) {
    String name = String.valueOf(image.getFileName());
    int dot = name.lastIndexOf('.');
    String stem = dot > 0 ? name.substring(0, dot) : name;
    String kind = compare.isEmpty() ? ".heatmap" : ".compare";
    String unique = stem;
    // Photographs of equal names from several folders.
    for (int k = 2; !used.add(unique); k++) {
      unique = stem + "-" + k;
    }
    String file = unique + kind + ".png";
    return output == null ? Path.of(file) : output.resolve(file);
  }

  /** R.npy for one result, R.0.npy, R.1.npy... for several. */
  static Path numbered(Path file, int index, int count) {
    if (count == 1) {
      return file;
    }
    return withSuffix(file, "." + index);
  }

  /** R.npy becomes R(suffix).npy. */
  static Path withSuffix(Path file, String suffix) {
    String name = file.getFileName().toString();
    String stem = name.endsWith(".npy") ? name.substring(0, name.length() - 4) : name;
    return file.resolveSibling(stem + suffix + ".npy");
  }
}
