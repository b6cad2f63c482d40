/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import blue.strategic.parquet.Hydrator;
import blue.strategic.parquet.HydratorSupplier;
import blue.strategic.parquet.ParquetReader;
import blue.strategic.parquet.ParquetWriter;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * Tables in Parquet. The library for it is optional, and its jars share packages, so that they
 * cannot be on a module path: nothing else here may name its classes.
 */
final class ParquetTable {
  /** The library unpacks the others with classes of Hadoop, which are not there. */
  private static final Set<String> PACKINGS = Set.of("UNCOMPRESSED", "SNAPPY", "ZSTD");

  private static final String MISSING =
      "Parquet needs blue.strategic.parquet:parquet-floor on the class path";

  private static final MessageType SCHEMA =
      Types.buildMessage()
          .required(PrimitiveTypeName.INT64)
          .named("sample")
          .required(PrimitiveTypeName.BINARY)
          .as(LogicalTypeAnnotation.stringType())
          .named("id")
          .optional(PrimitiveTypeName.INT32)
          .named("label")
          .optional(PrimitiveTypeName.INT32)
          .named("prediction")
          .optional(PrimitiveTypeName.INT32)
          .named("explained")
          .optional(PrimitiveTypeName.DOUBLE)
          .named("output")
          .optional(PrimitiveTypeName.DOUBLE)
          .named("relevance")
          .optional(PrimitiveTypeName.BINARY)
          .as(LogicalTypeAnnotation.stringType())
          .named("skipped")
          .named("table");

  private ParquetTable() {}

  /**
   * Reads a list of samples.
   *
   * @return as a CSV list has it: a head with path and, where the file has one, label; then a row
   *     for each sample, a missing label as an empty text
   */
  static List<List<String>> read(Path file) {
    try {
      return readList(file.toFile());
    } catch (IOException | UncheckedIOException e) {
      throw new DatasetException("cannot read " + file + ": " + e.getMessage(), e);
    } catch (DatasetException e) {
      throw new DatasetException(file + ": " + e.getMessage(), e);
    } catch (LinkageError e) {
      throw new DatasetException(file + ": " + MISSING + " (" + e.getMessage() + ")", e);
    } catch (RuntimeException e) {
      // The library's own are of many kinds.
      throw new DatasetException(file + ": no Parquet file, or a damaged one", e);
    }
  }

  private static List<List<String>> readList(File file) throws IOException {
    ParquetMetadata metadata = ParquetReader.readMetadata(file);
    List<Type> fields = metadata.getFileMetaData().getSchema().getFields();
    Optional<String> path = column(fields, "path");
    Optional<String> label = column(fields, "label");
    if (path.isEmpty()) {
      throw new DatasetException(
          "has no column 'path'; it has "
              + fields.stream().map(Type::getName).collect(Collectors.joining(", ")));
    }
    Set<String> wanted = new LinkedHashSet<>(List.of(path.get()));
    label.ifPresent(wanted::add);
    metadata.getBlocks().stream()
        .flatMap(block -> block.getColumns().stream())
        .filter(column -> wanted.contains(column.getPath().toDotString()))
        .map(column -> column.getCodec().name())
        .filter(packing -> !PACKINGS.contains(packing))
        .findFirst()
        .ifPresent(
            packing -> {
              throw new DatasetException(
                  "its columns are packed with "
                      + packing.toLowerCase(Locale.ROOT)
                      + "; write it without compression, or with snappy or zstd");
            });
    List<List<String>> rows = new ArrayList<>();
    rows.add(label.isPresent() ? List.of("path", "label") : List.of("path"));
    try (Stream<String[]> all =
        ParquetReader.streamContent(
            file, HydratorSupplier.constantly(new Row(path.get())), wanted)) {
      all.forEach(
          row -> {
            if (row[0].isEmpty()) {
              throw new DatasetException("row " + rows.size() + " has no path");
            }
            rows.add(label.isPresent() ? List.of(row) : List.of(row[0]));
          });
    }
    return rows;
  }

  private static Optional<String> column(List<Type> fields, String name) {
    return fields.stream()
        .filter(Type::isPrimitive)
        .map(Type::getName)
        .filter(field -> field.toLowerCase(Locale.ROOT).equals(name))
        .findFirst();
  }

  /** Makes a row of path and label. */
  private record Row(String path) implements Hydrator<String[], String[]> {
    @Override
    public String[] start() {
      return new String[] {"", ""};
    }

    @Override
    public String[] add(String[] row, String column, Object value) {
      row[column.equals(path) ? 0 : 1] = text(value);
      return row;
    }

    @Override
    public String[] finish(String[] row) {
      return row;
    }
  }

  /** Integers that a table program made floating because one was missing are integers. */
  private static String text(Object value) {
    if (value == null) {
      return "";
    }
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      boolean whole = number == Math.rint(number) && Math.abs(number) < Integer.MAX_VALUE;
      return Double.isNaN(number) ? "" : whole ? Long.toString((long) number) : value.toString();
    }
    return value.toString();
  }

  /** A table of {@link Explained#COLUMNS}, row by row. */
  static final class Writer implements AutoCloseable {
    private final ParquetWriter<List<String>> to;

    /**
     * Begins a table.
     *
     * @param file is not there yet
     */
    Writer(Path file) throws IOException {
      try {
        to =
            ParquetWriter.writeFile(
                SCHEMA,
                file.toFile(),
                (row, values) -> {
                  for (int i = 0; i < row.size(); i++) {
                    if (!row.get(i).isEmpty() || i == 1) {
                      values.write(Explained.COLUMNS.get(i), value(i, row.get(i)));
                    }
                  }
                });
      } catch (LinkageError e) {
        throw new DatasetException(MISSING + " (" + e.getMessage() + ")", e);
      }
    }

    private static Object value(int column, String text) {
      return switch (SCHEMA.getType(column).asPrimitiveType().getPrimitiveTypeName()) {
        case INT64 -> (Object) Long.valueOf(text);
        case INT32 -> Integer.valueOf(text);
        case DOUBLE -> Double.valueOf(text);
        default -> text;
      };
    }

    void write(List<String> row) throws IOException {
      to.write(row);
    }

    @Override
    public void close() throws IOException {
      to.close();
    }
  }
}
