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
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.Ending;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.metrics.Need;
import org.zennit4j.metrics.Scorer;
import org.zennit4j.metrics.Subject;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Methods against metrics. */
@Command(
    name = "evaluate",
    description =
        "Explains the samples of a dataset with several methods, and measures which of the maps are "
            + "right: medians over the samples with bootstrap intervals, as a table, JSON, CSV or a page.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j evaluate pictures.npz -m fashion.pt \\",
      "      --methods gradient,epsilon_plus --metrics pixel_flipping,sparseness",
      "  zennit4j evaluate pictures.npz -m fashion.pt --methods gradient,grad_cam \\",
      "      --metrics pixel_flipping:order=difference:unit=patch:patch=4 \\",
      "      --html page.html"
    })
final class EvaluateCommand implements Callable<Integer> {
  private static final int BATCH = 64;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "DATA",
      description =
          "A folder with a folder for each class, or of pictures; a list (.csv: path,label); .npy, "
              + ".npz, .h5 or idx files, as for 'zennit4j dataset'.")
  private Path input;

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "MODEL.pt",
      description = "A model, torch.export (.pt2) or TorchScript, that takes a batch of samples.")
  private Path model;

  @Option(
      names = "--methods",
      required = true,
      split = ",",
      paramLabel = "NAME",
      description =
          "What to judge: composites ('zennit4j composites'), methods ('zennit4j methods'), "
              + "attributors ('zennit4j attributors'), COMPOSITE+ATTRIBUTOR; separated by commas.")
  private List<String> methods;

  @Option(
      names = "--metrics",
      required = true,
      split = ",",
      paramLabel = "NAME[:KEY=VALUE]",
      description =
          "By what: names of 'zennit4j metrics', with arguments behind colons; separated by commas.")
  private List<String> metrics;

  @Option(
      names = "--canonizers",
      paramLabel = "A,B|none",
      description =
          "What rewrites the network for composites and attributors; by default "
              + "merge_batch_norm,residual_sum.")
  private String canonizers;

  @Option(
      names = "--target",
      paramLabel = "label|prediction|CLASS",
      description =
          "The class of each sample: its label (default, where the dataset has labels), the "
              + "prediction, or a class by number or name.")
  private String target;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "The names of the model's classes, one a line; line 1 is class 0.")
  private Path labels;

  @Mixin private SampleOptions samples;

  @Option(
      names = "--masks",
      paramLabel = "FILE.npy|FILE.npz:NAME",
      description = "Where the object of each sample is: (samples, height, width), not 0 inside.")
  private String masks;

  @Option(
      names = "--segments",
      paramLabel = "FILE.npy|FILE.npz:NAME",
      description = "Segments of each sample as numbers from 0; by default SLIC finds them.")
  private String segments;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N samples.")
  private Integer limit;

  @Mixin private PreprocessingOptions preparation;

  @Option(
      names = "--level",
      paramLabel = "SHARE",
      description = "Of the intervals (default ${DEFAULT-VALUE}).")
  private double level = 0.95;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all values as JSON.")
  private Path json;

  @Option(names = "--csv", paramLabel = "FILE", description = "Write the table as CSV.")
  private Path csv;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a page with the table and the curves, in one file.")
  private Path html;

  @Option(
      names = "--save-maps",
      paramLabel = "DIR",
      description = "Write the maps of each method as DIR/METHOD.npy.")
  private Path maps;

  @Option(
      names = "--keep-ending",
      description = "Leave a softmax or sigmoid at the end; by default logits are explained.")
  private boolean keepEnding;

  @Mixin private ModelOptions loading;

  private final Set<String> notes = new LinkedHashSet<>();

  @Override
  public Integer call() throws IOException {
    if (!(level > 0 && level < 1)) {
      throw new UsageException("--level is a share between 0 and 1, not " + level);
    }
    Labels names = labels == null ? Labels.none() : Labels.read(labels);
    NamedFiles read = NamedFiles.of(spec);
    for (Path file : Arrays.asList(json, csv, html)) {
      if (file != null) {
        Outputs.check(file, read);
      }
    }
    Outputs.checkDistinct(json, csv, html);
    if (html != null) {
      Outputs.checkPageName(html);
    }
    if (maps != null) {
      methods.forEach(method -> Outputs.check(mapsOf(method), read));
    }
    try (PointerScope scope = new PointerScope()) {
      List<MetricChoice> chosen = MetricChoice.read(metrics);
      boolean masked = chosen.stream().anyMatch(m -> m.metric().needs().contains(Need.MASKS));
      if (masked && masks == null) {
        throw new UsageException("the metrics of localisation need --masks");
      }
      evaluate(chosen, names);
    }
    return 0;
  }

  private Path mapsOf(String method) {
    return maps.resolve(method.replaceAll("[^\\w.+-]", "_") + ".npy");
  }

  private void evaluate(List<MetricChoice> chosen, Labels names) {
    Preprocessing base = preparation.of(model, LoadedSamples.standard(input));
    try (ScriptModel loaded = loading.load(model, false);
        ScriptModel network =
            keepEnding || Ending.of(loaded.program()) == Ending.OTHER
                ? loaded
                : loaded.withoutEnding()) {
      boolean files = LoadedSamples.standard(input).equals(Preprocessing.IMAGENET);
      Preprocessing sized =
          files && preparation.leavesSize(model) ? PictureInputs.sized(base, network) : base;
      Preprocessing fitting = PictureInputs.fitting(sized, network);
      try (LoadedSamples data =
          LoadedSamples.open(
              input, samples, names, preparation.upright(), fitting, network, limit)) {
        notes.addAll(network.findings());
        Tensor inputs = data.inputs();
        Scorer scorer = Scorer.of(network);
        int[] classes = classes(data, scorer, inputs, names);
        EvaluationReport report = new EvaluationReport(chosen, level, 0);
        CompositeOptions.Defaults defaults =
            new CompositeOptions.Defaults("merge_batch_norm,residual_sum", true, fitting);
        List<String> all = methods.stream().map(String::strip).distinct().toList();
        try (Progress progress = Progress.of("maps", (long) all.size() * (chosen.size() + 1))) {
          for (String method : all) {
            judge(method, chosen, network, scorer, inputs, classes, defaults, report, progress);
          }
        }
        write(report, data.size());
      }
    }
    PrintWriter err = spec.commandLine().getErr();
    notes.forEach(note -> err.println("zennit4j: note: " + note));
  }

  private ExplainedMaps open(
      ScriptModel network, String method, CompositeOptions.Defaults defaults) {
    CompositeOptions options = CompositeOptions.ofCanonizers(canonizers);
    return new ExplainedMaps(HowOptions.openNamed(network, method, options, defaults), BATCH);
  }

  private void judge(
      String method,
      List<MetricChoice> chosen,
      ScriptModel network,
      Scorer scorer,
      Tensor inputs,
      int[] classes,
      CompositeOptions.Defaults defaults,
      EvaluationReport report,
      Progress progress) {
    try (ExplainedMaps explained = open(network, method, defaults);
        PointerScope scope = new PointerScope()) {
      Subject subject =
          Subject.of(scorer, inputs, classes, explained.of(inputs, classes))
              .withExplainer(explained)
              .withMethod(network, other -> open(other, method, defaults));
      if (masks != null) {
        subject = subject.withMasks(ArrayInput.read(List.of(masks)).get(0).array().toTensor());
      }
      if (segments != null) {
        subject =
            subject.withSegments(ArrayInput.read(List.of(segments)).get(0).array().toTensor());
      }
      if (maps != null) {
        Outputs.array(mapsOf(method), NdArray.of(subject.maps()));
      }
      progress.step(method);
      for (MetricChoice metric : chosen) {
        try {
          report.add(method, metric, metric.metric().evaluate(subject));
        } catch (UsageException e) {
          throw e;
        } catch (Zennit4jException e) {
          throw new Zennit4jException(method + ", " + metric.label() + ": " + e.getMessage(), e);
        }
        progress.step(method + " " + metric.label());
      }
      explained.warnings().forEach(warning -> notes.add(method + ": " + warning));
    }
  }

  private int[] classes(LoadedSamples data, Scorer scorer, Tensor inputs, Labels names) {
    String wanted = target == null ? (data.hasLabels() ? "label" : "prediction") : target;
    int[] classes = new int[data.size()];
    switch (wanted.toLowerCase(Locale.ROOT)) {
      case "label" -> {
        for (int i = 0; i < classes.length; i++) {
          classes[i] =
              data.label(i)
                  .orElseThrow(
                      () ->
                          new UsageException(
                              "--target label: not every sample has a label; use prediction"));
        }
      }
      case "prediction" -> {
        for (int from = 0; from < classes.length; from += BATCH) {
          int count = Math.min(BATCH, classes.length - from);
          try (PointerScope scope = new PointerScope()) {
            int[] found = Target.topClasses(scorer.score(inputs.narrow(0, from, count)));
            System.arraycopy(found, 0, classes, from, count);
          }
        }
      }
      default ->
          Arrays.fill(
              classes, wanted.matches("\\d{1,9}") ? Integer.parseInt(wanted) : names.find(wanted));
    }
    return classes;
  }

  private void write(EvaluationReport report, int size) {
    PrintWriter out = spec.commandLine().getOut();
    String about = report.about(size);
    report.text(about).forEach(out::println);
    List<String> written = new ArrayList<>();
    if (json != null) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("zennit4j", Version.own());
      all.put("model", model.getFileName().toString());
      all.put("data", input.getFileName().toString());
      all.put("samples", size);
      all.putAll(report.json());
      Outputs.text(json, Json.write(all));
      written.add(json.toString());
    }
    if (csv != null) {
      Outputs.text(csv, report.csv());
      written.add(csv.toString());
    }
    if (html != null) {
      String title = "Methods of explanation for " + model.getFileName();
      Outputs.text(html, report.html(title, input.getFileName() + ": " + about));
      written.add(html.toString());
    }
    written.forEach(file -> out.println("written: " + file));
  }
}
