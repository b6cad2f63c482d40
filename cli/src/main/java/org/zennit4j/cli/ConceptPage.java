/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.concepts.ConceptAtlas;
import org.zennit4j.concepts.Condition;
import org.zennit4j.concepts.ConditionalAttribution;
import org.zennit4j.concepts.ConditionalOptions;
import org.zennit4j.concepts.ConditionalResult;
import org.zennit4j.concepts.ReceptiveField;
import org.zennit4j.concepts.References;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;

/** The page that shows concepts: for each its reference samples, with where it was seen. */
final class ConceptPage {
  private static final int WIDTH = 96;

  /** Pictures larger than this are cut to what the channel's neuron sees. */
  private static final int WHOLE = 64;

  private static final int[][] COLOURS = {
    {0, 114, 178},
    {213, 94, 0},
    {0, 158, 115},
    {204, 121, 167},
    {240, 190, 60},
    {106, 90, 205},
    {86, 180, 233},
    {120, 120, 120}
  };

  private final LoadedSamples data;
  private final ConditionalAttribution attribution;
  private final String layer;
  private final Labels names;
  private final int references;
  private final boolean byRelevance;
  private Page page;

  ConceptPage(
      LoadedSamples data,
      ConditionalAttribution attribution,
      String layer,
      Labels names,
      int references,
      boolean byRelevance) {
    this.data = data;
    this.attribution = attribution;
    this.layer = layer;
    this.names = names;
    this.references = references;
    this.byRelevance = byRelevance;
  }

  void begin(String model, String dataset, String composite, int samples) {
    page =
        new Page("Concepts of " + model)
            .soft(
                "Channels of layer "
                    + layer
                    + " as concepts: their relevance by "
                    + composite
                    + ", and the samples of "
                    + dataset
                    + " ("
                    + samples
                    + ") in which they have most "
                    + (byRelevance ? "relevance" : "activation")
                    + ". Below each sample: where the channel's relevance lies, red for, blue against.");
  }

  private String show(int target) {
    String name = names.name(target);
    return name != null
        ? name
        : target < data.classes().size() ? data.classes().get(target) : "class " + target;
  }

  /** A class: its concepts with their references, and its atlas. */
  void add(ConceptAtlas atlas, int[] concepts, References all) {
    page.heading(2, show(atlas.target()))
        .soft(
            "Mean relevance over "
                + atlas.samples()
                + " samples of the class; the absolute values over all channels sum to 1.");
    atlas(atlas, concepts);
    for (int i = 0; i < concepts.length; i++) {
      int channel = concepts[i];
      page.raw(
          "<h3><i style=\"display:inline-block;width:.8em;height:.8em;border-radius:2px;background:"
              + css(i)
              + "\"></i> channel "
              + channel
              + " <span class=\"soft\">"
              + Page.number(atlas.relevances()[channel])
              + "</span></h3>");
      List<String> figures = new ArrayList<>();
      int[] samples = all.samples(channel);
      int[] neurons = all.neurons(channel);
      for (int k = 0; k < Math.min(references, samples.length); k++) {
        figures.add(reference(samples[k], channel, neurons[k]));
      }
      page.row(figures);
    }
  }

  private static String css(int index) {
    int[] rgb = COLOURS[index % COLOURS.length];
    return "rgb(" + rgb[0] + "," + rgb[1] + "," + rgb[2] + ")";
  }

  /** Some samples of the class, painted with the concept that is strongest at each place. */
  private void atlas(ConceptAtlas atlas, int... concepts) {
    List<String> figures = new ArrayList<>();
    for (int sample = 0; sample < data.size() && figures.size() < references; sample++) {
      Optional<RgbImage> photo =
          data.label(sample).orElse(-1) == atlas.target() ? data.picture(sample) : Optional.empty();
      if (photo.isPresent()) {
        Tensor input = data.inputs(sample, sample + 1);
        int window = (int) Math.max(3, input.size(3) / 14 * 2 + 1);
        Tensor regions = atlas.regions(attribution, input, concepts, window, 0.25);
        figures.add(Page.figure(painted(photo.get(), regions), WIDTH, data.id(sample)));
      }
    }
    if (!figures.isEmpty()) {
      page.raw("<h3>Atlas: which of these concepts is strongest where</h3>").row(figures);
    }
  }

  private static RgbImage painted(RgbImage photo, Tensor regions) {
    long[] which = NdArray.of(regions).toLongs();
    byte[] rgb = photo.rgb();
    for (int p = 0; p < which.length && 3 * p + 2 < rgb.length; p++) {
      for (int c = 0; c < 3; c++) {
        int grey = Byte.toUnsignedInt(rgb[3 * p + c]);
        int colour = which[p] < 0 ? 255 : COLOURS[(int) (which[p] % COLOURS.length)][c];
        double share = which[p] < 0 ? 0.35 : 0.6;
        rgb[3 * p + c] = (byte) Math.round((1 - share) * grey + share * colour);
      }
    }
    return RgbImage.of(photo.width(), photo.height(), rgb);
  }

  private String reference(int sample, int channel, int neuron) {
    int target = data.label(sample).orElse(-1);
    Tensor input = data.inputs(sample, sample + 1);
    try (ConditionalResult result =
        attribution.attribute(
            input,
            List.of(Condition.y(target).with(layer, channel)),
            ConditionalOptions.defaults().withExcludeParallel(false))) {
      Tensor map = result.heatmap().select(0, 0);
      Optional<RgbImage> photo = data.picture(sample);
      if (photo.isEmpty() || map.dim() != 2) {
        return "<figure><figcaption>"
            + Page.escaped(data.id(sample) + ", " + show(target))
            + "</figcaption></figure>";
      }
      double[] values = NdArray.of(map).toDoubles();
      ReceptiveField.Box box = box(input, channel, neuron, photo.get());
      RgbImage seen = cut(photo.get(), box);
      Heatmap heat =
          Heatmap.of(cut(values, photo.get().width(), box), box.width(), box.height())
              .withColorMap(ColorMap.of("bwr"))
              .withSymmetric(true);
      String first = Page.figure(seen, WIDTH, show(target));
      String second = Page.figure(heat.overlay(seen, 0.75), WIDTH, data.id(sample));
      return "<figure>" + first + "<br>" + second + "</figure>";
    }
  }

  /** The whole of a small picture; of a large one a square around what the neuron sees. */
  private ReceptiveField.Box box(Tensor input, int channel, int neuron, RgbImage photo) {
    int width = photo.width();
    int height = photo.height();
    if (Math.max(width, height) <= WHOLE) {
      return new ReceptiveField.Box(0, 0, width, height);
    }
    Tensor field =
        ReceptiveField.heatmaps(attribution, input, layer, new int[] {channel}, new int[] {neuron});
    ReceptiveField.Box tight = ReceptiveField.box(field.select(0, 0), 0.02);
    int side =
        Math.min(
            Math.min(width, height), Math.max(WHOLE, Math.max(tight.width(), tight.height()) + 8));
    int left = Math.max(0, Math.min(width - side, tight.left() + (tight.width() - side) / 2));
    int top = Math.max(0, Math.min(height - side, tight.top() + (tight.height() - side) / 2));
    return new ReceptiveField.Box(left, top, side, side);
  }

  private static RgbImage cut(RgbImage photo, ReceptiveField.Box box) {
    byte[] rgb = photo.rgb();
    byte[] part = new byte[3 * box.width() * box.height()];
    for (int row = 0; row < box.height(); row++) {
      System.arraycopy(
          rgb,
          3 * ((box.top() + row) * photo.width() + box.left()),
          part,
          3 * row * box.width(),
          3 * box.width());
    }
    return RgbImage.of(box.width(), box.height(), part);
  }

  private static double[] cut(double[] values, int width, ReceptiveField.Box box) {
    double[] part = new double[box.width() * box.height()];
    for (int row = 0; row < box.height(); row++) {
      int from = (box.top() + row) * width + box.left();
      System.arraycopy(
          Arrays.copyOfRange(values, from, from + box.width()),
          0,
          part,
          row * box.width(),
          box.width());
    }
    return part;
  }

  String html() {
    return page.html();
  }
}
