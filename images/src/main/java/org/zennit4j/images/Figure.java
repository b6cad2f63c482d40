/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/**
 * A picture to hand out: on white, with a title above it and a colour bar with numbers below. Drawn
 * with AWT, which needs no display, but a font on the machine. Immutable and thread-safe.
 *
 * <pre>{@code
 * Figure.of(heatmap.highlight(photo, preprocessing.region(photo), 0.9))
 *     .withTitle("tiger cat 62.1 %", "epsilon_plus_flat")
 *     .withColorBar(heatmap.highlightScale(0.9), -heatmap.maxAbs(), heatmap.maxAbs())
 *     .draw();
 * }</pre>
 */
public final class Figure {
  private static final int MARGIN = 10;
  private static final int BAR_HEIGHT = 12;
  private static final int SMALLEST_WIDTH = 240;

  private final Picture picture;
  private final List<String> title;
  private final Bar bar;

  private record Bar(Picture scale, double low, double high) {}

  private Figure(Picture picture, List<String> title, Bar bar) {
    this.picture = picture;
    this.title = title;
    this.bar = bar;
  }

  /**
   * A picture without title and colour bar.
   *
   * @param picture of any size; shown pixel by pixel, small ones enlarged by a whole number
   * @return the figure
   */
  public static Figure of(Picture picture) {
    return new Figure(picture, List.of(), null);
  }

  /**
   * Sets the title: the first line is larger. Lines that are too long get a smaller font, then an
   * ellipsis.
   *
   * @param lines of text
   * @return a changed copy
   */
  public Figure withTitle(String... lines) {
    return new Figure(picture, List.of(lines), bar);
  }

  /**
   * Adds a bar with the colours of a map and what its ends and its middle stand for.
   *
   * @param scale the colours from left to right, such as {@link Heatmap#scale}
   * @param low what its left end stands for
   * @param high what its right end stands for
   * @return a changed copy
   */
  public Figure withColorBar(Picture scale, double low, double high) {
    return new Figure(picture, title, new Bar(scale, low, high));
  }

  /**
   * Draws the figure.
   *
   * @return the picture
   * @throws ImageException if there is no font, or the picture is too large
   */
  public RgbImage draw() {
    int shorter = Math.min(picture.width(), picture.height());
    int factor = Math.max(1, (160 + shorter - 1) / shorter);
    long shownWidth = (long) picture.width() * factor;
    long shownHeight = (long) picture.height() * factor;
    // Text grows with the picture: a photograph of a camera is 4000 pixels wide.
    int font = (int) Math.max(13, Math.min(72, shownWidth / 32));
    long width = Math.max(SMALLEST_WIDTH, shownWidth) + 2 * MARGIN;
    int line = font * 3 / 2;
    int head = title.isEmpty() ? 0 : title.size() * line + MARGIN / 2;
    int foot = bar == null ? 0 : MARGIN + BAR_HEIGHT * font / 13 + line;
    long height = MARGIN + head + shownHeight + foot + MARGIN;
    if (width * height > 1L << 27) {
      throw new ImageException("a figure of " + width + "x" + height + " pixels is too large");
    }
    BufferedImage sheet = new BufferedImage((int) width, (int) height, BufferedImage.TYPE_INT_RGB);
    // A Java runtime without fonts or without AWT's libraries throws errors of many kinds here.
    try {
      Graphics2D graphics = sheet.createGraphics();
      try {
        graphics.setRenderingHint(
            RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        int room = (int) width - 2 * MARGIN;
        for (int i = 0; i < title.size(); i++) {
          int size = i == 0 ? font : font * 4 / 5;
          graphics.setColor(new Color(i == 0 ? 0x202020 : 0x606060));
          int style = i == 0 ? Font.BOLD : Font.PLAIN;
          text(graphics, title.get(i), style, size, MARGIN, MARGIN + i * line + font, room, 0);
        }
        int left = (int) (width - shownWidth) / 2;
        BufferedImage image = buffered(picture);
        int top = MARGIN + head;
        graphics.drawImage(image, left, top, (int) shownWidth, (int) shownHeight, null);
        if (bar != null) {
          colorBar(graphics, top + (int) shownHeight + MARGIN, room, font);
        }
      } finally {
        graphics.dispose();
      }
    } catch (RuntimeException | Error e) {
      throw Panels.noAwt(e);
    }
    return Panels.read(sheet);
  }

  private void colorBar(Graphics2D graphics, int top, int room, int font) {
    int height = BAR_HEIGHT * font / 13;
    graphics.drawImage(buffered(bar.scale()), MARGIN, top, room, height, null);
    graphics.setColor(new Color(0x606060));
    int size = font * 4 / 5;
    int baseline = top + height + size + 3;
    double low = bar.low();
    double high = bar.high();
    int part = room / 3;
    text(graphics, number(low), Font.PLAIN, size, MARGIN, baseline, part, 0);
    text(graphics, number((low + high) / 2), Font.PLAIN, size, MARGIN + part, baseline, part, 1);
    text(graphics, number(high), Font.PLAIN, size, MARGIN + room - part, baseline, part, 2);
  }

  /** Three digits, such as -0.0123, 4.5, 1.2e-08. */
  private static String number(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    if (size < 1e-4 || size >= 1e5) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
    String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
    return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
  }

  /** Text at the left (0), in the middle (1) or at the right (2) of its room. */
  private static void text(
      Graphics2D graphics,
      String text,
      int style,
      int size,
      int x,
      int baseline,
      int room,
      int at) {
    int fitting = size;
    FontMetrics metrics = metrics(graphics, style, fitting);
    while (metrics.stringWidth(text) > room && fitting > Math.max(9, size * 2 / 3)) {
      metrics = metrics(graphics, style, --fitting);
    }
    String shown = text;
    for (int n = text.length(); metrics.stringWidth(shown) > room && n > 1; n--) {
      shown = text.substring(0, n - 1) + "…";
    }
    int free = Math.max(0, room - metrics.stringWidth(shown));
    graphics.drawString(shown, x + free * at / 2, baseline);
  }

  private static FontMetrics metrics(Graphics2D graphics, int style, int size) {
    graphics.setFont(new Font(Font.SANS_SERIF, style, size));
    return graphics.getFontMetrics();
  }

  static BufferedImage buffered(Picture picture) {
    RgbImage image = picture.toRgb();
    byte[] rgb = image.pixels();
    BufferedImage out =
        new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
    for (int i = 0, y = 0; y < image.height(); y++) {
      for (int x = 0; x < image.width(); x++, i += 3) {
        out.setRGB(x, y, (rgb[i] & 0xff) << 16 | (rgb[i + 1] & 0xff) << 8 | (rgb[i + 2] & 0xff));
      }
    }
    return out;
  }
}
