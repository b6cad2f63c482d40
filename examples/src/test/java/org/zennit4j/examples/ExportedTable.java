/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.Model;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npz;

/**
 * Holds the networks that examples/exported/export_networks.py wrote against what PyTorch computed:
 * the second table of docs/networks.md. All in float64.
 */
final class ExportedTable {
  /** The forms that are compared, the one that PyTorch's numbers belong to first. */
  private static final List<String> FORMS = List.of("traced", "dynamic", "decomposed");

  private static final int BATCH = 3;

  /**
   * What one file gives.
   *
   * @param output against PyTorch's, the largest difference over the largest value
   * @param gradient the same for the gradient
   * @param layers how many layers have a type
   * @param relevance the numbers of epsilon_plus_flat
   */
  private record Seen(double output, double gradient, long layers, List<double[]> relevance) {}

  private final Path folder;
  private final Map<String, NdArray> arrays;

  private ExportedTable(Path folder, Map<String, NdArray> arrays) {
    this.folder = folder;
    this.arrays = arrays;
  }

  static List<String> table(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    for (JsonNode network : new ObjectMapper().readTree(folder.resolve("index.json").toFile())) {
      String name = network.get("name").asText();
      ExportedTable table = new ExportedTable(folder, Npz.read(folder.resolve(name + ".npz")));
      Map<String, String> files = new LinkedHashMap<>();
      network.get("files").properties().forEach(e -> files.put(e.getKey(), e.getValue().asText()));
      lines.add(table.row(name, files));
      System.out.println(lines.get(lines.size() - 1));
    }
    return lines;
  }

  private String row(String name, Map<String, String> files) {
    List<String> cells = new ArrayList<>();
    cells.add(name);
    Seen exported;
    try {
      exported = see(files.get("exported"), 1);
    } catch (Zennit4jException e) {
      return "| " + name + " | " + e.getMessage() + " |";
    }
    cells.add(Long.toString(exported.layers()));
    cells.add(number(exported.output()));
    cells.add(number(exported.gradient()));
    for (String form : FORMS) {
      cells.add(
          files.containsKey(form)
              ? compared(files.get(form), form.equals("dynamic") ? BATCH : 1, exported)
              : "");
    }
    cells.add(
        files.keySet().stream()
            .filter(form -> !form.isEmpty() && Character.isDigit(form.charAt(0)))
            .map(form -> form + ": " + compared(files.get(form), 1, exported))
            .collect(Collectors.joining(", ")));
    return "| " + String.join(" | ", cells) + " |";
  }

  /** The largest of the differences in output, gradient and relevance, and layers if not equal. */
  private String compared(String file, int batch, Seen exported) {
    try {
      Seen other = see(file, batch);
      double worst = 0;
      for (int i = 0; i < exported.relevance().size(); i++) {
        worst = Math.max(worst, difference(other.relevance().get(i), exported.relevance().get(i)));
      }
      String text = number(worst);
      if (Math.max(other.output(), other.gradient()) > 1e-12) {
        text += ", PyTorch " + number(other.output()) + " " + number(other.gradient());
      }
      return other.layers() == exported.layers() ? text : text + ", layers " + other.layers();
    } catch (Zennit4jException e) {
      return e.getMessage();
    }
  }

  private Seen see(String file, int batch) {
    LoadOptions options = LoadOptions.defaults().withDtype(Dtype.FLOAT64);
    try (PointerScope scope = new PointerScope();
        ScriptModel model = Model.load(folder.resolve(file), options)) {
      Tensor input = arrays.get("input").toTensor();
      Tensor weight = arrays.get("weight").toTensor();
      Tensor inputs = repeated(input, batch);
      Target target = Target.seed(repeated(weight, batch));
      double output = difference(values(model.run(inputs).get(0)), numbers("output"));
      double gradient;
      try (Plan plan = Plan.gradient(model);
          Attribution a = new Gradient(plan).attribute(inputs, target)) {
        gradient = difference(values(a.relevance()), numbers("gradient"));
      }
      List<double[]> relevance = new ArrayList<>();
      Composite flat = Composites.epsilonPlusFlat();
      for (Composite composite : List.of(flat, NetworksTable.canonized(flat))) {
        try (Plan plan = Plan.of(model, composite);
            Attribution a = new Gradient(plan).attribute(inputs, target)) {
          relevance.add(values(a.relevance()));
        }
      }
      long layers =
          model.program().layers().stream().filter(layer -> !layer.types().isEmpty()).count();
      return new Seen(output, gradient, layers, relevance);
    }
  }

  private double[] numbers(String name) {
    return arrays.get(name).toDoubles();
  }

  private static Tensor repeated(Tensor tensor, int batch) {
    long[] repeats = new long[(int) tensor.dim()];
    Arrays.fill(repeats, 1);
    repeats[0] = batch;
    return tensor.repeat(repeats);
  }

  private static double[] values(Tensor tensor) {
    return NdArray.of(tensor.contiguous().to(torch.ScalarType.Double)).toDoubles();
  }

  /** Of all numbers, those of a batch of equal samples each against the one sample's. */
  private static double difference(double[] found, double[] wanted) {
    double largest = 0;
    double worst = 0;
    for (double value : wanted) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < found.length; i++) {
      double difference = Math.abs(found[i] - wanted[i % wanted.length]);
      // NaN is worse than any number.
      worst = difference <= worst ? worst : difference;
    }
    return worst / largest;
  }

  private static String number(double value) {
    return value == 0 ? "0" : String.format(Locale.ROOT, "%.0e", value);
  }
}
