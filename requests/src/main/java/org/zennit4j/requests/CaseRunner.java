/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Layout;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PlanOptions;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Rule;

/** Runs one case and writes its files. */
final class CaseRunner {
  private final RequestFile file;
  private final RequestRunner.Form form;
  private final String device;
  private final CompositeRegistry registry;
  private final CaseSidecars sidecars;
  private final ModelCache models;

  CaseRunner(
      RequestFile file,
      RequestRunner.Form form,
      String device,
      CompositeRegistry registry,
      Provenance sidecars,
      ModelCache models) {
    this.file = file;
    this.form = form;
    this.device = device;
    this.registry = registry;
    this.sidecars = sidecars == null ? null : new CaseSidecars(sidecars, file, form, device);
    this.models = models;
  }

  @SuppressWarnings("try") // the scope works by being there
  List<String> run(ObjectNode node, CaseFolder folder) {
    JsonObject json = JsonObject.of("case", node);
    Path model = file.model(json.string("model"), form);
    LoadOptions options = LoadOptions.defaults().withDevice(device).withDtype(dtype(json));
    if (!json.has("data")) {
      List<String> warnings =
          run(json, models.get(model, options), ArraySource.folder(file.folder()), folder);
      describe(folder, node, model, Optional.empty(), warnings);
      return warnings;
    }
    Path data = file.resolve(json.string("data"));
    try (Npz npz = Npz.open(data)) {
      List<String> warnings =
          run(json, models.get(model, options), ArraySource.of(npz, file.folder()), folder);
      describe(folder, node, model, Optional.of(data), warnings);
      return warnings;
    }
  }

  private void describe(
      CaseFolder folder, ObjectNode node, Path model, Optional<Path> data, List<String> warnings) {
    if (sidecars != null) {
      folder.sidecar(sidecars.of(node, model, data, warnings, folder.path()));
    }
  }

  private static Dtype dtype(JsonObject json) {
    try {
      return json.has("dtype") ? Dtype.parse(json.string("dtype")) : Dtype.AS_STORED;
    } catch (RequestException e) {
      throw e;
    } catch (Zennit4jException e) {
      throw new RequestException("case.dtype: " + e.getMessage(), e);
    }
  }

  @SuppressWarnings("try") // the scope works by being there
  private List<String> run(
      JsonObject json, ScriptModel model, ArraySource arrays, CaseFolder folder) {
    CompositeReader composites = new CompositeReader().withRegistry(registry).withArrays(arrays);
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> inputs = new ArrayList<>();
      for (String name : json.strings("inputs")) {
        Tensor array = arrays.get(name).toTensor();
        ScalarType dtype = model.inputDtype(inputs.size(), array.scalar_type().intern());
        inputs.add(array.to(new Device(device), dtype));
      }
      Target target = json.has("target") ? TargetReader.read(json.get("target"), arrays) : null;
      if (json.has("method")) {
        return explain(json, model, composites, arrays, inputs, target, folder);
      }
      return attribute(json, model, composites, arrays, inputs, target, folder);
    }
  }

  private static List<String> attribute(
      JsonObject json,
      ScriptModel model,
      CompositeReader composites,
      ArraySource arrays,
      List<Tensor> inputs,
      Target target,
      CaseFolder folder) {
    Composite composite =
        json.has("composite") ? composites.read(json.get("composite")) : new EmptyComposite();
    try (Plan plan = Plan.of(model, composite, planOptions(json));
        Attributor attributor = AttributorReader.read(json.get("attributor"), plan, arrays)) {
      LayerSelection layers = LayerSelection.of(json, plan.program());
      try (Attribution attribution =
          attributor.attribute(
              inputs, target == null ? Target.top1() : target, options(json, layers))) {
        // An attributor of somebody else may say nothing about rules.
        Map<String, Rule> rules =
            attribution.rules().isEmpty() ? plan.rules() : attribution.rules();
        write(attribution, rules, layers, model.dtype(), folder);
        return List.copyOf(attribution.warnings());
      }
    }
  }

  private static PlanOptions planOptions(JsonObject json) {
    PlanOptions options = PlanOptions.defaults().withSaveMemory(json.flag("save_memory"));
    String format = json.string("memory_format", null);
    if (format == null) {
      return options;
    }
    return Arrays.stream(Layout.values())
        .filter(layout -> layout.label().equals(format))
        .findFirst()
        .map(options::withLayout)
        .orElseThrow(
            () ->
                new RequestException(
                    "case.memory_format: "
                        + "'"
                        + Npy.printable(format)
                        + "'"
                        + " is none of "
                        + Arrays.stream(Layout.values())
                            .map(Layout::label)
                            .collect(Collectors.joining(", "))));
  }

  /** SignXAI's methods have rules and canonizers of their own. */
  private static List<String> explain(
      JsonObject json,
      ScriptModel model,
      CompositeReader composites,
      ArraySource arrays,
      List<Tensor> inputs,
      Target target,
      CaseFolder folder) {
    for (String other : List.of("composite", "attributor", "memory_format", "save_memory")) {
      if (json.has(other)) {
        throw new RequestException("case: method and " + other + " exclude each other");
      }
    }
    if (inputs.size() != 1) {
      throw new RequestException(
          "case.inputs: a method explains one input, but there are " + inputs.size());
    }
    try (MethodAnalyzer analyzer =
        MethodReader.read(json.string("method"), json.get("options"), model, composites, arrays)) {
      LayerSelection layers = LayerSelection.unchecked(json, model.program());
      try (Attribution attribution =
          analyzer.attribute(inputs.get(0), target, options(json, layers))) {
        write(attribution, attribution.rules(), layers, model.dtype(), folder);
        return List.copyOf(attribution.warnings());
      }
    }
  }

  private static AttributionOptions options(JsonObject json, LayerSelection layers) {
    return AttributionOptions.defaults()
        .withLayers(layers::contains)
        .withCheckFinite(json.flag("check"));
  }

  private static void write(
      Attribution attribution,
      Map<String, Rule> rules,
      LayerSelection layers,
      ScalarType dtype,
      CaseFolder folder) {
    folder.array("output", NdArray.of(attribution.output().to(dtype)));
    List<Tensor> relevances = attribution.relevances();
    // Inputs that are no floating tensors have no relevance, and no number.
    int number = 0;
    for (int i = 0; i < relevances.size(); i++) {
      if (relevances.get(i) != null) {
        folder.array("relevance." + number++, NdArray.of(relevances.get(i).to(dtype)));
      }
    }
    List<Tensor> tokens = attribution.tokens();
    for (int i = 0; i < tokens.size(); i++) {
      if (tokens.get(i) != null) {
        folder.array("tokens." + i, NdArray.of(tokens.get(i).to(dtype)));
      }
    }
    ObjectNode names = JsonNodeFactory.instance.objectNode();
    rules.forEach((layer, rule) -> names.put(layer, rule.name()));
    folder.json("rules.json", names);
    layers.write(attribution.layers(), dtype, folder);
  }
}
