/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts operators together again that {@code run_decompositions()} took apart, so that layers of a
 * decomposed program are what they were: a linear map, a normalisation, a pooling. Only where the
 * result is the same.
 */
final class ExportedRecomposer {
  private static final String ATEN = "torch.ops.aten.";

  private final List<ExportedStep> steps;
  private final Map<String, ExportedGraph.Meta> metas;
  private final Set<String> parameters;
  private final Map<String, Integer> uses = new HashMap<>();
  private final Map<String, ExportedStep> makers = new HashMap<>();

  /**
   * Makes a recomposer.
   *
   * @param steps the program, in order
   * @param outputs what it returns
   * @param metas what is known about tensors
   * @param parameters the names of parameters, buffers and constants
   */
  ExportedRecomposer(
      List<ExportedStep> steps,
      List<ExportedArgument> outputs,
      Map<String, ExportedGraph.Meta> metas,
      Set<String> parameters) {
    this.steps = steps;
    this.metas = metas;
    this.parameters = parameters;
    for (ExportedStep step : steps) {
      step.arguments().forEach(argument -> count(argument.value(), 1));
      step.names().forEach(name -> makers.put(name, step));
    }
    outputs.forEach(output -> count(output, 1));
  }

  private void count(ExportedArgument argument, int by) {
    Set<String> names = new HashSet<>();
    ExportedGraph.collect(argument, names);
    names.forEach(name -> uses.merge(name, by, Integer::sum));
  }

  /** The program with larger operators. */
  List<ExportedStep> recompose() {
    Set<ExportedStep> gone = new HashSet<>();
    Map<String, ExportedStep> replaced = new HashMap<>();
    for (ExportedStep step : steps) {
      ExportedStep linear = linear(step, gone);
      ExportedStep better = linear != null ? linear : single(step);
      if (better != null) {
        replaced.put(step.names().get(0), better);
      }
    }
    List<ExportedStep> result = new ArrayList<>();
    for (ExportedStep step : steps) {
      if (gone.contains(step)) {
        continue;
      }
      ExportedStep better = step.names().isEmpty() ? null : replaced.get(step.names().get(0));
      result.add(better == null ? step : better);
    }
    unfold(result);
    return result;
  }

  /** Whether nothing uses any result but the first. */
  private boolean onlyFirst(ExportedStep step) {
    for (int i = 1; i < step.results().size(); i++) {
      for (String name : step.results().get(i).names()) {
        if (uses.getOrDefault(name, 0) > 0) {
          return false;
        }
      }
    }
    return !step.results().isEmpty();
  }

  private ExportedStep single(ExportedStep step) {
    if (!step.target().startsWith(ATEN) || !onlyFirst(step)) {
      return null;
    }
    return switch (step.target().substring(ATEN.length())) {
      case "_native_batch_norm_legit_no_training.default" -> batchNorm(step);
      case "native_batch_norm.default", "_native_batch_norm_legit.default" ->
          step.isLiteral("training", false) ? batchNorm(step) : null;
      case "native_layer_norm.default" ->
          become(
              step,
              "layer_norm.default",
              List.of("input", "normalized_shape", "weight", "bias", "eps"),
              Map.of());
      case "native_group_norm.default" ->
          become(
              step,
              "group_norm.default",
              List.of("input", "group", "weight", "bias", "eps"),
              Map.of("group", "num_groups"));
      case "_softmax.default" ->
          step.isLiteral("half_to_float", false)
              ? become(step, "softmax.int", List.of("self", "dim"), Map.of())
              : null;
      case "_log_softmax.default" ->
          step.isLiteral("half_to_float", false)
              ? become(step, "log_softmax.int", List.of("self", "dim"), Map.of())
              : null;
      case "max_pool2d_with_indices.default", "max_pool3d_with_indices.default" ->
          become(
              step,
              step.target().substring(ATEN.length()).replace("_with_indices", ""),
              List.of("self", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
              Map.of());
      case "_adaptive_avg_pool2d.default", "_adaptive_avg_pool3d.default" ->
          become(
              step,
              step.target().substring(ATEN.length() + 1),
              List.of("self", "output_size"),
              Map.of());
      case "_scaled_dot_product_flash_attention_for_cpu.default",
          "_scaled_dot_product_flash_attention.default",
          "_scaled_dot_product_efficient_attention.default" ->
          become(
              step,
              "scaled_dot_product_attention.default",
              List.of(
                  "query",
                  "key",
                  "value",
                  "attn_mask",
                  "attn_bias",
                  "dropout_p",
                  "is_causal",
                  "scale"),
              Map.of("attn_bias", "attn_mask"));
      default -> null;
    };
  }

  private static ExportedStep batchNorm(ExportedStep step) {
    List<ExportedStep.Argument> arguments = new ArrayList<>();
    for (String name :
        List.of("input", "weight", "bias", "running_mean", "running_var", "momentum", "eps")) {
      if (step.argument(name) != null) {
        arguments.add(new ExportedStep.Argument(name, step.argument(name)));
      }
    }
    arguments.add(new ExportedStep.Argument("training", new ExportedArgument.Literal(false)));
    arguments.add(new ExportedStep.Argument("cudnn_enabled", new ExportedArgument.Literal(true)));
    return step.becomes(ATEN + "batch_norm.default", arguments, step.results().subList(0, 1));
  }

  private static ExportedStep become(
      ExportedStep step, String target, List<String> kept, Map<String, String> renamed) {
    List<ExportedStep.Argument> arguments = new ArrayList<>();
    for (String name : kept) {
      if (step.argument(name) != null) {
        arguments.add(
            new ExportedStep.Argument(renamed.getOrDefault(name, name), step.argument(name)));
      }
    }
    return step.becomes(ATEN + target, arguments, step.results().subList(0, 1));
  }

  /** {@code addmm(bias, x, weight^T)} and {@code mm(x, weight^T)} of a parameter. */
  private ExportedStep linear(ExportedStep step, Set<ExportedStep> gone) {
    boolean addmm = step.target().equals(ATEN + "addmm.default");
    if (!addmm && !step.target().equals(ATEN + "mm.default")) {
      return null;
    }
    String bias = addmm ? step.ref("self") : null;
    String input = step.ref(addmm ? "mat1" : "self");
    ExportedStep transposed = makers.get(String.valueOf(step.ref("mat2")));
    String weight = transposed == null ? null : transposedParameter(transposed);
    boolean fits =
        weight != null
            && input != null
            && isNumberOne(step.argument("alpha"))
            && isNumberOne(step.argument("beta"))
            && (!addmm || (bias != null && isVector(bias)));
    if (!fits) {
      return null;
    }
    if (uses.merge(step.ref("mat2"), -1, Integer::sum) == 0) {
      gone.add(transposed);
    }
    List<ExportedStep.Argument> arguments = new ArrayList<>();
    arguments.add(new ExportedStep.Argument("input", step.argument(addmm ? "mat1" : "self")));
    arguments.add(
        new ExportedStep.Argument(
            "weight", new ExportedArgument.Ref(weight, ExportedArgument.Kind.TENSOR)));
    if (addmm) {
      arguments.add(new ExportedStep.Argument("bias", step.argument("self")));
    }
    return step.becomes(ATEN + "linear.default", arguments, step.results());
  }

  private boolean isVector(String name) {
    ExportedGraph.Meta meta = metas.get(name);
    return meta != null && meta.sizes().size() == 1;
  }

  private static boolean isNumberOne(ExportedArgument argument) {
    return argument == null
        || (argument instanceof ExportedArgument.Literal literal
            && literal.value() instanceof Number number
            && number.doubleValue() == 1);
  }

  /** The parameter of two dimensions that a call transposes, or null. */
  private String transposedParameter(ExportedStep step) {
    String parameter = step.ref("self");
    ExportedGraph.Meta meta = parameter == null ? null : metas.get(parameter);
    if (meta == null || meta.sizes().size() != 2 || !parameters.contains(parameter)) {
      return null;
    }
    boolean transposes =
        switch (step.target()) {
          case ATEN + "t.default" -> true;
          case ATEN + "permute.default" ->
              step.argument("dims") instanceof ExportedArgument.Items items
                  && items
                      .elements()
                      .equals(
                          List.of(
                              new ExportedArgument.Literal(1L), new ExportedArgument.Literal(0L)));
          case ATEN + "transpose.int" ->
              (step.isLiteral("dim0", 0L) && step.isLiteral("dim1", 1L))
                  || (step.isLiteral("dim0", 1L) && step.isLiteral("dim1", 0L));
          default -> false;
        };
    return transposes ? parameter : null;
  }

  /**
   * A linear map of the last axis was written as one of rows: {@code view(linear(view(x)))} is
   * {@code linear(x)} where both views keep the last axis and the second undoes the first.
   */
  private void unfold(List<ExportedStep> program) {
    Map<String, ExportedStep> made = new HashMap<>();
    program.forEach(step -> step.names().forEach(name -> made.put(name, step)));
    Map<String, ExportedStep> replaced = new HashMap<>();
    Set<ExportedStep> gone = new HashSet<>();
    for (ExportedStep last : program) {
      ExportedStep linear = isView(last) ? made.get(last.ref("self")) : null;
      if (linear == null || !linear.target().equals(ATEN + "linear.default") || isShared(linear)) {
        continue;
      }
      ExportedStep first = made.get(String.valueOf(linear.ref("input")));
      boolean fits =
          first != null
              && isView(first)
              && first.mode().equals(linear.mode())
              && first.frames().equals(linear.frames())
              && last.frames().equals(linear.frames())
              && undoes(first, linear, last);
      if (!fits) {
        continue;
      }
      List<ExportedStep.Argument> arguments = new ArrayList<>(linear.arguments());
      arguments.set(0, new ExportedStep.Argument("input", first.argument("self")));
      replaced.put(last.names().get(0), linear.becomes(linear.target(), arguments, last.results()));
      gone.add(linear);
      if (uses.merge(first.names().get(0), -1, Integer::sum) == 0) {
        gone.add(first);
      }
    }
    program.removeIf(gone::contains);
    program.replaceAll(
        step -> step.names().isEmpty() ? step : replaced.getOrDefault(step.names().get(0), step));
  }

  private boolean isShared(ExportedStep step) {
    return uses.getOrDefault(step.names().get(0), 0) != 1;
  }

  private static boolean isView(ExportedStep step) {
    return (step.target().equals(ATEN + "view.default")
            || step.target().equals(ATEN + "_unsafe_view.default")
            || step.target().equals(ATEN + "reshape.default"))
        && step.ref("self") != null;
  }

  private boolean undoes(ExportedStep first, ExportedStep linear, ExportedStep last) {
    List<ExportedGraph.Size> before = sizes(first.ref("self"));
    List<ExportedGraph.Size> rows = sizes(first.names().get(0));
    List<ExportedGraph.Size> mapped = sizes(linear.names().get(0));
    List<ExportedGraph.Size> after = sizes(last.names().get(0));
    boolean known = before != null && rows != null && mapped != null && after != null;
    if (!known || rows.size() != 2 || mapped.size() != 2 || before.size() != after.size()) {
      return false;
    }
    int axes = before.size();
    boolean plain =
        axes > 0 && before.stream().allMatch(s -> s.fixed() != null || s.symbol() != null);
    return plain
        && before.get(axes - 1).equals(rows.get(1))
        && after.get(axes - 1).equals(mapped.get(1))
        && before.subList(0, axes - 1).equals(after.subList(0, axes - 1));
  }

  private List<ExportedGraph.Size> sizes(String name) {
    ExportedGraph.Meta meta = metas.get(name);
    return meta == null ? null : meta.sizes();
  }
}
