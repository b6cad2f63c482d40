/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;

/** The listed method names, made from templates. */
final class MethodCatalogue {
  private static final List<String> SIGNS =
      List.of("_x_sign", "_x_sign_mu", "_x_sign_mu_0", "_x_sign_mu_0_5", "_x_sign_mu_neg_0_5");
  private static final List<String> EPSILONS =
      List.of("0_001", "0_01", "0_1", "0_2", "0_5", "1", "5", "10", "20", "50", "75", "100");
  private static final List<String> FEW_EPSILONS = List.of("0_01", "0_1", "1", "10", "20", "100");
  private static final List<String> FACTORS = List.of("0_1", "0_25", "0_5", "1", "2", "3");
  private static final List<String> FEW_FACTORS = List.of("0_1", "0_25", "0_5");
  private static final List<String> SUFFIX = List.of("_VGG16ILSVRC");

  private static final List<String> VERSION_1 = version1();
  private static final List<String> DOTTED =
      expand(
              List.of("lrp."),
              List.of(
                  "z",
                  "z_IB",
                  "z_plus",
                  "z_plus_fast",
                  "epsilon",
                  "epsilon_IB",
                  "stdxepsilon",
                  "w_square",
                  "flat",
                  "gamma",
                  "alpha_beta",
                  "alpha_2_beta_1",
                  "alpha_2_beta_1_IB",
                  "alpha_1_beta_0",
                  "alpha_1_beta_0_IB",
                  "sequential_composite_a",
                  "sequential_composite_b",
                  "rule_until_index"))
          .toList();
  private static final List<String> FURTHER = further();
  private static final List<String> ALL = all();

  private MethodCatalogue() {}

  /** The names of SIGN-XAI 1, in the order of its table. */
  static List<String> version1Names() {
    return VERSION_1;
  }

  /** The dot names. */
  static List<String> dotNames() {
    return DOTTED;
  }

  /** All listed names, sorted. */
  static List<String> listMethods() {
    return ALL;
  }

  /** The listed names nearest to a text. */
  static List<String> nearest(String text, int count) {
    return NearestNames.of(text, ALL, count);
  }

  /**
   * The listed names in classes of equal definition, each in the order of {@link #listMethods}. A
   * name that needs options is alone in its class.
   *
   * @param convolutions whether the network has convolutions
   */
  static Collection<Set<String>> equalByDefinition(boolean convolutions) {
    Map<String, Set<String>> classes = new LinkedHashMap<>();
    for (String name : ALL) {
      classes
          .computeIfAbsent(definition(name, convolutions), any -> new LinkedHashSet<>())
          .add(name);
    }
    return classes.values();
  }

  private static String definition(String text, boolean convolutions) {
    MethodName name = MethodName.parse(text);
    try {
      return ResolvedMethod.of(name, MethodOptions.none()).definition(convolutions);
    } catch (Zennit4jException needsOptions) {
      return name.canonical();
    }
  }

  private static List<String> version1() {
    List<String> names =
        new ArrayList<>(
            List.of(
                "random_uniform",
                "gradient",
                "input_t_gradient",
                "gradient_x_input",
                "integrated_gradients",
                "smoothgrad",
                "smoothgrad_x_input",
                "vargrad",
                "guided_backprop",
                "deconvnet",
                "grad_cam",
                "grad_cam_timeseries"));
    add(names, List.of("gradient", "guided_backprop", "deconvnet", "smoothgrad"), SIGNS);
    add(
        names,
        List.of("grad_cam", "guided_grad_cam"),
        List.of("_VGG16ILSVRC", "_VGG16MITPL365", "_MNISTCNN"));
    List<String> plain = List.of("lrp", "lrpsign", "w2lrp", "flatlrp");
    List<String> many = List.of("lrp", "lrpsign", "lrpz");
    List<String> few = List.of("w2lrp", "flatlrp");
    List<String> box = List.of("zblrp");
    add(names, plain, List.of("_z"));
    add(names, box, List.of("_z"), SUFFIX);
    add(names, many, List.of("_epsilon_"), EPSILONS);
    List<String> boxEpsilons =
        EPSILONS.stream().filter(v -> !v.equals("50") && !v.equals("75")).toList();
    add(names, box, List.of("_epsilon_"), boxEpsilons, SUFFIX);
    add(names, few, List.of("_epsilon_"), FEW_EPSILONS);
    add(names, many, List.of("_epsilon_"), FACTORS, List.of("_std_x"));
    add(names, few, List.of("_epsilon_"), FEW_FACTORS, List.of("_std_x"));
    add(names, box, List.of("_epsilon_"), FEW_FACTORS, List.of("_std_x"), SUFFIX);
    add(
        names,
        List.of("lrpsign_epsilon_"),
        List.of("100", "0_25_std_x"),
        List.of("_mu_"),
        List.of("0", "0_5", "neg_0_5"));
    List<String> cores =
        List.of("_alpha_1_beta_0", "_sequential_composite_a", "_sequential_composite_b");
    add(names, List.of("lrp", "lrpsign", "lrpz", "w2lrp", "flatlrp"), cores);
    add(names, box, cores, SUFFIX);
    return List.copyOf(names);
  }

  private static List<String> further() {
    List<String> names = new ArrayList<>();
    add(
        names,
        List.of(
            "gradient",
            "guided_backprop",
            "deconvnet",
            "smoothgrad",
            "vargrad",
            "integrated_gradients",
            "grad_cam",
            "lrp",
            "lrp_epsilon",
            "lrp_z",
            "lrp_z_plus",
            "lrp_gamma",
            "lrp_flat",
            "lrp_w_square",
            "lrp_alpha_1_beta_0",
            "lrp_alpha_2_beta_1"),
        List.of("", "_x_input", "_x_sign", "_x_input_x_sign"));
    names.addAll(
        List.of(
            "lrp_epsilon_0_25",
            "lrp_epsilon_2",
            "guided_grad_cam",
            "guided_grad_cam_timeseries",
            "deep_taylor",
            "deep_taylor_bounded",
            "deeplift",
            "occlusion",
            "lrp_alphabeta",
            "lrp_advanced",
            "lrp_sequential"));
    return List.copyOf(names);
  }

  private static List<String> all() {
    Set<String> names = new TreeSet<>(VERSION_1);
    names.addAll(FURTHER);
    names.addAll(DOTTED);
    return List.copyOf(names);
  }

  @SafeVarargs
  private static void add(List<String> names, List<String>... parts) {
    expand(parts).forEach(names::add);
  }

  /** All texts with one element of each part, in order. */
  @SafeVarargs
  private static Stream<String> expand(List<String>... parts) {
    Stream<String> texts = Stream.of("");
    for (List<String> part : parts) {
      texts = texts.flatMap(text -> part.stream().map(text::concat));
    }
    return texts;
  }
}
