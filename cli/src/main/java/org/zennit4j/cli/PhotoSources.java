/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.zennit4j.images.RgbImage;

/**
 * Where photographs come from: files, the pictures of a folder, glob patterns that the shell left
 * as they are, and {@code -} for standard input.
 */
final class PhotoSources {
  private static final String STDIN = "-";
  private static final Set<String> SUFFIXES =
      Set.of("png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff");

  private PhotoSources() {}

  /** The photographs that arguments name, in order; those of a folder by name. */
  static List<Path> expand(List<String> arguments) {
    List<Path> files = new ArrayList<>();
    for (String argument : arguments) {
      files.addAll(expand(argument));
    }
    if (files.stream().filter(PhotoSources::isStdin).count() > 1) {
      throw new UsageException("standard input (-) can be read only once");
    }
    return files;
  }

  private static List<Path> expand(String argument) {
    Path path;
    try {
      path = Path.of(argument);
    } catch (InvalidPathException e) {
      throw new UsageException("'" + argument + "' is no path");
    }
    if (Files.isDirectory(path)) {
      List<Path> pictures = list(path, file -> SUFFIXES.contains(suffix(file)));
      if (pictures.isEmpty()) {
        throw new UsageException(
            path + ": the folder holds no picture (png, jpg, webp, bmp, gif, tif)");
      }
      return pictures;
    }
    boolean pattern = argument.matches(".*[*?\\[{].*") && !Files.exists(path);
    if (!pattern) {
      return List.of(path);
    }
    Path folder = path.getParent() == null ? Path.of("") : path.getParent();
    PathMatcher matcher;
    try {
      matcher = FileSystems.getDefault().getPathMatcher("glob:" + path.getFileName());
    } catch (IllegalArgumentException e) {
      throw new UsageException("'" + argument + "' is neither a file nor a pattern");
    }
    List<Path> found =
        Files.isDirectory(folder.toAbsolutePath())
            ? list(folder, file -> matcher.matches(file.getFileName()))
            : List.of();
    if (found.isEmpty()) {
      throw new UsageException("no file fits '" + argument + "'");
    }
    return found;
  }

  private static List<Path> list(Path folder, java.util.function.Predicate<Path> wanted) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(file -> Files.isRegularFile(file) && wanted.test(file)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String suffix(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  static boolean isStdin(Path path) {
    return path.toString().equals(STDIN);
  }

  /** What a photograph is called in names of files. */
  static String stem(Path image) {
    if (isStdin(image)) {
      return "stdin";
    }
    String name = String.valueOf(image.getFileName());
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /**
   * Reads a photograph.
   *
   * @param upright whether its EXIF orientation is followed
   */
  static RgbImage read(Path image, boolean upright) throws IOException {
    if (!isStdin(image)) {
      return upright ? RgbImage.read(image) : RgbImage.readAsStored(image);
    }
    byte[] bytes = System.in.readAllBytes();
    return upright ? RgbImage.decode(bytes) : RgbImage.decodeAsStored(bytes);
  }
}
