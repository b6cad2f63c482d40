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
import java.util.ArrayList;
import java.util.List;

/**
 * Several pictures side by side on white, each with a title above it. Immutable and thread-safe;
 * each {@code with} method returns a changed copy.
 *
 * <pre>{@code
 * Panels.empty()
 *     .with("tiger cat", photo)
 *     .with("epsilon_plus", heatmap.picture())
 *     .draw()
 *     .writePng(file);
 * }</pre>
 *
 * <p>Titles are drawn with AWT, which needs no display (run with {@code java.awt.headless=true}),
 * but a font on the machine.
 */
public final class Panels {
  private static final int PADDING = 8;
  private static final int LARGEST_FONT = 14;
  private static final int SMALLEST_FONT = 10;

  private record Panel(List<String> title, Picture picture) {}

  private final List<Panel> panels;
  private final int columns;
  private final int minimumSide;

  private Panels(List<Panel> panels, int columns, int minimumSide) {
    this.panels = panels;
    this.columns = columns;
    this.minimumSide = minimumSide;
  }

  /**
   * No pictures yet, all in one row, small ones enlarged to a shorter side of at least 160 pixels.
   *
   * @return an empty sheet
   */
  public static Panels empty() {
    return new Panels(List.of(), 0, 160);
  }

  /**
   * Appends a picture.
   *
   * @param title text above it; a line break starts a new line; empty for none
   * @param picture of any size
   * @return a changed copy
   */
  public Panels with(String title, Picture picture) {
    List<Panel> longer = new ArrayList<>(panels);
    List<String> lines = title.isBlank() ? List.of() : List.of(title.strip().split("\\R"));
    longer.add(new Panel(lines, picture));
    return new Panels(List.copyOf(longer), columns, minimumSide);
  }

  /**
   * Sets after how many pictures a new row starts.
   *
   * @param newColumns at least 1
   * @return a changed copy
   * @throws ImageException if it is less than 1
   */
  public Panels withColumns(int newColumns) {
    if (newColumns < 1) {
      throw new ImageException("panels have at least one column, not " + newColumns);
    }
    return new Panels(panels, newColumns, minimumSide);
  }

  /**
   * Sets how small a picture may be shown: smaller ones are enlarged by a whole number, pixels
   * becoming squares.
   *
   * @param pixels of the shorter side; 1 for no enlargement
   * @return a changed copy
   * @throws ImageException if it is less than 1 or more than 4096
   */
  public Panels withMinimumSide(int pixels) {
    if (pixels < 1 || pixels > 4096) {
      throw new ImageException("the smallest side is 1 to 4096 pixels, not " + pixels);
    }
    return new Panels(panels, columns, pixels);
  }

  /**
   * Draws the sheet. Titles that are too long get a smaller font, then an ellipsis.
   *
   * @return the picture
   * @throws ImageException if there is no picture, or no font for the titles
   */
  public RgbImage draw() {
    if (panels.isEmpty()) {
      throw new ImageException("there is no picture to draw");
    }
    List<BufferedImage> pictures = new ArrayList<>();
    int cellWidth = 0;
    int cellHeight = 0;
    int lines = 0;
    for (Panel panel : panels) {
      BufferedImage picture = enlarge(panel.picture());
      pictures.add(picture);
      cellWidth = Math.max(cellWidth, picture.getWidth());
      cellHeight = Math.max(cellHeight, picture.getHeight());
      lines = Math.max(lines, panel.title().size());
    }
    int across = columns == 0 ? panels.size() : Math.min(columns, panels.size());
    int down = (panels.size() + across - 1) / across;
    int lineHeight = LARGEST_FONT + 4;
    int titleHeight = lines * lineHeight;
    long width = PADDING + (long) across * (cellWidth + PADDING);
    long height = PADDING + (long) down * (titleHeight + cellHeight + PADDING);
    if (width * height > 1L << 27) {
      throw new ImageException("panels of " + width + "x" + height + " pixels are too large");
    }
    BufferedImage sheet = new BufferedImage((int) width, (int) height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = graphics(sheet);
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
      graphics.setColor(new Color(0x202020));
      for (int i = 0; i < panels.size(); i++) {
        int x = PADDING + i % across * (cellWidth + PADDING);
        int y = PADDING + i / across * (titleHeight + cellHeight + PADDING);
        List<String> title = panels.get(i).title();
        // Titles of fewer lines stand right above their picture.
        int top = y + titleHeight - title.size() * lineHeight;
        for (int k = 0; k < title.size(); k++) {
          drawTitle(
              graphics,
              title.get(k).strip(),
              x,
              top + k * lineHeight + LARGEST_FONT - 1,
              cellWidth);
        }
        BufferedImage picture = pictures.get(i);
        int indent = (cellWidth - picture.getWidth()) / 2;
        graphics.drawImage(picture, x + indent, y + titleHeight, null);
      }
    } finally {
      graphics.dispose();
    }
    return read(sheet);
  }

  private BufferedImage enlarge(Picture picture) {
    RgbImage image = picture.toRgb();
    byte[] rgb = image.pixels();
    int shorter = Math.min(image.width(), image.height());
    int factor = Math.max(1, (minimumSide + shorter - 1) / shorter);
    if ((long) image.width() * image.height() * factor * factor > 1L << 27) {
      throw new ImageException(image + " is too large to be enlarged");
    }
    int width = image.width() * factor;
    int height = image.height() * factor;
    BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int at = 3 * (y / factor * image.width() + x / factor);
        int red = rgb[at] & 0xff;
        int green = rgb[at + 1] & 0xff;
        out.setRGB(x, y, red << 16 | green << 8 | (rgb[at + 2] & 0xff));
      }
    }
    return out;
  }

  private static Graphics2D graphics(BufferedImage sheet) {
    try {
      Graphics2D graphics = sheet.createGraphics();
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      return graphics;
    } catch (RuntimeException | Error e) {
      throw noAwt(e);
    }
  }

  private static void drawTitle(Graphics2D graphics, String title, int x, int baseline, int width) {
    // A Java runtime without fonts or without AWT's libraries throws errors of many kinds here.
    try {
      int size = LARGEST_FONT;
      FontMetrics metrics = setFont(graphics, size);
      while (metrics.stringWidth(title) > width && size > SMALLEST_FONT) {
        metrics = setFont(graphics, --size);
      }
      String text = title;
      int length = title.length();
      while (metrics.stringWidth(text) > width && length > 1) {
        text = title.substring(0, --length) + "…";
      }
      graphics.drawString(text, x + Math.max(0, (width - metrics.stringWidth(text)) / 2), baseline);
    } catch (RuntimeException | Error e) {
      throw noAwt(e);
    }
  }

  private static FontMetrics setFont(Graphics2D graphics, int size) {
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, size));
    return graphics.getFontMetrics();
  }

  static ImageException noAwt(Throwable cause) {
    return new ImageException(
        "cannot draw titles: run with -Djava.awt.headless=true and install a font and fontconfig"
            + " (Debian: fonts-dejavu-core, fontconfig)",
        cause);
  }

  static RgbImage read(BufferedImage sheet) {
    int width = sheet.getWidth();
    int height = sheet.getHeight();
    int[] packed = sheet.getRGB(0, 0, width, height, null, 0, width);
    byte[] rgb = new byte[3 * packed.length];
    for (int i = 0; i < packed.length; i++) {
      rgb[3 * i] = (byte) (packed[i] >> 16);
      rgb[3 * i + 1] = (byte) (packed[i] >> 8);
      rgb[3 * i + 2] = (byte) packed[i];
    }
    return RgbImage.wrap(width, height, rgb);
  }
}
