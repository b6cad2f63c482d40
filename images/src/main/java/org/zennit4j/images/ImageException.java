/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

/**
 * Says in one line what is wrong with an image, an array or an argument, and what to do about it.
 */
public class ImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message one line
   */
  public ImageException(String message) {
    super(message);
  }

  /**
   * Creates an exception that another one caused.
   *
   * @param message one line
   * @param cause what happened below
   */
  public ImageException(String message, Throwable cause) {
    super(message, cause);
  }
}
