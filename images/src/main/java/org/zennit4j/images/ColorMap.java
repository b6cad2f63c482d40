/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A colour map in Zennit's language: colours at positions 0 to 255, linear in between. Immutable
 * and thread-safe.
 *
 * <p>A source is a list of at least two colours, separated by commas: {@code
 * 0ff,00f,80:000,f00,ff0}. A colour is {@code rgb} or {@code rrggbb} in hexadecimal digits. It may
 * have a position before it, one or two hexadecimal digits and a colon; a single digit stands for
 * two equal ones ({@code 8:} is {@code 88:}). Without a position the first colour is at 00, the
 * last one at ff, and those in between are spread evenly over the gap, rounded down. Positions must
 * not decrease. White space around an entry and one trailing comma are allowed. Values below the
 * first position have the first colour, values from the last one on the last colour.
 *
 * <p>Named maps: {@code gray}, {@code wred}, {@code wblue}, {@code hot}, {@code cold}, {@code
 * coldnhot}, {@code bwr}, {@code france}, {@code seismic}, {@code coolio}, {@code coleus}. Black in
 * the middle ({@code coldnhot}) or white in the middle ({@code bwr}) suits relevance of both signs.
 */
public final class ColorMap {
  private static final Map<String, String> SOURCES = sourcesByName();
  private static final Pattern ENTRY =
      Pattern.compile("(?:([0-9a-fA-F]{1,2}):)?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})");

  private final String source;
  private final int[] positions;
  private final int[][] colors;

  private ColorMap(String source, int[] positions, int[][] colors) {
    this.source = source;
    this.positions = positions;
    this.colors = colors;
  }

  private static Map<String, String> sourcesByName() {
    Map<String, String> map = new LinkedHashMap<>();
    map.put("gray", "000,fff");
    map.put("wred", "fff,f00");
    map.put("wblue", "fff,00f");
    map.put("hot", "000,f00,ff0,fff");
    map.put("cold", "000,00f,0ff");
    map.put("coldnhot", "0ff,00f,80:000,f00,ff0,fff");
    map.put("bwr", "00f,80:fff,f00");
    map.put("france", "0055a4,80:fff,ef4135");
    map.put("seismic", "0000d0,80:d0d0d0,d00000");
    map.put("coolio", "00d0d0,80:d0d0d0,d000d0");
    map.put("coleus", "00d000,80:d0d0d0,d000d0");
    return Collections.unmodifiableMap(map);
  }

  /**
   * The named colour maps.
   *
   * @return name to source, unmodifiable, in a fixed order
   */
  public static Map<String, String> named() {
    return SOURCES;
  }

  /**
   * Finds a named colour map or reads a source.
   *
   * @param nameOrSource such as {@code "coldnhot"} or {@code "00f,80:fff,f00"}
   * @return the colour map
   * @throws ImageException if it is neither a name nor a valid source
   */
  public static ColorMap of(String nameOrSource) {
    String known = SOURCES.get(nameOrSource);
    return known != null ? parse(known) : parse(nameOrSource);
  }

  private static ColorMap parse(String source) {
    List<String> entries = new ArrayList<>(Arrays.asList(source.split(",", -1)));
    if (entries.size() > 1 && entries.get(entries.size() - 1).isBlank()) {
      entries.remove(entries.size() - 1);
    }
    if (entries.size() == 1 && !ENTRY.matcher(source.strip()).matches()) {
      throw unknown(source);
    }
    if (entries.size() < 2) {
      throw invalid(source, "it needs at least two colours");
    }
    int n = entries.size();
    int[] positions = new int[n];
    int[][] colors = new int[n][];
    for (int i = 0; i < n; i++) {
      Matcher entry = ENTRY.matcher(entries.get(i).strip());
      if (!entry.matches()) {
        throw invalid(
            source, "\"" + entries.get(i).strip() + "\" is not like f00, ff0000 or 80:f00");
      }
      String position = entry.group(1);
      if (position != null) {
        positions[i] =
            Integer.parseInt(position.length() == 1 ? position + position : position, 16);
      } else {
        positions[i] = i == 0 ? 0 : i == n - 1 ? 255 : -1;
      }
      colors[i] = color(entry.group(2));
    }
    int last = 0;
    for (int i = 1; i < n; i++) {
      if (positions[i] >= 0) {
        for (int k = last + 1; k < i; k++) {
          positions[k] =
              positions[last] + (positions[i] - positions[last]) * (k - last) / (i - last);
        }
        if (positions[i] < positions[last]) {
          throw invalid(source, "its positions decrease");
        }
        last = i;
      }
    }
    return new ColorMap(source, positions, colors);
  }

  private static int[] color(String digits) {
    int[] color = new int[3];
    for (int c = 0; c < 3; c++) {
      color[c] =
          digits.length() == 6
              ? Integer.parseInt(digits.substring(2 * c, 2 * c + 2), 16)
              : Integer.parseInt(digits.substring(c, c + 1), 16) * 0x11;
    }
    return color;
  }

  private static ImageException invalid(String source, String why) {
    return new ImageException("invalid colour map \"" + source + "\": " + why);
  }

  private static ImageException unknown(String name) {
    String nearest = null;
    int best = 3;
    for (String known : SOURCES.keySet()) {
      int distance = distance(known, name.strip().toLowerCase(Locale.ROOT));
      if (distance < best) {
        best = distance;
        nearest = known;
      }
    }
    return new ImageException(
        String.format(
            "unknown colour map \"%s\"%s; known are %s, or give colours such as 00f,80:000,f00",
            name,
            nearest == null ? "" : ", did you mean \"" + nearest + "\"?",
            String.join(", ", SOURCES.keySet())));
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  /**
   * The source.
   *
   * @return what {@link #of} would read again
   */
  public String source() {
    return source;
  }

  /**
   * The colour of a value.
   *
   * @param value 0 is the left end of the map, 1 its right end; values beyond have the end's colour
   * @return red, green, blue; each in [0,1] up to rounding in the last bit
   * @throws ImageException if the value is NaN
   */
  public double[] apply(double value) {
    double[] rgb = new double[3];
    apply(value, rgb, 0);
    return rgb;
  }

  /**
   * The colours of several values.
   *
   * @param values as in {@link #apply(double)}; only read
   * @return {@code 3 * values.length} numbers: red, green, blue of each value
   * @throws ImageException if a value is NaN
   */
  public double[] apply(double[] values) {
    double[] rgb = new double[3 * values.length];
    for (int i = 0; i < values.length; i++) {
      apply(values[i], rgb, 3 * i);
    }
    return rgb;
  }

  private void apply(double value, double[] rgb, int at) {
    if (Double.isNaN(value)) {
      throw new ImageException("NaN has no colour");
    }
    double x = value * 255;
    int n = positions.length;
    for (int c = 0; c < 3; c++) {
      if (x < positions[0]) {
        rgb[at + c] = colors[0][c] / 255.0;
      } else if (x >= positions[n - 1]) {
        rgb[at + c] = colors[n - 1][c] / 255.0;
      } else {
        int k = 0;
        while (positions[k + 1] <= x) {
          k++;
        }
        double t = (x - positions[k]) / (positions[k + 1] - positions[k]);
        rgb[at + c] = (colors[k][c] * (1 - t) + colors[k + 1][c] * t) / 255;
      }
    }
  }

  /**
   * The map as 256 colours.
   *
   * @param level contrast around the middle of the map: above 1 the ends are reached earlier, below
   *     1 never, 0 gives the middle colour only; usually 1
   * @return 256 colours of three unsigned bytes red, green, blue
   * @throws ImageException if the level is not finite
   */
  public byte[] palette(double level) {
    if (!Double.isFinite(level)) {
      throw new ImageException("the level of a palette is a finite number, not " + level);
    }
    byte[] palette = new byte[768];
    double[] rgb = new double[3];
    for (int i = 0; i < 256; i++) {
      double x = i == 255 ? 1 : i * (2.0 / 255) - 1;
      double scaled = Math.max(-1, Math.min(1, x * level));
      apply((scaled + 1) / 2, rgb, 0);
      for (int c = 0; c < 3; c++) {
        // To twelve decimals first, so that 0.1 + 0.2 does not fall into the byte below.
        double rounded = Math.rint(rgb[c] * 255 * 1e12) / 1e12;
        palette[3 * i + c] = (byte) (int) Math.max(0, Math.min(255, rounded));
      }
    }
    return palette;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ColorMap that
        && Arrays.equals(positions, that.positions)
        && Arrays.deepEquals(colors, that.colors);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(positions) + Arrays.deepHashCode(colors);
  }

  @Override
  public String toString() {
    return source;
  }
}
