/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import org.zennit4j.bindings.ShapeException;

/** A tensor has not as many dimensions as a canonizer counted on. */
final class DimensionsException extends ShapeException {
  private static final long serialVersionUID = 1L;

  private final int call;
  private final int dimensions;

  DimensionsException(int call, int dimensions, String message) {
    super(message);
    this.call = call;
    this.dimensions = dimensions;
  }

  /** The call that counted on another number. */
  int call() {
    return call;
  }

  /** How many there are. */
  int dimensions() {
    return dimensions;
  }

  /** The one that led to an exception, or null. */
  static DimensionsException in(Throwable thrown) {
    Throwable cause = thrown;
    while (cause != null && !(cause instanceof DimensionsException)) {
      cause = cause.getCause();
    }
    return (DimensionsException) cause;
  }
}
