/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.zennit4j.bindings.DataFlow;
import org.zennit4j.bindings.Layer;
import org.zennit4j.bindings.Program;
import org.zennit4j.bindings.Region;
import org.zennit4j.composites.Plan;

/** What is unusual about a model and its composite. */
final class Findings {
  /** Operators that only move, copy or choose values: the gradient is the right thing for them. */
  private static final Set<String> MOVING =
      Set.of(
          "adaptive_max_pool1d",
          "adaptive_max_pool2d",
          "adaptive_max_pool3d",
          "alias",
          "alpha_dropout",
          "append",
          "broadcast_tensors",
          "cat",
          "channel_shuffle",
          "chunk",
          "clone",
          "concat",
          "constant_pad_nd",
          "contiguous",
          "copy_",
          "detach",
          "dropout",
          "expand",
          "expand_as",
          "feature_dropout",
          "fill_",
          "flatten",
          "index",
          "masked_fill",
          "max_pool1d",
          "max_pool2d",
          "max_pool3d",
          "narrow",
          "pad",
          "permute",
          "pixel_shuffle",
          "pixel_unshuffle",
          "reflection_pad1d",
          "reflection_pad2d",
          "replication_pad2d",
          "reshape",
          "roll",
          "select",
          "slice",
          "split",
          "squeeze",
          "stack",
          "t",
          "to",
          "transpose",
          "type_as",
          "unbind",
          "unflatten",
          "unsqueeze",
          "upsample_bilinear2d",
          "upsample_nearest2d",
          "view",
          "view_as");

  /** Operators whose result has no gradient. */
  private static final Set<String> METADATA =
      Set.of(
          "size",
          "dim",
          "len",
          "numel",
          "stride",
          "is_contiguous",
          "is_floating_point",
          "__is__",
          "__isnot__",
          "eq",
          "ne",
          "lt",
          "le",
          "gt",
          "ge",
          "format",
          "zeros_like",
          "ones_like",
          "new_zeros");

  private final Plan plan;
  private final List<String> findings;

  private Findings(Plan plan) {
    this.plan = plan;
    this.findings = new ArrayList<>(new LinkedHashSet<>(plan.findings()));
  }

  /**
   * Looks at a plan.
   *
   * @param composed whether the user chose a composite
   */
  static List<String> of(Plan plan, boolean composed) {
    Findings result = new Findings(plan);
    result.ending();
    result.batchNorms();
    result.firstLayer();
    if (composed && !plan.rules().isEmpty()) {
      result.operators();
    }
    return result.findings;
  }

  private void ending() {
    switch (Ending.of(plan.program())) {
      case SOFTMAX ->
          findings.add(
              "the model ends in a softmax: relevance would start at probabilities, which depend on"
                  + " all classes; explain a model without it");
      case LOG_SOFTMAX ->
          findings.add(
              "the model ends in a log-softmax: relevance would start at values that depend on all"
                  + " classes; explain a model without it");
      case OTHER -> {}
    }
  }

  private void batchNorms() {
    Set<String> names = new LinkedHashSet<>();
    for (Region region : plan.program().regions()) {
      if (region.batchNorm().isPresent()) {
        names.add(layerOf(region));
      }
    }
    if (!names.isEmpty()) {
      findings.add(
          count(names.size(), "batch normalisation")
              + (names.size() == 1 ? " is" : " are")
              + " not merged ("
              + examples(names)
              + "): add the canonizer merge_batch_norm"
              + (plan.composite().canonizers().isEmpty()
                  ? ""
                  : ", or nothing linear stands before"));
    }
  }

  /** An operator's own name, or that of the module that it is all of. */
  private static String layerOf(Region region) {
    Layer layer = region.layer();
    Optional<Region> parent = region.parent();
    boolean inside =
        region.isOperator() && parent.isPresent() && parent.get().batchNorm().isPresent();
    return inside ? parent.get().layer().name() : layer.name();
  }

  private void firstLayer() {
    Program program = plan.program();
    Set<Layer> linear = new LinkedHashSet<>();
    for (Layer layer : program.layers()) {
      if (layer.types().contains("Linear")) {
        linear.add(layer);
      }
    }
    if (linear.isEmpty()) {
      return;
    }
    Layer registered = linear.iterator().next();
    for (Region region : program.regions()) {
      if (linear.contains(region.layer())) {
        if (region.layer() != registered) {
          findings.add(
              "the first linear layer in the order of registration, "
                  + registered.name()
                  + ", is not executed first, but "
                  + region.layer().name()
                  + " is: composites with a special first layer give its rule to "
                  + registered.name());
        }
        return;
      }
    }
  }

  private void operators() {
    Program program = plan.program();
    DataFlow flow = program.dataFlow();
    Map<String, Set<String>> without = new LinkedHashMap<>();
    Set<String> additions = new LinkedHashSet<>();
    Set<String> functional = new LinkedHashSet<>();
    for (Region region : program.regions()) {
      if (!region.isOperator() || hasRule(region) || !depends(flow, region)) {
        continue;
      }
      String name = region.operators().get(0);
      String shortName = name.substring(name.lastIndexOf(':') + 1);
      if (name.startsWith("prim::") || MOVING.contains(shortName) || METADATA.contains(shortName)) {
        continue;
      }
      String where = owner(region);
      if (region.layer().functional()
          && !region.layer().types().isEmpty()
          && !plan.composite().functional()) {
        functional.add(region.layer().name());
      } else if (shortName.equals("add") || shortName.equals("sub")) {
        boolean branches = flow.dependsOnInput(region, 0) && flow.dependsOnInput(region, 1);
        // A constant that is added or subtracted changes no relevance.
        if (branches && shortName.equals("add")) {
          additions.add(where);
        } else if (branches) {
          without.computeIfAbsent(shortName, k -> new LinkedHashSet<>()).add(where);
        }
      } else {
        without.computeIfAbsent(shortName, k -> new LinkedHashSet<>()).add(where);
      }
    }
    if (!additions.isEmpty()) {
      findings.add(
          count(additions.size(), "addition")
              + " of two branches ("
              + examples(additions)
              + (additions.size() == 1 ? ") passes" : ") pass")
              + " all relevance to both: add the canonizer residual_sum");
    }
    if (!functional.isEmpty()) {
      findings.add(
          count(functional.size(), "functional operator")
              + (functional.size() == 1 ? " takes" : " take")
              + " no part ("
              + examples(functional)
              + "): the gradient is used; set \"functional\": true in the composite");
    }
    without.forEach(
        (name, where) ->
            findings.add(name + " has no rule and passes its gradient (" + examples(where) + ")"));
  }

  private static boolean depends(DataFlow flow, Region region) {
    return IntStream.range(0, 4).anyMatch(i -> flow.dependsOnInput(region, i));
  }

  private boolean hasRule(Region region) {
    for (Optional<Region> r = Optional.of(region); r.isPresent(); r = r.get().parent()) {
      Region here = r.get();
      if (here.layer() != null && plan.rules().containsKey(here.layer().name())) {
        return true;
      }
    }
    return false;
  }

  /** The leaf module that an operator is a part of, or else the operator. */
  private static String owner(Region region) {
    Optional<Region> parent = region.parent();
    return parent.isPresent()
            && parent.get().layer().leaf()
            && !parent.get().layer().name().isEmpty()
        ? parent.get().layer().name()
        : region.layer().name();
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }

  private static String examples(Set<String> names) {
    List<String> first = names.stream().limit(3).toList();
    return String.join(", ", first)
        + (names.size() > 3 ? " and " + (names.size() - 3) + " more" : "");
  }
}
