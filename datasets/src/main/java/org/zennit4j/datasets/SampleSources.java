/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npz;

/** Opens datasets. */
public final class SampleSources {
  private static final List<String> DATA = List.of("data", "images", "x", "X", "beats", "arr_0");
  private static final List<String> LABELS = List.of("label", "labels", "targets", "y", "arr_1");

  private SampleSources() {}

  /**
   * Opens a dataset, by its kind:
   *
   * <ul>
   *   <li>a folder with a folder for each class, with pictures or npy files; or a folder of these,
   *       without labels;
   *   <li>{@code .csv}: a line {@code path,label}, then one for each sample, paths relative to the
   *       file; labels are numbers or names, and may be left out;
   *   <li>{@code .npy} and idx ({@code -ubyte}, {@code .idx}, packed with gzip or not): one array,
   *       a sample a row; labels from {@link SourceOptions#labelFile}, for idx also from the file
   *       beside, as MNIST names it;
   *   <li>{@code .npz} and {@code .h5}, {@code .hdf5}: arrays {@code data} (or images, x) and, if
   *       there, {@code label} (or labels, targets, y), or as the options say.
   * </ul>
   *
   * <p>Bytes in the shape of a picture are pictures; other arrays are what the network takes.
   *
   * @param input the folder or file
   * @param options how it is read
   * @return the open dataset; the caller closes it
   * @throws DatasetException if it cannot be read or holds no samples
   */
  public static SampleSource open(Path input, SourceOptions options) {
    if (Files.isDirectory(input)) {
      return FileSource.ofFolder(input, options);
    }
    if (!Files.exists(input)) {
      throw new DatasetException(input + ": no such file or folder");
    }
    String name = input.getFileName().toString().toLowerCase(Locale.ROOT);
    String plain = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    if (plain.endsWith("-ubyte") || plain.endsWith(".idx")) {
      return idx(input, options);
    }
    return switch (FileSource.suffix(name)) {
      case "csv" -> FileSource.ofList(input, Csv.read(input), options);
      case "parquet", "pq" -> FileSource.ofList(input, ParquetTable.read(input), options);
      case "npy" -> npy(input, options);
      case "npz" -> npz(input, options);
      case "h5", "hdf5" -> hdf5(input, options);
      default ->
          throw new DatasetException(
              input
                  + ": no dataset; use a folder, or a .csv, .parquet, .npy, .npz, .h5 or idx file");
    };
  }

  private static SampleSource npy(Path input, SourceOptions options) {
    NdArray labels = options.labelFile().map(SampleSources::labels).orElse(null);
    return closingOnFailure(NpyRows.open(input), rows -> source(input, rows, labels, options));
  }

  private static SampleSource idx(Path input, SourceOptions options) {
    Path beside =
        input.resolveSibling(
            input.getFileName().toString().replaceFirst("images([.-])idx3", "labels$1idx1"));
    Optional<Path> file =
        options
            .labelFile()
            .or(() -> Optional.of(beside).filter(f -> !f.equals(input) && Files.exists(f)));
    NdArray labels = file.map(SampleSources::labels).orElse(null);
    return closingOnFailure(IdxFile.open(input), rows -> source(input, rows, labels, options));
  }

  private static SampleSource npz(Path input, SourceOptions options) {
    try (Npz npz = Npz.open(input)) {
      String data = data(input, options, npz.names());
      NdArray labels = labelName(input, options, npz.names()).map(npz::get).orElse(null);
      return closingOnFailure(
          NpyRows.open(npz, data), rows -> source(input, rows, labels, options));
    }
  }

  private static SampleSource hdf5(Path input, SourceOptions options) {
    return Hdf5Rows.source(input, options);
  }

  static SampleSource source(Path input, Rows rows, NdArray labels, SourceOptions options) {
    return new RowSource(input.toString(), rows, labels, options.classNames());
  }

  private static NdArray labels(Path file) {
    boolean npy = FileSource.suffix(file.toString()).equals("npy");
    try (Rows rows = npy ? NpyRows.open(file) : IdxFile.open(file)) {
      return rows.read(0, Math.toIntExact(rows.shape()[0]));
    }
  }

  interface Use<T, R> {
    R of(T resource);
  }

  static <R> R closingOnFailure(Rows rows, Use<Rows, R> use) {
    try {
      return use.of(rows);
    } catch (RuntimeException e) {
      rows.close();
      throw e;
    }
  }

  static String data(Path input, SourceOptions options, Collection<String> names) {
    Optional<String> named = options.data();
    Optional<String> found = named.or(() -> DATA.stream().filter(names::contains).findFirst());
    return found
        .filter(names::contains)
        .orElseThrow(
            () ->
                new DatasetException(
                    input
                        + ": has no array "
                        + named.orElse("data, images or x")
                        + "; it has "
                        + String.join(", ", names)));
  }

  static Optional<String> labelName(Path input, SourceOptions options, Collection<String> names) {
    Optional<String> named = options.labels();
    if (named.isPresent() && !names.contains(named.get())) {
      throw new DatasetException(
          input + ": has no array " + named.get() + "; it has " + String.join(", ", names));
    }
    return named.or(() -> LABELS.stream().filter(names::contains).findFirst());
  }
}
