/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.regex.Pattern;

/** The files that a case leaves behind. Other files in the same folder are left alone. */
final class CaseFolder {
  private static final String ERROR = "error.txt";
  private static final Pattern OURS =
      Pattern.compile(
          "output\\.npy|relevance\\.\\d+\\.npy|rules\\.json|sidecar\\.json|error\\.txt|layer\\..*\\.npy",
          Pattern.DOTALL);

  private final Path folder;

  CaseFolder(Path output, String id) {
    Path path = output;
    for (String segment : id.split("/", /* limit= */ -1)) {
      path = path.resolve(segment);
    }
    this.folder = path;
  }

  /**
   * Makes sure that no result takes the place of something that cases start from.
   *
   * @param sources files
   * @throws RequestException if one of them would be removed or overwritten
   */
  void protect(Collection<Path> sources) {
    for (Path source : sources) {
      try {
        boolean inside =
            Files.isDirectory(folder)
                && Files.exists(source)
                && Files.isSameFile(source.toAbsolutePath().getParent(), folder);
        if (inside && OURS.matcher(source.getFileName().toString()).matches()) {
          throw new RequestException(
              Npy.printable(
                  "the results would overwrite "
                      + source
                      + ", from which a case starts; choose another folder or id"));
        }
      } catch (IOException e) {
        throw new RequestException(
            Npy.printable("cannot look at " + source + ": " + Npy.reason(e)), e);
      }
    }
  }

  /** Makes the folder and removes the files of an earlier run, never subfolders. */
  void clear() {
    try {
      Files.createDirectories(folder);
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(
              folder, file -> OURS.matcher(file.getFileName().toString()).matches())) {
        for (Path file : files) {
          if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(file);
          }
        }
      }
    } catch (IOException e) {
      throw new RequestException(
          Npy.printable("cannot write into " + folder + ": " + Npy.reason(e)), e);
    }
  }

  void array(String name, NdArray array) {
    Npy.write(folder.resolve(name + ".npy"), array);
  }

  void json(String name, JsonNode json) {
    write(folder.resolve(name), pretty(json));
  }

  void sidecar(Provenance provenance) {
    write(folder.resolve("sidecar.json"), provenance.json());
  }

  Path path() {
    return folder;
  }

  void error(String message) {
    write(folder.resolve(ERROR), message + "\n");
  }

  static String pretty(JsonNode json) {
    try {
      return JsonObject.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static void write(Path file, String text) {
    try {
      Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new RequestException(Npy.printable("cannot write " + file + ": " + Npy.reason(e)), e);
    }
  }
}
