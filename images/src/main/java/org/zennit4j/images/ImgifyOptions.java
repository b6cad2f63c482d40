/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The arguments of {@link Images#imgify}: Zennit's, with Zennit's defaults. Immutable and
 * thread-safe; each {@code with} method returns a changed copy.
 */
public final class ImgifyOptions {
  /** No bounds, not symmetric, colour map {@code bwr}, level 1, no grid. */
  public static final ImgifyOptions DEFAULT =
      new ImgifyOptions(null, null, ColorMap.of("bwr"), 1, false, false, 0, 0, null);

  private final Double vmin;
  private final Double vmax;
  private final ColorMap colorMap;
  private final double level;
  private final boolean symmetric;
  private final boolean grid;
  private final int gridRows;
  private final int gridColumns;
  private final Integer gridFill;

  private ImgifyOptions(
      Double vmin,
      Double vmax,
      ColorMap colorMap,
      double level,
      boolean symmetric,
      boolean grid,
      int gridRows,
      int gridColumns,
      Integer gridFill) {
    if (vmin != null && vmax != null && !(vmin < vmax)) {
      throw new ImageException("vmin " + vmin + " is not below vmax " + vmax);
    }
    this.vmin = vmin;
    this.vmax = vmax;
    this.colorMap = colorMap;
    this.level = level;
    this.symmetric = symmetric;
    this.grid = grid;
    this.gridRows = gridRows;
    this.gridColumns = gridColumns;
    this.gridFill = gridFill;
  }

  /**
   * Fixes the value that becomes the left end of the colour map.
   *
   * @param value finite; smaller values have the end's colour
   * @return a changed copy
   * @throws ImageException if it is not finite or not below vmax
   */
  public ImgifyOptions withVmin(double value) {
    return new ImgifyOptions(
        finite("vmin", value),
        vmax,
        colorMap,
        level,
        symmetric,
        grid,
        gridRows,
        gridColumns,
        gridFill);
  }

  /**
   * Fixes the value that becomes the right end of the colour map.
   *
   * @param value finite; larger values have the end's colour
   * @return a changed copy
   * @throws ImageException if it is not finite or not above vmin
   */
  public ImgifyOptions withVmax(double value) {
    return new ImgifyOptions(
        vmin,
        finite("vmax", value),
        colorMap,
        level,
        symmetric,
        grid,
        gridRows,
        gridColumns,
        gridFill);
  }

  /**
   * Sets the colour map of pictures with one channel.
   *
   * @param map the colour map
   * @return a changed copy
   */
  public ImgifyOptions withColorMap(ColorMap map) {
    return new ImgifyOptions(
        vmin, vmax, map, level, symmetric, grid, gridRows, gridColumns, gridFill);
  }

  /**
   * Sets the level of the palette, see {@link ColorMap#palette}.
   *
   * @param newLevel finite
   * @return a changed copy
   * @throws ImageException if it is not finite
   */
  public ImgifyOptions withLevel(double newLevel) {
    return new ImgifyOptions(
        vmin,
        vmax,
        colorMap,
        finite("level", newLevel),
        symmetric,
        grid,
        gridRows,
        gridColumns,
        gridFill);
  }

  /**
   * Chooses the bounds where vmin or vmax is not set: symmetric ones are minus and plus the largest
   * absolute value, others the smallest and the largest value.
   *
   * @param newSymmetric whether zero is in the middle of the colour map
   * @return a changed copy
   */
  public ImgifyOptions withSymmetric(boolean newSymmetric) {
    return new ImgifyOptions(
        vmin, vmax, colorMap, level, newSymmetric, grid, gridRows, gridColumns, gridFill);
  }

  /**
   * Takes the first axis for samples that are laid out in a grid of the default shape: as many
   * columns as the square root of their number, rounded down, and as many rows as are needed. Each
   * sample is normalized on its own.
   *
   * @return a changed copy
   */
  public ImgifyOptions withGrid() {
    return new ImgifyOptions(vmin, vmax, colorMap, level, symmetric, true, 0, 0, gridFill);
  }

  /**
   * As {@link #withGrid()}, in a grid of the given shape. Samples that find no place are left out.
   *
   * @param rows at least 1
   * @param columns at least 1
   * @return a changed copy
   * @throws ImageException if a number is less than 1
   */
  public ImgifyOptions withGrid(int rows, int columns) {
    if (rows < 1 || columns < 1) {
      throw new ImageException(
          "a grid has at least one row and column, not " + rows + "x" + columns);
    }
    return new ImgifyOptions(vmin, vmax, colorMap, level, symmetric, true, rows, columns, gridFill);
  }

  /**
   * Sets the byte (palette index or colour value) of empty places in the grid; by default it is the
   * smallest one that occurs in each channel.
   *
   * @param value 0 to 255
   * @return a changed copy
   * @throws ImageException if it is out of range
   */
  public ImgifyOptions withGridFill(int value) {
    if (value < 0 || value > 255) {
      throw new ImageException("the grid's fill is a byte from 0 to 255, not " + value);
    }
    return new ImgifyOptions(
        vmin, vmax, colorMap, level, symmetric, grid, gridRows, gridColumns, value);
  }

  private static double finite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new ImageException(name + " is a finite number, not " + value);
    }
    return value;
  }

  /**
   * The lower bound.
   *
   * @return vmin, or empty where the values decide
   */
  public OptionalDouble vmin() {
    return vmin == null ? OptionalDouble.empty() : OptionalDouble.of(vmin);
  }

  /**
   * The upper bound.
   *
   * @return vmax, or empty where the values decide
   */
  public OptionalDouble vmax() {
    return vmax == null ? OptionalDouble.empty() : OptionalDouble.of(vmax);
  }

  /**
   * The colour map.
   *
   * @return the colour map of pictures with one channel
   */
  public ColorMap colorMap() {
    return colorMap;
  }

  /**
   * The level.
   *
   * @return the level of the palette
   */
  public double level() {
    return level;
  }

  /**
   * The symmetry.
   *
   * @return whether zero is in the middle of the colour map
   */
  public boolean symmetric() {
    return symmetric;
  }

  /**
   * Whether the first axis holds samples.
   *
   * @return true if there is a grid
   */
  public boolean grid() {
    return grid;
  }

  int gridRows() {
    return gridRows;
  }

  int gridColumns() {
    return gridColumns;
  }

  /**
   * The fill of empty places.
   *
   * @return a byte, or empty for the smallest one that occurs in each channel
   */
  public OptionalInt gridFill() {
    return gridFill == null ? OptionalInt.empty() : OptionalInt.of(gridFill);
  }
}
