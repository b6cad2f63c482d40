/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.composites.Recommendation;
import org.zennit4j.datasets.BatchExplainer;
import org.zennit4j.datasets.DatasetListener;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.datasets.DatasetRun;
import org.zennit4j.datasets.DatasetSummary;
import org.zennit4j.datasets.DatasetTarget;
import org.zennit4j.datasets.Preparation;
import org.zennit4j.datasets.SampleSource;
import org.zennit4j.datasets.SampleSources;
import org.zennit4j.datasets.analysis.Spray;
import org.zennit4j.graph.Ending;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Provenance;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A whole dataset in, a project of ViRelAy out. */
@Command(
    name = "dataset",
    description =
        "Explains a whole dataset, and writes relevance, outputs and labels to HDF5 files that ViRelAy "
            + "and CoRelAy read. Memory does not grow with the number of samples.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j dataset photos/ -m model.pt --labels classes.txt -o out/",
      "  zennit4j dataset list.csv -m model.pt --composite epsilon_plus_flat -o out/",
      "  zennit4j dataset pictures.npz -m fashion.pt --target prediction -o out/"
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:done", "1:the work failed, or samples were skipped", "2:wrong usage"})
final class DatasetCommand implements Callable<Integer> {
  private static final int REPORTED = 20;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "INPUT",
      description =
          "A folder with a folder for each class; a list (.csv or .parquet: path,label); .npy, .npz, .h5; or "
              + "idx files as MNIST has them. Bytes in the shape of a picture are pictures.")
  private Path input;

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "MODEL.pt",
      description = "A model, torch.export (.pt2) or TorchScript, that takes a batch of samples.")
  private Path model;

  @Mixin private PreprocessingOptions preparation;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "The names of the model's classes, one a line; line 1 is class 0. Folders and labels in "
              + "text are looked up there; without it they are numbered in the order of their names.")
  private Path labels;

  @Mixin private DatasetOptions dataset;
  @Mixin private HowOptions how;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "DIR",
      description = "The folder for the result.")
  private Path output;

  @Option(
      names = "--keep-ending",
      description = "Leave a softmax or sigmoid at the end; by default logits are explained.")
  private boolean keepEnding;

  @Option(
      names = "--analysis",
      description = "Then cluster and sum up the heatmaps, as 'zennit4j spray' does.")
  private boolean analysis;

  @Option(names = "--tsne", description = "With --analysis: a t-SNE embedding of the heatmaps too.")
  private boolean tsne;

  @Option(
      names = "--html",
      paramLabel = "FILE.html",
      description = "Write one page of HTML too, which needs no network: classes and a gallery.")
  private Path html;

  @Option(
      names = "--gallery",
      paramLabel = "N",
      description = "The most samples on it (default ${DEFAULT-VALUE}).")
  private int gallery = 500;

  @Mixin private ModelOptions loading;

  @Override
  public Integer call() throws IOException {
    how.check();
    dataset.check();
    if (html != null) {
      Outputs.checkPageName(html);
      Outputs.check(html, NamedFiles.of(spec));
    }
    if (tsne && !analysis) {
      throw new UsageException("--tsne is part of --analysis");
    }
    if (gallery < 1) {
      throw new UsageException("--gallery is 1 or more, not " + gallery);
    }
    Labels names = labels == null ? Labels.none() : Labels.read(labels);
    boolean files =
        Files.isDirectory(input) || input.toString().matches("(?i).*\\.(csv|parquet|pq)");
    Preprocessing chosen =
        preparation.of(model, files ? Preprocessing.IMAGENET : Preprocessing.UNIT);
    Set<String> notes = new LinkedHashSet<>();
    DatasetSummary summary;
    try (SampleSource source =
            SampleSources.open(input, dataset.source(names, preparation.upright()));
        ScriptModel loaded = loading.load(model, false);
        ScriptModel network =
            keepEnding || Ending.of(loaded.program()) == Ending.OTHER
                ? loaded
                : loaded.withoutEnding()) {
      notes.addAll(network.findings());
      if (network != loaded) {
        Ending ending = Ending.of(loaded.program());
        notes.add(
            "the model ends in a "
                + ending.name().toLowerCase(Locale.ROOT).replace('_', '-')
                + ", which was taken off before explaining; --keep-ending leaves it");
      }
      Preprocessing sized =
          files && preparation.leavesSize(model) ? PictureInputs.sized(chosen, network) : chosen;
      Preprocessing fitting = PictureInputs.fitting(sized, network);
      CompositeOptions.Defaults defaults =
          new CompositeOptions.Defaults("merge_batch_norm,residual_sum", true, fitting);
      Recommendation recommended = Recommendation.of(network.program());
      try (Explainer explainer = how.open(network, recommended.composite(), defaults)) {
        summary = run(source, network, explainer, fitting, names, notes);
      }
    }
    PrintWriter err = spec.commandLine().getErr();
    notes.forEach(note -> err.println("zennit4j: note: " + note));
    if (analysis && summary.complete()) {
      Spray spray = tsne ? Spray.usual().withTsne(SprayCommand.PERPLEXITY) : Spray.usual();
      SprayCommand.analyse(output, spray).forEach(spec.commandLine().getOut()::println);
    }
    if (html != null && summary.complete()) {
      DatasetPage.write(output, html, gallery);
    }
    return report(summary);
  }

  private DatasetSummary run(
      SampleSource source,
      ScriptModel network,
      Explainer explainer,
      Preprocessing preprocessing,
      Labels names,
      Set<String> notes) {
    BatchExplainer batches =
        (batch, target) -> {
          Tensor fitting = ModelOptions.fitting(batch, network);
          var attribution =
              explainer.explain(java.util.List.of(fitting), target, AttributionOptions.defaults());
          names.check(attribution.output());
          notes.addAll(attribution.warnings());
          return attribution;
        };
    boolean labelled = IntStream.range(0, source.size()).anyMatch(i -> source.label(i).isPresent());
    DatasetTarget target = dataset.target(names, labelled);
    try (Bar bar = new Bar()) {
      DatasetRun run =
          dataset.applied(
              DatasetRun.of(source, Preparation.of(preprocessing), batches)
                  .withTarget(target)
                  .withAbout(about(explainer, preprocessing))
                  .withListener(bar));
      DatasetSummary summary = run.run(output);
      notes.addAll(explainer.notes());
      return summary;
    }
  }

  /** How it is made: the same at each start. */
  private Map<String, Object> about(Explainer explainer, Preprocessing preprocessing) {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("zennit4j", Version.own());
    about.put("model", model.getFileName().toString());
    about.put("model_sha256", Provenance.sha256(model));
    about.put("method", explainer.title().replace("\n", ", "));
    about.put("input", input.toAbsolutePath().normalize().getFileName().toString());
    about.put("preprocessing", preprocessing.toString());
    about.put("keep_ending", keepEnding);
    about.putAll(explainer.request());
    return about;
  }

  private int report(DatasetSummary summary) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        "explained "
            + summary.explained()
            + " of "
            + summary.samples()
            + " samples"
            + (summary.skipped() > 0 ? ", skipped " + summary.skipped() : ""));
    if (summary.complete()) {
      accuracy(summary).ifPresent(out::println);
      out.println("written to " + output);
    } else {
      out.println(
          "this share is done; when all are, run once more with --resume and without --shards");
    }
    out.flush();
    if (summary.skipped() > 0) {
      spec.commandLine()
          .getErr()
          .println(
              "zennit4j: "
                  + summary.skipped()
                  + " of "
                  + summary.samples()
                  + " samples were skipped"
                  + (summary.complete() ? "; " + output.resolve("table.csv") + " says why" : ""));
      return CommandLine.ExitCode.SOFTWARE;
    }
    return 0;
  }

  /** How many samples are predicted as they are labelled. */
  private Optional<String> accuracy(DatasetSummary summary) {
    if (!dataset.isHdf5() || summary.explained() == 0) {
      return Optional.empty();
    }
    int labelled = 0;
    int correct = 0;
    try (DatasetResult result = DatasetResult.open(output)) {
      for (int row = 0; row < result.size(); row++) {
        labelled += result.label(row) >= 0 ? 1 : 0;
        correct += result.label(row) == result.prediction(row) ? 1 : 0;
      }
    }
    return labelled == 0
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "accuracy %.1f %% (%d of %d)",
                100.0 * correct / labelled,
                correct,
                labelled));
  }

  /** Shows how far it is, and the first samples that are skipped. */
  private final class Bar implements DatasetListener, AutoCloseable {
    private Progress progress;
    private int reported;

    @Override
    public void onProgress(long done, long total) {
      if (progress == null) {
        progress = Progress.rated("samples", total);
      }
      progress.to(done);
    }

    @Override
    public void onSkip(String id, String reason) {
      reported++;
      if (reported <= REPORTED) {
        String more = reported == REPORTED ? " (no more of these are shown)" : "";
        Progress.print(
            () ->
                spec.commandLine()
                    .getErr()
                    .println("zennit4j: skipped " + id + ": " + reason + more));
      }
    }

    @Override
    public void close() {
      if (progress != null) {
        progress.close();
      }
    }
  }
}
