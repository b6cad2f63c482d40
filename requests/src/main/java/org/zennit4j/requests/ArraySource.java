/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Where the arrays come from that a composite, an attributor or a target names. */
@FunctionalInterface
public interface ArraySource {
  /**
   * Finds an array.
   *
   * @param name the name of an array, or a path that ends in {@code .npy}
   * @return the array
   * @throws RequestException if there is no such array, or it cannot be read
   */
  NdArray get(String name);

  /**
   * No arrays at all.
   *
   * @return a source that refuses every name
   */
  static ArraySource none() {
    return name -> {
      throw new RequestException(
          Npy.printable("there is no array '" + name + "': no arrays belong to this request"));
    };
  }

  /**
   * The npy files of a folder.
   *
   * @param folder where paths start
   * @return a source that reads a file whenever it is asked for
   */
  static ArraySource folder(Path folder) {
    return name -> {
      if (!name.endsWith(".npy")) {
        throw new RequestException(
            Npy.printable("there is no array '" + name + "'; a file must end in .npy"));
      }
      try {
        return Npy.read(folder.resolve(name));
      } catch (InvalidPathException e) {
        throw new RequestException(Npy.printable("'" + name + "' is no path"), e);
      }
    };
  }

  /**
   * The arrays of an npz file, and npy files beside them.
   *
   * @param npz an open file, which the caller closes; its arrays win
   * @param folder where paths start
   * @return the source
   */
  static ArraySource of(Npz npz, Path folder) {
    return name ->
        npz.names().contains(name) || !name.endsWith(".npy")
            ? npz.get(name)
            : folder(folder).get(name);
  }
}
