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
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.Recommendation;
import org.zennit4j.concepts.ConceptAtlas;
import org.zennit4j.concepts.ConceptData;
import org.zennit4j.concepts.ConditionalAttribution;
import org.zennit4j.concepts.FeatureVisualization;
import org.zennit4j.concepts.FeatureVisualization.Mode;
import org.zennit4j.concepts.References;
import org.zennit4j.graph.Ending;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Region;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which channels a class uses, and what they stand for. */
@Command(
    name = "concepts",
    description =
        "Says which channels of a layer a class uses (concept relevance propagation), and shows the "
            + "samples of a dataset in which they matter most: files as zennit-crp's, and a page.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j concepts pictures.npz -m fashion.pt --class 5 -o out",
      "  zennit4j concepts pictures.npz -m fashion.pt --class 5 --layer features.4 \\",
      "      --concepts 3 --references 6 -o out"
    })
final class ConceptsCommand implements Callable<Integer> {
  private static final int CHECKPOINT = 500;
  private static final int EXPLAINED = 200;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "DATA",
      description = "A dataset with labels, as for 'zennit4j dataset'.")
  private Path input;

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "MODEL.pt",
      description = "A model, torch.export (.pt2) or TorchScript, that takes a batch of samples.")
  private Path model;

  @Option(
      names = "--layer",
      paramLabel = "NAME",
      description =
          "The layer whose channels are the concepts; by default the last convolution ('zennit4j "
              + "inspect' lists all).")
  private String layer;

  @Option(
      names = "--class",
      required = true,
      split = ",",
      paramLabel = "CLASS",
      description = "The classes to show, by number or name, separated by commas.")
  private List<String> classes;

  @Option(
      names = "--concepts",
      paramLabel = "N",
      description = "How many concepts of each class are shown (default ${DEFAULT-VALUE}).")
  private int concepts = 5;

  @Option(
      names = "--references",
      paramLabel = "N",
      description = "How many samples of each concept are shown (default ${DEFAULT-VALUE}).")
  private int references = 8;

  @Option(
      names = "--mode",
      paramLabel = "relevance|activation",
      description = "What makes a sample a good reference (default relevance).")
  private String mode = "relevance";

  @Option(
      names = "--composite",
      paramLabel = "NAME",
      description = "Which layer gets which rule; by default as 'zennit4j explain' chooses.")
  private String composite;

  @Option(
      names = "--canonizers",
      paramLabel = "A,B|none",
      description = "What rewrites the network; by default merge_batch_norm,residual_sum.")
  private String canonizers;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "The names of the model's classes, one a line; line 1 is class 0.")
  private Path labels;

  @Mixin private SampleOptions samples;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N samples.")
  private Integer limit;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Samples in a pass (default ${DEFAULT-VALUE}).")
  private int batchSize = 32;

  @Mixin private PreprocessingOptions preparation;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "DIR",
      description =
          "The folder for index.html, concepts.json and the files of references; where these are "
              + "complete they are used, where a run was broken off it goes on.")
  private Path output;

  @Option(
      names = "--keep-ending",
      description = "Leave a softmax or sigmoid at the end; by default logits are explained.")
  private boolean keepEnding;

  @Mixin private ModelOptions loading;

  @Override
  public Integer call() throws IOException {
    if (concepts < 1 || references < 1 || batchSize < 1) {
      throw new UsageException("--concepts, --references and --batch-size are 1 or more");
    }
    Mode chosen =
        switch (mode) {
          case "relevance" -> Mode.RELEVANCE;
          case "activation" -> Mode.ACTIVATION;
          default ->
              throw new UsageException("--mode is relevance or activation, not '" + mode + "'");
        };
    if (Files.exists(output) && !Files.isDirectory(output)) {
      throw new UsageException("-o " + output + " is no folder");
    }
    for (String file : List.of("concepts.json", "index.html")) {
      Outputs.check(output.resolve(file), NamedFiles.of(spec));
    }
    Labels names = labels == null ? Labels.none() : Labels.read(labels);
    Preprocessing base = preparation.of(model, LoadedSamples.standard(input));
    Set<String> notes = new LinkedHashSet<>();
    try (ScriptModel loaded = loading.load(model, false);
        ScriptModel network =
            keepEnding || Ending.of(loaded.program()) == Ending.OTHER
                ? loaded
                : loaded.withoutEnding()) {
      boolean files = LoadedSamples.standard(input).equals(Preprocessing.IMAGENET);
      Preprocessing sized =
          files && preparation.leavesSize(model) ? PictureInputs.sized(base, network) : base;
      Preprocessing fitting = PictureInputs.fitting(sized, network);
      CompositeOptions.Defaults defaults =
          new CompositeOptions.Defaults("merge_batch_norm,residual_sum", true, fitting);
      String name =
          composite == null ? Recommendation.of(network.program()).composite() : composite;
      CompositeOptions options = CompositeOptions.ofCanonizers(canonizers);
      try (LoadedSamples data =
              LoadedSamples.open(
                  input, samples, names, preparation.upright(), fitting, network, limit);
          Plan plan = Plan.of(network, options.choose(name, defaults).composite());
          ConditionalAttribution attribution = new ConditionalAttribution(plan)) {
        notes.addAll(plan.findings());
        show(data, attribution, names, chosen, name);
      }
    }
    notes.forEach(note -> spec.commandLine().getErr().println("zennit4j: note: " + note));
    return 0;
  }

  private void show(
      LoadedSamples data,
      ConditionalAttribution attribution,
      Labels names,
      Mode chosen,
      String compositeName)
      throws IOException {
    if (!data.hasLabels()) {
      throw new UsageException(
          "concepts needs a dataset with labels; see --label-data, --label-file");
    }
    List<Integer> wanted = new ArrayList<>();
    for (String text : classes) {
      wanted.add(
          text.strip().matches("\\d{1,9}")
              ? Integer.valueOf(text.strip())
              : (Integer) names.find(text));
    }
    String where = layer(attribution.plan());
    ConceptData walked =
        new ConceptData() {
          @Override
          public int size() {
            return data.size();
          }

          @Override
          public Tensor inputs(int from, int to) {
            return data.inputs(from, to);
          }

          @Override
          public int[] targets(int sample) {
            return new int[] {data.label(sample).orElseThrow()};
          }
        };
    FeatureVisualization visualization =
        new FeatureVisualization(
            attribution, List.of(where), output, FeatureVisualization.Settings.defaults());
    try (Progress progress = Progress.of("samples", data.size())) {
      visualization.run(
          walked,
          batchSize,
          CHECKPOINT,
          (done, total) -> {
            progress.to(done);
            return true;
          });
    }
    References all = visualization.maxReference(where, chosen);
    ConceptPage page =
        new ConceptPage(data, attribution, where, names, references, chosen == Mode.RELEVANCE);
    page.begin(
        model.getFileName().toString(), input.getFileName().toString(), compositeName, data.size());
    List<Object> described = new ArrayList<>();
    PrintWriter out = spec.commandLine().getOut();
    for (int target : wanted) {
      ConceptAtlas atlas = ConceptAtlas.of(attribution, walked, where, target, EXPLAINED);
      int[] top = atlas.concepts(concepts);
      out.println(
          "class " + names.show(target) + ", layer " + where + ": relevance of its channels");
      Table table = new Table();
      List<Object> shown = new ArrayList<>();
      for (int channel : top) {
        int[] best = all.samples(channel);
        int[] some = Arrays.copyOf(best, Math.min(references, best.length));
        table.row(
            "  channel " + channel,
            Page.number(atlas.relevances()[channel]),
            "in samples " + Arrays.toString(some));
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("channel", channel);
        one.put("relevance", atlas.relevances()[channel]);
        one.put("samples", some);
        shown.add(one);
      }
      table.lines().forEach(out::println);
      described.add(Map.of("class", target, "concepts", shown));
      try (PointerScope scope = new PointerScope()) {
        page.add(atlas, top, all);
      }
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", model.getFileName().toString());
    json.put("layer", where);
    json.put("composite", compositeName);
    json.put("mode", mode);
    json.put("classes", described);
    Outputs.text(output.resolve("concepts.json"), Json.write(json));
    Outputs.text(output.resolve("index.html"), page.html());
    out.println("written: " + output.resolve("index.html"));
  }

  /** The layer that was named, or the module of the last convolution, or of the last linear map. */
  private String layer(Plan plan) {
    if (layer != null) {
      if (plan.program().layer(layer).isEmpty()) {
        List<String> known = plan.program().layers().stream().map(Layer::name).toList();
        throw new UsageException(
            "there is no layer '"
                + layer
                + "'; the nearest: "
                + NearestNames.list(layer, known)
                + " (zennit4j inspect lists all)");
      }
      return layer;
    }
    String last = null;
    for (Region region : plan.program().regions()) {
      boolean convolution = region.linearMap().filter(map -> map.isConvolution()).isPresent();
      if (convolution && region.layer() != null && !region.isOperator()) {
        last = region.layer().name();
      }
    }
    if (last == null) {
      throw new Zennit4jException("the model has no convolution; name a layer by --layer");
    }
    return last;
  }
}
