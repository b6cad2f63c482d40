/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.RequestException;

/** Samples of which each is a file: a picture, or an array in an npy file. */
final class FileSource implements SampleSource {
  private static final Set<String> SUFFIXES =
      Set.of("png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "npy");

  /** No label. */
  private static final int UNKNOWN = -1;

  private final Path root;
  private final List<String> files;
  private final int[] labels;
  private final List<String> classes;
  private final boolean upright;

  /** What is wrong with the label of a sample. */
  private final Map<Integer, String> problems;

  private FileSource(
      Path root,
      List<String> files,
      int[] labels,
      Map<Integer, String> problems,
      List<String> classes,
      boolean upright) {
    this.problems = problems;
    this.root = root;
    this.files = files;
    this.labels = labels;
    this.classes = classes;
    this.upright = upright;
  }

  /** A folder per class, or a folder of files without labels. */
  static FileSource ofFolder(Path folder, SourceOptions options) {
    List<Path> classFolders = list(folder, Files::isDirectory);
    List<String> names = classFolders.stream().map(p -> p.getFileName().toString()).toList();
    ClassNames classes = ClassNames.of(options.classNames(), names);
    List<String> files = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    if (classFolders.isEmpty()) {
      samples(folder)
          .forEach(
              file -> {
                files.add(folder.relativize(file).toString());
                labels.add(UNKNOWN);
              });
    }
    for (Path classFolder : classFolders) {
      List<Path> samples = samples(classFolder);
      if (samples.isEmpty()) {
        continue;
      }
      String name = classFolder.getFileName().toString();
      int label = classes.find(name, folder.toString()).orElse(UNKNOWN);
      for (Path file : samples) {
        files.add(folder.relativize(file).toString());
        labels.add(label);
      }
    }
    if (files.isEmpty()) {
      throw new DatasetException(
          folder
              + ": no sample in it; a sample is a picture (png, jpg, webp, bmp, gif, tif) or npy");
    }
    return new FileSource(
        folder, files, ints(labels), Map.of(), classes.names(), options.upright());
  }

  /** A table with a column of paths and one of labels. */
  static FileSource ofList(Path file, List<List<String>> rows, SourceOptions options) {
    if (rows.isEmpty()) {
      throw new DatasetException(
          file + ": is empty; it needs a line path,label and a line a sample");
    }
    List<String> head =
        rows.get(0).stream().map(name -> name.strip().toLowerCase(Locale.ROOT)).toList();
    int path = head.indexOf("path");
    int label = head.indexOf("label");
    if (path < 0) {
      throw new DatasetException(
          file
              + ": its first line names no column 'path'; it needs path,label (label may be left out)");
    }
    List<List<String>> body = rows.subList(1, rows.size());
    List<String> texts = new ArrayList<>();
    List<String> files = new ArrayList<>();
    for (int i = 0; i < body.size(); i++) {
      List<String> row = body.get(i);
      if (row.size() != head.size()) {
        throw new DatasetException(
            file + ", row " + (i + 1) + ": " + row.size() + " fields, not " + head.size());
      }
      files.add(row.get(path));
      texts.add(label < 0 ? "" : row.get(label));
    }
    ClassNames classes = ClassNames.of(options.classNames(), texts);
    int[] labels = new int[files.size()];
    Map<Integer, String> problems = new HashMap<>();
    for (int i = 0; i < labels.length; i++) {
      try {
        labels[i] = classes.find(texts.get(i), file + ", row " + (i + 1)).orElse(UNKNOWN);
      } catch (DatasetException e) {
        labels[i] = UNKNOWN;
        problems.put(i, e.getMessage());
      }
    }
    if (files.isEmpty()) {
      throw new DatasetException(file + ": no sample in it; it needs a row for each");
    }
    Path root = file.toAbsolutePath().getParent();
    return new FileSource(root, files, labels, problems, classes.names(), options.upright());
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  private static List<Path> samples(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> SUFFIXES.contains(suffix(file.toString())))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new DatasetException("cannot read " + folder + ": " + e.getMessage(), e);
    }
  }

  private static List<Path> list(Path folder, java.util.function.Predicate<Path> wanted) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(wanted)
          .filter(path -> !path.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new DatasetException("cannot read " + folder + ": " + e.getMessage(), e);
    }
  }

  static String suffix(String file) {
    return file.substring(file.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  @Override
  public int size() {
    return files.size();
  }

  @Override
  public List<String> classes() {
    return classes;
  }

  @Override
  public String id(int index) {
    return files.get(index);
  }

  @Override
  public OptionalInt label(int index) {
    return labels[index] == UNKNOWN ? OptionalInt.empty() : OptionalInt.of(labels[index]);
  }

  @Override
  public Sample read(int index) {
    if (problems.containsKey(index)) {
      throw new SampleException(problems.get(index), null);
    }
    Path file = root.resolve(files.get(index));
    try {
      if (suffix(files.get(index)).equals("npy")) {
        NdArray array = Npy.read(file);
        return RowSource.sample(index, id(index), label(index), array, array.shape());
      }
      RgbImage picture = upright ? RgbImage.read(file) : RgbImage.readAsStored(file);
      return Sample.of(index, id(index), label(index), picture);
    } catch (ImageException | RequestException e) {
      throw new SampleException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {}
}
