/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.zennit4j.analyzers.Analyzer;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.RelevanceMaps;
import org.zennit4j.model.ScriptModel;

/** Which samples of a heartbeat speak for the class? The signal, coloured by its relevance. */
public final class EcgRelevance {
  private static final String METHOD = "lrpz_epsilon_0_25_std_x";

  /** Blue speaks against the class, red for it. */
  private static final ColorMap COLORS = ColorMap.of("00f,80:c8c8c8,f00");

  private EcgRelevance() {}

  /**
   * Writes a plot.
   *
   * @param args the ECG network, a text file of one value a line, the picture to write
   * @throws IOException if a file cannot be read or written
   */
  public static void main(String[] args) throws IOException {
    System.setProperty("java.awt.headless", "true");
    LibTorch.load();
    double[] beat =
        Files.readAllLines(Path.of(args[1])).stream().mapToDouble(Double::parseDouble).toArray();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Analyzer method = new MethodAnalyzer(model, METHOD);
        Attribution a = method.attribute(Tensor.create(beat).view(1, 1, beat.length))) {
      int found = Target.topClasses(a.output())[0];
      String title = (found == 1 ? "wide" : "narrow") + " QRS, " + METHOD;
      double[] relevance = values(RelevanceMaps.normalizeEcg(a.relevance()));
      BitmapEncoder.saveBitmap(plot(title, beat, relevance), args[2], BitmapFormat.PNG);
      System.out.println(title);
    }
  }

  private static double[] values(Tensor tensor) {
    double[] values = new double[(int) tensor.numel()];
    try (DoublePointer pointer = tensor.to(ScalarType.Double).contiguous().data_ptr_double()) {
      pointer.get(values);
    }
    return values;
  }

  private static XYChart plot(String title, double[] signal, double[] relevance) {
    XYChart chart =
        new XYChartBuilder()
            .width(800)
            .height(360)
            .title(title)
            .xAxisTitle("sample (360 a second)")
            .yAxisTitle("mV")
            .build();
    chart.getStyler().setLegendVisible(false).setChartBackgroundColor(Color.WHITE);
    for (int i = 1; i < signal.length; i++) {
      XYSeries piece =
          chart.addSeries(
              String.valueOf(i), new double[] {i - 1, i}, new double[] {signal[i - 1], signal[i]});
      double[] rgb = COLORS.apply((relevance[i] + 1) / 2);
      piece.setLineColor(new Color((float) rgb[0], (float) rgb[1], (float) rgb[2]));
      piece.setLineStyle(new BasicStroke(3, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
      piece.setMarker(SeriesMarkers.NONE);
    }
    return chart;
  }
}
