/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.zennit4j.images.ImageException;

/** Reads and writes whole files; every failure becomes one line. */
public final class AtomicFiles {
  private AtomicFiles() {}

  /** The bytes of a file. */
  public static byte[] read(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new ImageException("cannot read " + file + ": it is a folder");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new ImageException("cannot read " + file + ": " + reason(e), e);
    } catch (OutOfMemoryError e) {
      throw new ImageException("cannot read " + file + ": it is too large", e);
    }
  }

  /** Replaces a file in one step, creating its folder. */
  public static void write(Path file, byte[] bytes) {
    try {
      Path target = Files.isSymbolicLink(file) && Files.exists(file) ? file.toRealPath() : file;
      target = target.toAbsolutePath();
      if (Files.isDirectory(target)) {
        throw new ImageException("cannot write " + file + ": it is a folder");
      }
      if (Files.exists(target) && !Files.isRegularFile(target)) {
        Files.write(target, bytes);
        return;
      }
      Path folder = target.getParent();
      if (folder != null && !Files.isDirectory(folder)) {
        Files.createDirectories(folder);
      }
      // Not Files.createTempFile: its files are readable by their owner only, whatever the umask.
      Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
      try {
        Files.write(temporary, bytes, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        move(temporary, target);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new ImageException("cannot write " + file + ": " + reason(e), e);
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
    if (e instanceof NoSuchFileException) {
      return "there is no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException exists) {
      return exists.getFile() + " is not a folder";
    }
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message.replaceAll("\\s+", " ");
  }
}
