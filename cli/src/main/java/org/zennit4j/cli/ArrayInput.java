/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Npz;

/**
 * An array that a user named: {@code X.npy}, all arrays of {@code X.npz} in the order of the file,
 * or one of them, {@code X.npz:NAME}.
 *
 * @param file where it comes from
 * @param name its name in an npz file, or null
 * @param array the array
 */
record ArrayInput(Path file, String name, NdArray array) {
  static List<ArrayInput> read(List<String> arguments) {
    List<ArrayInput> inputs = new ArrayList<>();
    for (String argument : arguments) {
      int at = argument.toLowerCase(java.util.Locale.ROOT).lastIndexOf(".npz");
      boolean whole = at >= 0 && at + 4 == argument.length();
      boolean part = at >= 0 && argument.startsWith(":", at + 4);
      if (!whole && !part) {
        inputs.add(new ArrayInput(Path.of(argument), null, Npy.read(Path.of(argument))));
        continue;
      }
      Path file = Path.of(argument.substring(0, at + 4));
      try (Npz npz = Npz.open(file)) {
        Set<String> names = whole ? npz.names() : Set.of(argument.substring(at + 5));
        if (names.isEmpty()) {
          throw new UsageException(file + " holds no array");
        }
        names.forEach(name -> inputs.add(new ArrayInput(file, name, npz.get(name))));
      }
    }
    return inputs;
  }

  boolean isPacked() {
    return name != null;
  }
}
