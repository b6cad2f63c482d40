/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;

/**
 * Where the axis of a linear layer's outputs goes on the way to a normalisation: through operators
 * that only move axes or put axes together.
 *
 * @param rank the number of dimensions
 * @param axis which of them is the axis of the layer's outputs, counted from 0
 */
record ChannelAxis(int rank, int axis) {
  /** No network has tensors of more dimensions. */
  private static final int MOST = 8;

  /** A batch normalisation works on the axis behind the batch. */
  private static final int NORMALIZED = 1;

  /** Any number of dimensions. */
  static final int ANY = 0;

  /** No number of dimensions. */
  static final int NEVER = -1;

  /** Whether an operator is one whose effect on axes is known. */
  static boolean follows(Region operator) {
    return switch (name(operator)) {
      case "transpose",
          "swapaxes",
          "swapdims",
          "t",
          "permute",
          "flatten",
          "unsqueeze",
          "reshape",
          "view",
          "contiguous",
          "clone" ->
          true;
      default -> false;
    };
  }

  private static String name(Region operator) {
    return Operators.of(operator).name();
  }

  /**
   * How many dimensions a normalisation's input must have for its channels to be the outputs of the
   * linear layer before it, whatever the number of dimensions of that layer's output.
   *
   * @param convolution the dimensions of a convolution's weight, 0 for a matrix product
   * @param channels how many outputs the layer has
   * @param path the operators between the two, in order
   * @return the number, {@link #ANY} if it does not matter, {@link #NEVER} if they never agree
   */
  static int dimensions(int convolution, long channels, List<Region> path) {
    List<ChannelAxis> ends = new ArrayList<>();
    for (int rank = 1; rank <= MOST; rank++) {
      boolean sample = rank == convolution - 1;
      if (convolution > 0 && rank != convolution && !sample) {
        continue;
      }
      // A convolution of a single sample has its channels in front.
      int axis = convolution == 0 ? rank - 1 : sample ? 0 : 1;
      ChannelAxis end = new ChannelAxis(rank, axis);
      for (Region operator : path) {
        end = end == null ? null : end.after(operator, channels);
      }
      if (end != null) {
        ends.add(end);
      }
    }
    if (!ends.isEmpty() && ends.stream().allMatch(end -> end.axis == NORMALIZED)) {
      return ANY;
    }
    return ends.stream()
        .mapToInt(ChannelAxis::rank)
        .filter(rank -> ends.stream().allMatch(end -> end.rank != rank || end.axis == NORMALIZED))
        .findFirst()
        .orElse(NEVER);
  }

  /** The axis behind an operator, or null where it is lost or the operator cannot run. */
  private ChannelAxis after(Region operator, long channels) {
    return switch (name(operator)) {
      case "contiguous", "clone" -> this;
      case "transpose" -> swapped(operator, "dim0", "dim1");
      case "swapaxes" -> swapped(operator, "axis0", "axis1");
      case "swapdims" -> swapped(operator, "dim0", "dim1");
      case "t" -> rank == 2 ? new ChannelAxis(2, 1 - axis) : null;
      case "permute" -> permuted(operator.integers("dims").orElse(List.of()));
      case "flatten" -> flattened(operator);
      case "unsqueeze" -> unsqueezed(operator);
      case "reshape" -> reshaped(operator.integers("shape").orElse(List.of()), channels);
      case "view" -> reshaped(operator.integers("size").orElse(List.of()), channels);
      default -> null;
    };
  }

  /** An axis among a number of them, given from either end, or -1. */
  private static int position(Region operator, String argument, int count) {
    OptionalDouble number = operator.number(argument);
    return number.isEmpty() ? -1 : position((long) number.getAsDouble(), count);
  }

  private static int position(long number, int count) {
    long position = number < 0 ? number + count : number;
    return position >= 0 && position < count ? (int) position : -1;
  }

  private ChannelAxis swapped(Region operator, String first, String second) {
    int a = position(operator, first, rank);
    int b = position(operator, second, rank);
    if (a < 0 || b < 0) {
      return null;
    }
    return new ChannelAxis(rank, axis == a ? b : axis == b ? a : axis);
  }

  private ChannelAxis permuted(List<Long> order) {
    for (int i = 0; order.size() == rank && i < rank; i++) {
      if (position(order.get(i), rank) == axis) {
        return new ChannelAxis(rank, i);
      }
    }
    return null;
  }

  private ChannelAxis flattened(Region operator) {
    int start = position(operator, "start_dim", rank);
    int end = position(operator, "end_dim", rank);
    boolean mixed = start < end && axis >= start && axis <= end;
    if (start < 0 || end < start || mixed) {
      return null;
    }
    return new ChannelAxis(rank - (end - start), axis > end ? axis - (end - start) : axis);
  }

  private ChannelAxis unsqueezed(Region operator) {
    int at = position(operator, "dim", rank + 1);
    return at < 0 ? null : new ChannelAxis(rank + 1, at <= axis ? axis + 1 : axis);
  }

  /** A last axis of unchanged size stays itself, whatever becomes of those before it. */
  private ChannelAxis reshaped(List<Long> shape, long channels) {
    int last = shape.size() - 1;
    return last >= 0 && axis == rank - 1 && shape.get(last) == channels
        ? new ChannelAxis(last + 1, last)
        : null;
  }
}
