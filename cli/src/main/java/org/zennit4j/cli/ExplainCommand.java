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
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.ClassProbability;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.Recommendation;
import org.zennit4j.diagnosis.Conservation;
import org.zennit4j.diagnosis.Diagnosis;
import org.zennit4j.graph.Ending;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Picture;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.images.SignalPlot;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.pages.HeatmapsSection;
import org.zennit4j.pages.ListSection;
import org.zennit4j.pages.Page;
import org.zennit4j.pages.Section;
import org.zennit4j.pages.Signal;
import org.zennit4j.pages.SignalSection;
import org.zennit4j.pages.TextSection;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Provenance;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Photographs in, heatmaps out. */
@Command(
    name = "explain",
    description =
        "Says what a network sees in photographs, and writes a heatmap of what it looked at. "
            + "Without a model it is the bundled EfficientNet-Lite0, which knows ImageNet's 1000 classes.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j explain cat.png",
      "  zennit4j explain cat.png --composite epsilon_gamma_box --target 'tiger cat'",
      "  zennit4j explain cat.png --compare epsilon_plus_flat,epsilon_gamma_box",
      "  zennit4j explain *.png -m model.pt --labels classes.txt -o maps/"
    })
final class ExplainCommand implements Callable<Integer> {
  private static final int TOP = 5;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "IMAGE",
      arity = "1..*",
      description =
          "Pictures (PNG, JPEG, WebP, BMP, GIF, TIFF), folders of them, patterns such as 'a/*.jpg', "
              + "or - for standard input; or time series, X.npy of shape (channels,length).")
  private List<String> arguments;

  private List<Path> images = List.of();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL.pt",
      description =
          "A model, torch.export (.pt2) or TorchScript, that takes one image of shape (1,C,H,W).")
  private Path model;

  @Mixin private PreprocessingOptions preparation;

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

  @Mixin private PictureOptions pictures;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR|FILE.png|FILE.jpg",
      description =
          "Where the heatmap goes; by default PHOTO.heatmap.png in the current folder. In a file's "
              + "name {sample} (or {sample:04d}) becomes the photograph's number from 0, {name} its name.")
  private Path output;

  @Option(names = "--max-samples", paramLabel = "N", description = "Only the first N photographs.")
  private Integer maxSamples;

  @Option(
      names = "--save-relevance",
      paramLabel = "R.npy",
      description =
          "Write the relevance too (R.0.npy, R.1.npy... for several photographs; {sample} and {name} "
              + "as in -o).")
  private Path relevance;

  @Option(
      names = "--html",
      paramLabel = "FILE.html",
      description =
          "Write one page of HTML too, which needs no network (FILE.0.html... for several "
              + "photographs).")
  private Path html;

  @Option(
      names = "--keep-ending",
      description = "Leave a softmax or sigmoid at the end; by default logits are explained.")
  private boolean keepEnding;

  @Option(
      names = "--remove-softmax",
      description = "Explain logits, which is the default here, as elsewhere by this name.")
  private boolean removeSoftmax;

  @Option(names = "--sidecar", description = "Write FILE.json beside each file: how it was made.")
  private boolean sidecar;

  @Mixin private ModelOptions loading;

  @Override
  public Integer call() throws IOException {
    if (maxSamples != null && maxSamples < 1) {
      throw new UsageException("--max-samples is 1 or more, not " + maxSamples);
    }
    images =
        PhotoSources.expand(arguments).stream()
            .limit(maxSamples == null ? Long.MAX_VALUE : maxSamples)
            .toList();
    Preprocessing chosen = preparation.of(model);
    pictures.check();
    Labels names = labels();
    target.check(names);
    how.check(compare);
    checkOptions();
    List<Path> files = outputs();
    Path modelFile = model == null ? Home.model() : model;
    CompositeOptions.Defaults defaults =
        new CompositeOptions.Defaults("merge_batch_norm,residual_sum", true, chosen);
    int failed = 0;
    try (ScriptModel loaded = loading.load(modelFile, false);
        ScriptModel network =
            keepEnding || Ending.of(loaded.program()) == Ending.OTHER
                ? loaded
                : loaded.withoutEnding();
        Explainers explainers = open(network, defaults);
        Progress progress = Progress.of("photographs", images.size())) {
      Ending ending = Ending.of(loaded.program());
      Provenance common = sidecar ? Sidecar.of(modelFile) : null;
      Set<String> warnings = new LinkedHashSet<>(network.findings());
      Preprocessing sized =
          preparation.leavesSize(model) ? PictureInputs.sized(chosen, network) : chosen;
      if (!sized.equals(chosen)) {
        warnings.add("pictures take the size that the model was exported for; --size says another");
      }
      if (network != loaded) {
        String name = ending.name().toLowerCase(Locale.ROOT).replace('_', '-');
        warnings.add(
            "the model ends in a "
                + name
                + ", which was taken off before explaining; --keep-ending leaves it");
      }
      Run run =
          new Run(
              network,
              ending,
              network != loaded,
              explainers.list(),
              PictureInputs.fitting(sized, network),
              names,
              common);
      for (int i = 0; i < images.size(); i++) {
        try (PointerScope scope = new PointerScope()) {
          warnings.addAll(explain(run, i, files.get(i)));
        } catch (ImageException e) {
          failed++;
          Progress.print(() -> spec.commandLine().getErr().println("zennit4j: " + e.getMessage()));
        }
        progress.step(PhotoSources.stem(images.get(i)));
      }
      warnings.addAll(explainers.notes());
      explainers.list().forEach(e -> warnings.addAll(e.notes()));
      progress.close();
      warnings.forEach(w -> spec.commandLine().getErr().println("zennit4j: note: " + w));
    }
    if (failed > 0 && images.size() > 1) {
      spec.commandLine()
          .getErr()
          .println("zennit4j: " + failed + " of " + images.size() + " pictures were skipped");
    }
    return failed == 0 ? 0 : CommandLine.ExitCode.SOFTWARE;
  }

  /** What all photographs have in common. */
  private record Run(
      ScriptModel network,
      Ending ending,
      boolean removed,
      List<Explainer> explainers,
      Preprocessing preprocessing,
      Labels names,
      Provenance common) {}

  private Set<String> explain(Run run, int index, Path file) throws IOException {
    Path image = images.get(index);
    return image.toString().endsWith(".npy")
        ? explainSeries(run, index, file)
        : explain(run, index, PhotoSources.read(image, preparation.upright()), file);
  }

  /** A series is plotted. */
  private Set<String> explainSeries(Run run, int index, Path file) throws IOException {
    Path source = images.get(index);
    if (!compare.isEmpty()) {
      throw new UsageException("--compare shows pictures; explain a series one way at a time");
    }
    Labels names = run.names();
    Tensor series = Npy.read(source).toTensor();
    if (series.dim() == 1) {
      series = series.unsqueeze(0);
    }
    if (series.dim() == 2) {
      series = series.unsqueeze(0);
    }
    if (series.dim() != 3 || series.size(0) != 1 || series.size(2) < 2) {
      throw new UsageException(
          source
              + ": its shape is "
              + Arrays.toString(series.shape())
              + "; a series has (channels,length); zennit4j attribute takes other arrays");
    }
    Tensor input = ModelOptions.fitting(series, run.network());
    boolean own = target.isDefault() && how.hasMethod();
    Explainer explainer = run.explainers().get(0);
    Target start = own ? null : target.target(names, index, images.size());
    Attribution attribution =
        explainer.explain(
            List.of(input), start, AttributionOptions.defaults().withListener(Progress.listener()));
    TopClasses classes = TopClasses.of(attribution.output(), run.ending(), run.removed());
    names.check(attribution.output());
    String explained = classes.explained(target, names, index, images.size());
    double[] values = PageSections.series(input);
    double[] relevances = PageSections.series(attribution.relevance());
    SignalPlot.of(values, relevances).draw().write(file);
    String title = explained + ", " + explainer.title().replace("\n", ", ");
    finish(
        run,
        index,
        file,
        "plot: ",
        new Seen(
            classes,
            explained,
            attribution,
            new SignalSection(title, Signal.of(values, relevances)),
            input));
    return new LinkedHashSet<>(attribution.warnings());
  }

  private Set<String> explain(Run run, int index, RgbImage image, Path file) throws IOException {
    Labels names = run.names();
    Preprocessing chosen = run.preprocessing();
    Tensor input = ModelOptions.fitting(chosen.toTensor(image), run.network());
    RgbImage seen = chosen.photo(image);
    boolean own = target.isDefault() && (how.hasMethod() || !compare.isEmpty());
    Target start = own ? null : target.target(names, index, images.size());
    Panels panels = Panels.empty();
    Picture picture = null;
    TopClasses classes = null;
    String explained = "";
    Attribution last = null;
    Set<String> warnings = new LinkedHashSet<>();
    List<HeatmapsSection.HeatmapImage> maps = new ArrayList<>();
    for (Explainer explainer : run.explainers()) {
      Attribution attribution =
          explainer.explain(
              List.of(input),
              start,
              AttributionOptions.defaults().withListener(Progress.listener()));
      if (classes == null) {
        classes = TopClasses.of(attribution.output(), run.ending(), run.removed());
        run.names().check(attribution.output());
        explained = classes.explained(target, names, index, images.size());
        panels = panels.with(explained, seen);
      }
      if (pictures.map(attribution.relevance()).maxAbs() == 0) {
        warnings.add(
            images.get(index)
                + ": the relevance is zero everywhere ("
                + explainer.title().replace('\n', ' ')
                + ")");
      }
      String title = explainer.title().replace("\n", ", ");
      picture =
          pictures.isPlain() || !compare.isEmpty()
              ? pictures.bare(attribution.relevance(), seen)
              : pictures.figure(
                  attribution.relevance(), image, chosen.region(image), explained, title);
      panels = panels.with(explainer.title(), picture);
      if (html != null) {
        maps.add(PageSections.heatmap(title, pictures.highlighted(attribution.relevance())));
      }
      last = attribution;
      warnings.addAll(attribution.warnings());
    }
    if (!compare.isEmpty()) {
      int count = run.explainers().size() + 1;
      picture = panels.withColumns(count <= 5 ? count : (count + 1) / 2).draw();
    }
    picture.write(file);
    Section shown =
        html == null
            ? null
            : new HeatmapsSection(
                PhotoSources.stem(images.get(index)), PageSections.png(seen), maps);
    finish(
        run,
        index,
        file,
        compare.isEmpty() ? "heatmap: " : "panels: ",
        new Seen(classes, explained, last, shown, input));
    return warnings;
  }

  /** What a photograph or a series gave. */
  private record Seen(
      TopClasses classes, String explained, Attribution last, Section shown, Tensor input) {}

  /** Says what was seen, and writes what else is asked for. */
  private void finish(Run run, int index, Path file, String kind, Seen seen) throws IOException {
    Labels names = run.names();
    TopClasses classes = seen.classes();
    Attribution last = seen.last();
    List<String> lines = new ArrayList<>();
    lines.add(images.get(index).toString());
    lines.addAll(classes.lines(TOP, names));
    lines.add("explained: " + seen.explained());
    lines.add(kind + file);
    Path array = relevance == null ? null : named(relevance, index);
    if (array != null) {
      Outputs.array(array, NdArray.of(last.relevance()));
      lines.add("relevance: " + array);
    }
    if (html != null) {
      Path page = named(html, index);
      page(run, index, seen).write(page);
      lines.add("page: " + page);
    }
    PrintWriter out = spec.commandLine().getOut();
    Progress.print(
        () -> {
          lines.forEach(out::println);
          out.flush();
        });
    if (run.common() != null) {
      writeSidecars(index, file, array, run, classes, last);
    }
  }

  private Page page(Run run, int index, Seen seen) {
    Labels names = run.names();
    Page page =
        Page.of(PhotoSources.stem(images.get(index)), "explained: " + seen.explained())
            .with(PageSections.classes(seen.classes(), TOP, names))
            .with(seen.shown());
    List<String> findings = new ArrayList<>(seen.last().warnings());
    for (Explainer explainer : run.explainers()) {
      findings.addAll(explainer.notes());
    }
    Optional<Plan> plan =
        run.explainers().size() == 1 ? run.explainers().get(0).plan() : Optional.empty();
    if (plan.isPresent()) {
      Conservation conservation =
          Conservation.of(
              plan.get(),
              List.of(seen.input()),
              target.target(names, index, images.size()),
              AttributionOptions.defaults());
      findings.addAll(Diagnosis.of(plan.get()).sentences());
      page =
          page.with(PageSections.rules(plan.get()))
              .with(PageSections.conservation(conservation, plan.get()));
    }
    Provenance made =
        Sidecar.of(model == null ? Home.model() : model)
            .withFiles("inputs", List.of(images.get(index)))
            .with("preprocessing", run.preprocessing().toString())
            .with("target", target.text())
            .with("explainers", run.explainers().stream().map(Explainer::request).toList());
    return page.with(new ListSection("Findings", findings.stream().distinct().toList()))
        .with(new TextSection("How it was made", made.json()));
  }

  private void writeSidecars(
      int index, Path file, Path array, Run run, TopClasses classes, Attribution last)
      throws IOException {
    List<Map<String, Object>> requests = run.explainers().stream().map(Explainer::request).toList();
    Provenance card =
        run.common()
            .withFiles("inputs", List.of(images.get(index)))
            .with("preprocessing", run.preprocessing().toString())
            .with("target", target.text());
    if (requests.size() == 1) {
      card = card.with(requests.get(0));
    } else {
      card = card.with("compare", requests);
    }
    List<Object> top = new ArrayList<>();
    for (ClassProbability likely : classes.top(TOP)) {
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
    if (removeSoftmax && keepEnding) {
      throw new UsageException("--remove-softmax and --keep-ending exclude each other");
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
        output != null && !Files.isDirectory(output) && PictureOptions.isPicture(output);
    boolean places = single && SampleNames.has(output);
    if (single && !places && images.size() > 1) {
      throw new UsageException(
          "-o "
              + output
              + " is one file for "
              + images.size()
              + " photographs; give a folder, or a name with {sample} in it");
    }
    if (places) {
      SampleNames.checkDistinct("-o", output, images);
    }
    boolean suffixed = output != null && output.getFileName().toString().matches(".+\\.\\w{2,4}");
    boolean folder = output != null && Files.isDirectory(output);
    if (output != null && !single && !folder && (suffixed || Files.isRegularFile(output))) {
      throw new UsageException(
          "-o " + output + " is neither a folder nor a name that ends in .png, .jpg or .jpeg");
    }
    NamedFiles read = NamedFiles.of(spec).and(images);
    Set<String> used = new LinkedHashSet<>();
    for (int i = 0; i < images.size(); i++) {
      Path image = images.get(i);
      Path file = single ? named(output, i) : inFolder(image, used);
      Outputs.check(file, read);
      if (sidecar) {
        Outputs.check(Sidecar.beside(file), read);
      }
      files.add(file);
    }
    if (html != null) {
      Outputs.checkPageName(html);
      checkPlaces("--html", html);
      for (int i = 0; i < images.size(); i++) {
        Outputs.check(named(html, i), read);
      }
    }
    if (relevance != null) {
      Outputs.checkArrayName("--save-relevance", relevance);
      checkPlaces("--save-relevance", relevance);
      for (int i = 0; i < images.size(); i++) {
        Path array = named(relevance, i);
        Outputs.check(array, read);
        if (sidecar) {
          Outputs.check(Sidecar.beside(array), read);
        }
      }
    }
    return files;
  }

  private Path inFolder(Path image, Set<String> used) {
    String stem = PhotoSources.stem(image);
    String kind = compare.isEmpty() ? ".heatmap" : ".compare";
    String unique = stem;
    // Photographs of equal names from several folders.
    for (int k = 2; !used.add(unique); k++) {
      unique = stem + "-" + k;
    }
    String file = unique + kind + ".png";
    return output == null ? Path.of(file) : output.resolve(file);
  }

  private void checkPlaces(String option, Path file) {
    if (SampleNames.has(file)) {
      SampleNames.checkDistinct(option, file, images);
    }
  }

  /** The file of one photograph. */
  private Path named(Path file, int index) {
    return SampleNames.has(file)
        ? SampleNames.of(file, index, images.get(index))
        : numbered(file, index, images.size());
  }

  /** R.npy for one result, R.0.npy, R.1.npy... for several. */
  static Path numbered(Path file, int index, int count) {
    if (count == 1) {
      return file;
    }
    return withSuffix(file, "." + index);
  }

  /** R.npy becomes R(suffix).npy, a page R.html becomes R(suffix).html. */
  static Path withSuffix(Path file, String suffix) {
    String name = file.getFileName().toString();
    String ending = name.endsWith(".html") ? ".html" : ".npy";
    String stem = name.endsWith(ending) ? name.substring(0, name.length() - ending.length()) : name;
    return file.resolveSibling(stem + suffix + ending);
  }
}
