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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PresetArguments;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.ZeroParams;
import org.zennit4j.testing.SeededWeights;

/**
 * Explains real architectures with seeded weights, and lists which of their operators have no rule
 * and how much of the relevance arrives at the input: the table of docs/networks.md.
 */
final class NetworksTable {
  static final Path FOLDER = Path.of("../requests/src/test/resources/skeletons");

  /**
   * Operators that move values, copy them, look at shapes or have no gradient, and the one that
   * only runs where gradients are off.
   */
  private static final Set<String> MOVERS =
      Set.of(
          "Int",
          "IntImplicit",
          "ScalarImplicit",
          "__is__",
          "__isnot__",
          "_native_multi_head_attention",
          "alias",
          "append",
          "cat",
          "chunk",
          "clone",
          "constant_pad_nd",
          "contiguous",
          "copy",
          "detach",
          "dim",
          "dropout",
          "eq",
          "expand",
          "expand_as",
          "feature_dropout",
          "fill",
          "flatten",
          "floor_divide",
          "format",
          "is_floating_point",
          "narrow",
          "ne",
          "new_zeros",
          "pad",
          "permute",
          "reshape",
          "roll",
          "select",
          "size",
          "slice",
          "split",
          "squeeze",
          "stack",
          "stochastic_depth",
          "t",
          "to",
          "transpose",
          "unbind",
          "unflatten",
          "unsqueeze",
          "view",
          "zeros_like");

  /**
   * One architecture.
   *
   * @param name its name
   * @param operators operators without a rule, each with the number of its calls
   * @param kept sum of the relevance at the input over that at the output
   * @param keptWithoutBias the same where rules take biases as zero
   * @param attnLrp the sum that attn_lrp keeps
   */
  record Row(
      String name,
      Map<String, Integer> operators,
      double kept,
      double keptWithoutBias,
      double attnLrp) {
    String markdown() {
      String list =
          operators.entrySet().stream()
              .map(e -> "`" + e.getKey() + "` " + e.getValue())
              .collect(Collectors.joining(", "));
      return String.format(
          Locale.ROOT,
          "| %s | %s | %s | %s | %s |",
          name,
          list.isEmpty() ? "none" : list,
          number(kept),
          number(keptWithoutBias),
          number(attnLrp));
    }

    private static String number(double value) {
      return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4
          ? String.format(Locale.ROOT, "%.3f", value)
          : String.format(Locale.ROOT, "%.1e", value);
    }
  }

  private NetworksTable() {}

  static JsonNode index() throws IOException {
    return new ObjectMapper().readTree(FOLDER.resolve("index.json").toFile());
  }

  static Row row(String name, long... shape) {
    LibTorch.load();
    return row(name, "traced", shape)
        .or(() -> row(name, "scripted", shape))
        .orElseThrow(() -> new IllegalStateException(name + " cannot be explained"));
  }

  /** Empty if the file holds attention that was fused while tracing. */
  private static Optional<Row> row(String name, String form, long... shape) {
    try (PointerScope scope = new PointerScope()) {
      String file = FOLDER.resolve(name + "." + form + ".pt").toString();
      JitModule module = torch.load(file, new DeviceOptional(new Device("cpu")), true);
      SeededWeights.fill(module, 1);
      Tensor input = SeededWeights.normal(2, ScalarType.Float, shape);
      try (ScriptModel model = ScriptModel.of(module)) {
        if (model.findings().stream().anyMatch(f -> f.contains("attention is one opaque"))) {
          return Optional.empty();
        }
        PresetArguments noBias = PresetArguments.defaults().withZeroParams(ZeroParams.of("bias"));
        try (Plan plan = Plan.of(model, canonized(Composites.epsilonPlusFlat()));
            Plan without = Plan.of(model, canonized(Composites.epsilonPlusFlat(noBias)));
            Plan attnLrp = Plan.of(model, Composites.attnLrp())) {
          return Optional.of(
              new Row(
                  name,
                  withoutRule(plan),
                  kept(plan, input),
                  kept(without, input),
                  kept(attnLrp, input)));
        }
      }
    }
  }

  static Composite canonized(Composite composite) {
    return composite
        .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
        .withFunctional(true);
  }

  private static double kept(Plan plan, Tensor input) {
    try (Attribution a = new Gradient(plan).attribute(input, Target.top1())) {
      return a.relevance().to(ScalarType.Double).sum().item_double();
    }
  }

  private static Map<String, Integer> withoutRule(Plan plan) {
    Map<String, Integer> counts = new TreeMap<>();
    DataFlow flow = plan.program().dataFlow();
    for (Region region : plan.program().regions()) {
      if (region.isOperator() && !ruled(plan, region)) {
        String name = region.operators().get(0).replaceFirst("^aten::", "");
        boolean differentiable =
            IntStream.range(0, 3).anyMatch(i -> flow.dependsOnInput(region, i))
                && !name.startsWith("prim::");
        if (differentiable && !MOVERS.contains(name.replaceFirst("(?<=[a-z])_$", ""))) {
          counts.merge(name, 1, Integer::sum);
        }
      }
    }
    return counts;
  }

  private static boolean ruled(Plan plan, Region region) {
    for (Optional<Region> r = Optional.of(region); r.isPresent(); r = r.get().parent()) {
      if (r.get().layer() != null && plan.rules().containsKey(r.get().layer().name())) {
        return true;
      }
    }
    return false;
  }

  static List<String> table() throws IOException {
    List<String> lines = new ArrayList<>();
    for (JsonNode network : index()) {
      long[] shape = new ObjectMapper().convertValue(network.get("input"), long[].class);
      lines.add(row(network.get("name").asText(), shape).markdown());
      System.out.println(lines.get(lines.size() - 1));
    }
    return lines;
  }
}
