/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.composites.Plan;
import org.zennit4j.diagnosis.Conservation;
import org.zennit4j.graph.Layer;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Picture;
import org.zennit4j.pages.ClassesSection;
import org.zennit4j.pages.ConservationSection;
import org.zennit4j.pages.HeatmapsSection.HeatmapImage;
import org.zennit4j.pages.Png;
import org.zennit4j.pages.TableSection;
import org.zennit4j.requests.NdArray;
import org.zennit4j.rules.Rule;

/** Parts of pages that several commands write. */
final class PageSections {
  private PageSections() {}

  /** The likely classes. */
  static ClassesSection classes(TopClasses classes, int count, Labels names) {
    return new ClassesSection(
        classes.top(count).stream()
            .map(c -> new ClassesSection.Row(names.show(c.index()), c.probability()))
            .toList());
  }

  /** A heatmap with its scale. */
  static HeatmapImage heatmap(String title, Heatmap map) {
    double end = Math.max(Math.abs(map.low()), Math.abs(map.high()));
    return new HeatmapImage(title, png(map.picture()), png(map.scale()), -end, end);
  }

  static Png png(Picture picture) {
    return Png.of(picture.toPng());
  }

  /** Which layer has which rule. */
  static TableSection rules(Plan plan) {
    List<Layer> layers = new ArrayList<>(plan.program().layers());
    layers.addAll(plan.program().functionalLayers());
    List<List<String>> rows = new ArrayList<>();
    for (Layer layer : layers) {
      Rule rule = plan.rules().get(layer.name());
      if (rule != null || (layer.leaf() && !layer.functional())) {
        String name = layer.className();
        rows.add(
            List.of(
                layer.name().isEmpty() ? "(model)" : layer.name(),
                name.substring(name.lastIndexOf('.') + 1),
                rule == null ? "none" : InspectCommand.ruleText(rule)));
      }
    }
    return new TableSection("Layers and rules", List.of("layer", "class", "rule"), rows);
  }

  /** Layers with a rule or parameters, from the output on. */
  static ConservationSection conservation(Conservation conservation, Plan plan) {
    Map<String, ConservationSection.Row> rows = new LinkedHashMap<>();
    List<Conservation.Row> all = conservation.rows();
    for (int i = all.size() - 1; i >= 0; i--) {
      Conservation.Row row = all.get(i);
      boolean shown = row.layer().isEmpty() || plan.rules().containsKey(row.layer());
      if (shown) {
        String name = row.layer() + (row.call() > 0 ? "#" + row.call() : "");
        rows.put(name, new ConservationSection.Row(name, row.arrives(), row.passes()));
      }
    }
    return new ConservationSection(List.copyOf(rows.values()));
  }

  /** The values of a series, channels added up. */
  static double[] series(Tensor tensor) {
    NdArray array = NdArray.of(tensor);
    long[] shape = array.shape();
    int length = (int) shape[shape.length - 1];
    double[] values = array.toDoubles();
    return IntStream.range(0, length)
        .mapToDouble(
            i -> {
              double sum = 0;
              for (int k = i; k < values.length; k += length) {
                sum += values[k];
              }
              return sum;
            })
        .toArray();
  }
}
