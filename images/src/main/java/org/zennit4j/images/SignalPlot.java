/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;

/**
 * A series drawn as a line that is coloured by its relevance. Immutable.
 *
 * <p>The strongest relevance has the colour at the end of the map, zero the one in its middle.
 */
public final class SignalPlot {
  private static final int WIDTH = 960;
  private static final int HEIGHT = 320;
  private static final int MARGIN = 12;

  private final double[] values;
  private final double[] relevance;
  private final ColorMap colors;

  private SignalPlot(double[] values, double[] relevance, ColorMap colors) {
    this.values = values;
    this.relevance = relevance;
    this.colors = colors;
  }

  /**
   * Makes a plot with blue for what speaks against and red for what speaks for the class.
   *
   * @param values in the order of time, two or more
   * @param relevance as many
   * @return the plot
   * @throws ImageException if they are too few, not equally many or not finite
   */
  public static SignalPlot of(double[] values, double[] relevance) {
    if (values.length < 2 || values.length != relevance.length) {
      throw new ImageException(
          "a plot needs two values or more and as many relevances, not "
              + values.length
              + " and "
              + relevance.length);
    }
    if (!Arrays.stream(values).allMatch(Double::isFinite)
        || !Arrays.stream(relevance).allMatch(Double::isFinite)) {
      throw new ImageException("NaN and infinity cannot be plotted");
    }
    return new SignalPlot(values.clone(), relevance.clone(), ColorMap.of("00f,80:c8c8c8,f00"));
  }

  /**
   * Changes the colours.
   *
   * @param map its middle stands for zero
   * @return a changed copy
   */
  public SignalPlot withColorMap(ColorMap map) {
    return new SignalPlot(values, relevance, map);
  }

  /**
   * Draws the plot.
   *
   * @return the picture, 960 to 320 pixels
   * @throws ImageException if there is no AWT
   */
  public RgbImage draw() {
    BufferedImage sheet = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    // A Java runtime without AWT's libraries throws errors of many kinds here.
    try {
      Graphics2D graphics = sheet.createGraphics();
      try {
        graphics.setRenderingHint(
            RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, WIDTH, HEIGHT);
        graphics.setStroke(new BasicStroke(3, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        line(graphics);
      } finally {
        graphics.dispose();
      }
    } catch (RuntimeException | Error e) {
      throw Panels.noAwt(e);
    }
    return Panels.read(sheet);
  }

  private void line(Graphics2D graphics) {
    double low = Arrays.stream(values).min().orElse(0);
    double high = Arrays.stream(values).max().orElse(1);
    double range = high > low ? high - low : 1;
    double strongest = Arrays.stream(relevance).map(Math::abs).max().orElse(0);
    for (int i = 1; i < values.length; i++) {
      double share = strongest == 0 ? 0 : relevance[i] / strongest;
      double[] rgb = colors.apply((share + 1) / 2);
      graphics.setColor(new Color((float) rgb[0], (float) rgb[1], (float) rgb[2]));
      graphics.draw(
          new Line2D.Double(
              x(i - 1), y((values[i - 1] - low) / range), x(i), y((values[i] - low) / range)));
    }
  }

  private double x(int i) {
    return MARGIN + (WIDTH - 2.0 * MARGIN) * i / (values.length - 1);
  }

  private static double y(double share) {
    return HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * share;
  }
}
