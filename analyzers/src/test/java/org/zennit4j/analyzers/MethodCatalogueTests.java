/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MethodCatalogueTests {

  @Test
  void version1Has152Names() {
    assertThat(MethodCatalogue.version1Names()).hasSize(152).doesNotHaveDuplicates();
    assertThat(MethodCatalogue.version1Names())
        .contains(
            "lrpsign_epsilon_0_25_std_x_mu_neg_0_5",
            "zblrp_epsilon_0_2_VGG16ILSVRC",
            "zblrp_sequential_composite_b_VGG16ILSVRC",
            "smoothgrad_x_sign_mu_neg_0_5",
            "flatlrp_epsilon_0_5_std_x",
            "lrpz_alpha_1_beta_0")
        .doesNotContain("lrpz_z", "zblrp_epsilon_50_VGG16ILSVRC", "w2lrp_epsilon_5");
  }

  @Test
  void theListIsSortedAndHasAllOfVersion1AndTheDotNames() {
    List<String> names = MethodCatalogue.listMethods();

    assertThat(names)
        .isSorted()
        .doesNotHaveDuplicates()
        .containsAll(MethodCatalogue.version1Names())
        .containsAll(MethodCatalogue.dotNames())
        .contains(
            "lrp_gamma_x_input_x_sign",
            "vargrad_x_sign",
            "lrp_epsilon_2",
            "guided_grad_cam_timeseries",
            "lrp_sequential");
    assertThat(MethodCatalogue.dotNames()).hasSize(18);
  }

  @Test
  void equalByDefinitionAreExactlyTheseNames() {
    Set<Set<String>> classes = new HashSet<>(MethodCatalogue.equalByDefinition(true));
    classes.removeIf(names -> names.size() == 1);

    assertThat(classes)
        .contains(
            Set.of("gradient_x_input", "input_t_gradient"),
            Set.of("gradient_x_sign", "gradient_x_sign_mu", "gradient_x_sign_mu_0"),
            Set.of("lrpsign_epsilon_100", "lrpsign_epsilon_100_mu_0"),
            Set.of("lrpsign_epsilon_0_25_std_x", "lrpsign_epsilon_0_25_std_x_mu_0"),
            Set.of("lrp", "lrp_epsilon", "lrp_z", "lrp.z", "lrp.epsilon"),
            Set.of("lrp_x_sign", "lrp_epsilon_x_sign", "lrp_z_x_sign"),
            Set.of(
                "lrp_alpha_1_beta_0",
                "lrp.alpha_1_beta_0",
                "lrp_alphabeta",
                "lrp.alpha_beta",
                "lrp_z_plus"),
            Set.of("lrp.alpha_1_beta_0_IB", "lrp.z_plus"),
            Set.of("lrp.z_IB", "lrp.epsilon_IB"),
            Set.of("flatlrp_sequential_composite_b", "lrp.rule_until_index"),
            Set.of(
                "grad_cam",
                "grad_cam_MNISTCNN",
                "grad_cam_VGG16ILSVRC",
                "grad_cam_VGG16MITPL365",
                "grad_cam_timeseries"));
    assertThat(classOf("lrp.gamma", true)).containsExactly("lrp.gamma");
    assertThat(classOf("lrp.z_plus_fast", true)).containsExactly("lrp.z_plus_fast");
    assertThat(classOf("lrp_epsilon_0_1", true)).containsExactly("lrp_epsilon_0_1");
    assertThat(classOf("deep_taylor", true)).containsExactly("deep_taylor");
  }

  @Test
  void withoutConvolutionsTheCompositesAreEpsilon() {
    for (String prefix : List.of("lrp", "lrpsign", "lrpz", "w2lrp")) {
      assertThat(classOf(prefix + "_epsilon_0_1", false))
          .contains(prefix + "_sequential_composite_a", prefix + "_sequential_composite_b");
    }
  }

  @Test
  void everyOtherPairDiffersInFormula() {
    Collection<Set<String>> classes = MethodCatalogue.equalByDefinition(true);

    assertThat(classes.stream().mapToInt(Set::size).sum())
        .isEqualTo(MethodCatalogue.listMethods().size());
    for (Set<String> names : classes) {
      long parsed = names.stream().map(MethodName::parse).distinct().count();
      if (parsed > 1) {
        assertThat(names)
            .allMatch(
                name ->
                    name.contains("_x_sign")
                        || name.startsWith("lrp")
                        || name.startsWith("flatlrp")
                        || name.contains("grad_cam"));
      }
    }
  }

  private static Set<String> classOf(String name, boolean convolutions) {
    return MethodCatalogue.equalByDefinition(convolutions).stream()
        .filter(names -> names.contains(name))
        .findFirst()
        .orElseThrow();
  }
}
