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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Provenance;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Arrays in, arrays out. */
@Command(
    name = "attribute",
    description =
        "Explains a model's output for arrays, and writes the relevance as arrays. "
            + "Without --composite it is the plain gradient, as in Zennit; nothing is added to a composite.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j attribute -m model.pt -i x.npy -o r.npy --target 3",
      "  zennit4j attribute -m model.pt -i x.npy -o r.npy \\",
      "      --composite epsilon_plus --canonizers merge_batch_norm",
      "  zennit4j attribute -m model.pt -i x.npy -o r.npy \\",
      "      --attributor smooth_grad --option n_iter=5 --option seed=1"
    })
final class AttributeCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "MODEL.pt",
      description = "A model: torch.export (.pt2) or TorchScript.")
  private Path model;

  @Option(
      names = {"-i", "--input"},
      required = true,
      arity = "1..*",
      paramLabel = "X.npy",
      description =
          "One array for each argument of the model, cast to the model's dtype: X.npy, X.npz (all "
              + "its arrays, in order) or X.npz:NAME.")
  private List<String> arguments;

  private List<ArrayInput> inputs = List.of();

  @Mixin private TargetOption target;
  @Mixin private HowOptions how;

  @Option(
      names = "--layer",
      arity = "1..*",
      paramLabel = "NAME",
      description = "Write the relevance at these layers too; * stands for any text.")
  private List<String> layers = List.of();

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "The names of the classes, one a line, for --target NAME.")
  private Path labels;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "R.npy",
      description =
          "The relevance; R.0.npy, R.1.npy... for several inputs; R.tokens.0.npy for token ids: the "
              + "relevance of each token, summed over its embedding.")
  private Path output;

  @Option(
      names = "--save-output",
      paramLabel = "Y.npy",
      description = "Write the model's output too.")
  private Path modelOutput;

  @Option(
      names = "--check",
      description =
          "Fail if output or relevance holds NaN or infinity; name the layer where first.")
  private boolean check;

  @Option(
      names = "--remove-softmax",
      description = "Explain logits where the model ends in a softmax or sigmoid.")
  private boolean removeSoftmax;

  @Option(names = "--sidecar", description = "Write FILE.json beside R.npy: how it was made.")
  private boolean sidecar;

  @Mixin private ModelOptions loading;

  private boolean exported;

  @Override
  public Integer call() throws IOException {
    Labels names = labels == null ? Labels.none() : Labels.read(labels);
    target.check(names);
    how.check();
    Outputs.checkArrayName("-o", output);
    inputs = ArrayInput.read(arguments);
    NamedFiles read = NamedFiles.of(spec);
    for (int i = 0; i < inputs.size(); i++) {
      Path file = ExplainCommand.numbered(output, i, inputs.size());
      Outputs.check(file, read);
      Outputs.checkDistinct(file, modelOutput);
      if (sidecar) {
        Outputs.check(Sidecar.beside(file), read);
      }
    }
    if (modelOutput != null) {
      Outputs.checkArrayName("--save-output", modelOutput);
      Outputs.check(modelOutput, read);
    }
    if (sidecar && inputs.stream().anyMatch(ArrayInput::isPacked) && inputs.size() > 1) {
      long files = inputs.stream().map(ArrayInput::file).distinct().count();
      if (files > 1) {
        throw new UsageException("--sidecar needs all inputs in one npz file, or npy files");
      }
    }
    if (sidecar && removeSoftmax) {
      throw new UsageException(
          "--sidecar writes a request that can be run again, and requests cannot say --remove-softmax");
    }
    try (ScriptModel loaded = loading.load(model, false);
        ScriptModel network = removeSoftmax ? loaded.withoutEnding() : loaded;
        Explainer explainer = how.open(network, null, CompositeOptions.Defaults.NOTHING);
        PointerScope scope = new PointerScope()) {
      exported = network.format().equals("torch.export");
      LayerFiles files = new LayerFiles(explainer.program(), layers, read);
      List<Tensor> tensors = new ArrayList<>();
      for (ArrayInput input : inputs) {
        tensors.add(tensor(input.array(), network, tensors.size()));
      }
      Target start = how.hasMethod() && target.isDefault() ? null : target.target(names);
      AttributionOptions options =
          AttributionOptions.defaults()
              .withListener(Progress.listener())
              .withLayers(files.names())
              .withCheckFinite(check);
      try (Attribution result = explainer.explain(tensors, start, options)) {
        names.check(result.output());
        write(result, files, explainer, names);
      }
    }
    return 0;
  }

  private void write(Attribution result, LayerFiles files, Explainer explainer, Labels names)
      throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Path first = null;
    for (int i = 0; i < result.relevances().size(); i++) {
      Tensor relevance = result.relevances().get(i);
      if (relevance != null) {
        Path file = ExplainCommand.numbered(output, i, result.relevances().size());
        Outputs.array(file, NdArray.of(relevance));
        out.println(file + " " + Arrays.toString(relevance.shape()));
        first = first == null ? file : first;
      }
    }
    for (int i = 0; i < result.tokens().size(); i++) {
      Tensor tokens = result.tokens().get(i);
      if (tokens != null) {
        Path file = ExplainCommand.withSuffix(output, ".tokens." + i);
        Outputs.array(file, NdArray.of(tokens));
        out.println(file + " " + Arrays.toString(tokens.shape()));
        first = first == null ? file : first;
      }
    }
    if (first == null) {
      throw new Zennit4jException(
          "none of the inputs is floating, and none chooses vectors of an embedding, so that none has a relevance;"
              + " give a floating array");
    }
    files.write(result, output).forEach(out::println);
    if (modelOutput != null) {
      Outputs.array(modelOutput, NdArray.of(result.output()));
      out.println(modelOutput + " " + Arrays.toString(result.output().shape()));
    }
    List<String> notes = new ArrayList<>(result.warnings());
    notes.addAll(explainer.notes());
    notes.forEach(w -> spec.commandLine().getErr().println("zennit4j: note: " + w));
    if (sidecar) {
      Sidecar.write(provenance(result, files, explainer, names, first), first);
    }
  }

  private String form() {
    return exported ? "exported" : "scripted";
  }

  /** How it was made, as a file of requests with this one case. */
  private Provenance provenance(
      Attribution result, LayerFiles files, Explainer explainer, Labels names, Path first) {
    Path folder = first.toAbsolutePath().getParent();
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("id", "again");
    request.put("model", "model");
    request.put("dtype", loading.dtypeName());
    boolean packed = inputs.get(0).isPacked();
    if (packed) {
      request.put("data", Provenance.relative(inputs.get(0).file(), folder));
    }
    request.put(
        "inputs",
        inputs.stream()
            .map(i -> packed ? i.name() : Provenance.relative(i.file(), folder))
            .toList());
    request.put(
        "target", how.hasMethod() && target.isDefault() ? null : target.json(names, folder));
    request.putAll(explainer.request());
    if (files.names().length > 0) {
      request.put("layers", files.names());
    }
    request.put("check", check ? true : null);
    request.values().removeIf(Objects::isNull);
    return Sidecar.of(model)
        .withFiles("inputs", inputs.stream().map(ArrayInput::file).distinct().toList())
        .with("warnings", result.warnings())
        .with("models", Map.of("model", Map.of(form(), Provenance.relative(model, folder))))
        .with("cases", List.of(request));
  }

  /**
   * Integers are what the model says; where it says nothing, indices if it takes several inputs,
   * else values.
   */
  private Tensor tensor(NdArray array, ScriptModel network, int input) {
    Tensor tensor = array.toTensor();
    boolean said =
        input < network.inputs().size() && network.inputs().get(input).dtype().isPresent();
    boolean index = !said && !tensor.is_floating_point() && inputs.size() > 1;
    return index
        ? tensor.to(new org.bytedeco.pytorch.Device(network.device()), tensor.scalar_type())
        : ModelOptions.fitting(tensor, network, input);
  }
}
