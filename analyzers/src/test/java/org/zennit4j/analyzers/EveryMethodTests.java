/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.attribution.Target;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.TensorSubject;

/** What holds for each listed name. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryMethodTests {
  private PointerScope scope;
  private ScriptModel images;
  private ScriptModel series;
  private ScriptModel dense;

  @BeforeAll
  void build() {
    org.zennit4j.bindings.LibTorch.load();
    scope = new PointerScope();
    ModelBuilder b = Networks.builder();
    images = Networks.images(b);
    series = Networks.series(b);
    dense = Networks.dense(b, true);
  }

  @AfterAll
  void close() {
    images.close();
    series.close();
    dense.close();
    scope.close();
  }

  private ScriptModel model(String network) {
    return switch (network) {
      case "images" -> images;
      case "series" -> series;
      default -> dense;
    };
  }

  private static Tensor input(String network) {
    return switch (network) {
      case "images" -> Networks.scaled(2, 5, 3, 2, 8, 8);
      case "series" -> Networks.scaled(2, 5, 3, 2, 16);
      default -> Networks.scaled(2, 5, 3, 6);
    };
  }

  private static List<String> names(String network) {
    return MethodName.listed().stream()
        .filter(
            text -> {
              MethodName name = MethodName.parse(text);
              return switch (network) {
                case "images" -> !name.requiresSeries();
                case "series" -> true;
                default -> !name.base().isCam();
              };
            })
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"images", "series", "dense"})
  void aBatchIsItsSamplesInAnyOrder(String network) {
    int[] classes = {2, 0, 1};
    List<String> wrong = new ArrayList<>();
    for (String name : names(network)) {
      try (PointerScope inner = new PointerScope();
          MethodAnalyzer analyzer =
              new MethodAnalyzer(model(network), name, Networks.options(name))) {
        Tensor x = input(network);
        double[] batch = TensorSubject.values(analyzer.analyze(x, Target.classes(classes)));
        Tensor permuted =
            torch.cat(
                new org.bytedeco.pytorch.TensorVector(
                    x.narrow(0, 2, 1), x.narrow(0, 0, 1), x.narrow(0, 1, 1)),
                0);
        double[] other = TensorSubject.values(analyzer.analyze(permuted, Target.classes(1, 2, 0)));
        double largest = Arrays.stream(batch).map(Math::abs).max().orElse(0);
        int size = batch.length / 3;
        boolean equal = largest > 0 && batch.length % 3 == 0;
        for (int i = 0; i < 3; i++) {
          double[] single =
              TensorSubject.values(analyzer.analyze(x.select(0, i), Target.classes(classes[i])));
          for (int j = 0; j < size; j++) {
            double expected = batch[i * size + j];
            equal &= Math.abs(single[j] - expected) <= 1e-10 * largest;
            equal &= Math.abs(other[(i + 1) % 3 * size + j] - expected) <= 1e-10 * largest;
          }
        }
        if (!equal) {
          wrong.add(name);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"series", "dense"})
  void namesThatDifferGiveMapsThatDiffer(String network) {
    List<double[]> maps = new ArrayList<>();
    List<String> representatives = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    List<String> possible = names(network);
    Collection<Set<String>> classes =
        MethodCatalogue.equalByDefinition(/* convolutions= */ network.equals("series"));
    for (Set<String> equal : classes) {
      double[] first = null;
      for (String name : equal) {
        if (!possible.contains(name)) {
          continue;
        }
        double[] map = map(network, name);
        if (first == null) {
          first = map;
          for (int i = 0; i < maps.size(); i++) {
            if (distance(maps.get(i), map) < 1e-9) {
              wrong.add(representatives.get(i) + " = " + name);
            }
          }
          maps.add(map);
          representatives.add(name);
        } else if (distance(first, map) > 1e-9) {
          wrong.add(equal.iterator().next() + " is not " + name);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(maps).hasSizeGreaterThan(network.equals("series") ? 180 : 150);
  }

  private double[] map(String network, String name) {
    try (PointerScope inner = new PointerScope();
        MethodAnalyzer analyzer =
            new MethodAnalyzer(model(network), name, Networks.options(name))) {
      // Values on both sides of all thresholds; logits of about 1.
      return TensorSubject.values(analyzer.analyze(input(network), Target.classes(0, 1, 2)));
    }
  }

  private static double distance(double[] a, double[] b) {
    if (a.length != b.length) {
      return Double.POSITIVE_INFINITY;
    }
    double largest = 0;
    double gap = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.max(Math.abs(a[i]), Math.abs(b[i])));
      gap = Math.max(gap, Math.abs(a[i] - b[i]));
    }
    return largest == 0 ? 0 : gap / largest;
  }

  @Test
  void canonicalNamesMeanTheSame() {
    for (String name : List.of("LRP.z_plus_fast", "input_t_gradient_x_sign", "lrp_zplus")) {
      String canonical = MethodName.parse(name).canonical();
      assertThat(map("dense", canonical)).isEqualTo(map("dense", name));
    }
  }
}
