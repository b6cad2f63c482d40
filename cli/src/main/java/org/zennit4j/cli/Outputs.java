/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.RequestException;

/** Writes whole files: a reader sees the old content or the new one, never a part. */
final class Outputs {
  private interface Writer {
    void write(Path file) throws IOException;
  }

  private Outputs() {}

  /** Arrays are written as npy, and a name in another format promises something else. */
  static void checkArrayName(String option, Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    if (dot > 0 && !name.toLowerCase(Locale.ROOT).endsWith(".npy")) {
      throw new UsageException(
          option + " " + file + ": arrays are written as npy; choose a name that ends in .npy");
    }
  }

  /** A page has a name of its kind, so that it takes no other file's place. */
  static void checkPageName(Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.indexOf('.') > 0 && !name.matches("(?i).*\\.x?html?")) {
      throw new UsageException("--html " + file + ": choose a name that ends in .html");
    }
  }

  /** As {@link #check(Path)}; no file that the command reads may be overwritten. */
  static void check(Path file, NamedFiles read) {
    check(file);
    read.protect(file);
  }

  /** Refuses files to be written that are the same one; null for those that are not. */
  static void checkDistinct(Path... files) {
    Set<Path> seen = new HashSet<>();
    for (Path file : files) {
      if (file != null && !seen.add(file.toAbsolutePath().normalize())) {
        throw new UsageException(file + " would be written twice; choose another name");
      }
    }
  }

  /** Makes sure that a file can be written, before the work for it begins. */
  static void check(Path file) {
    if (Files.isDirectory(file)) {
      throw new UsageException("cannot write " + file + ": it is a folder; give a file name");
    }
    if (Files.exists(file) && !Files.isWritable(file)) {
      throw cannotWrite(file, "permission denied", null);
    }
    Path folder = file.toAbsolutePath().getParent();
    while (folder != null && !Files.exists(folder)) {
      folder = folder.getParent();
    }
    if (folder != null && !Files.isDirectory(folder)) {
      throw cannotWrite(file, folder + " is not a folder", null);
    }
    if (folder != null && !Files.isWritable(folder) && !Files.exists(file)) {
      throw cannotWrite(file, folder + " is not writable; choose another place", null);
    }
  }

  static void array(Path file, NdArray array) {
    replace(file, temporary -> Npy.write(temporary, array));
  }

  static void text(Path file, String text) {
    replace(file, temporary -> Files.writeString(temporary, text));
  }

  private static void replace(Path file, Writer writer) {
    try {
      Path target = Files.isSymbolicLink(file) && Files.exists(file) ? file.toRealPath() : file;
      target = target.toAbsolutePath();
      if (Files.exists(target) && !Files.isRegularFile(target)) {
        writer.write(target);
        return;
      }
      Files.createDirectories(target.getParent());
      Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
      try {
        writer.write(temporary);
        move(temporary, target);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (RequestException e) {
      // It names the temporary file, which tells nobody anything.
      if (e.getCause() instanceof IOException cause) {
        throw cannotWrite(file, reason(cause), cause);
      }
      throw e;
    } catch (IOException e) {
      throw cannotWrite(file, reason(e), e);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException exists) {
      return exists.getFile() + " is not a folder";
    }
    if (e instanceof FileSystemException named && named.getReason() != null) {
      return named.getReason();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static Zennit4jException cannotWrite(Path file, String reason, Exception cause) {
    return new Zennit4jException("cannot write " + file + ": " + reason, cause);
  }
}
