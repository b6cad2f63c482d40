/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.internal.ModelArchive;
import org.zennit4j.bindings.internal.NativeMessage;

/**
 * The zip around an exported program: its entries by their names below the root, read with bounds.
 * Nothing in it is executed.
 */
final class ExportedArchive implements AutoCloseable {
  private static final int MOST_ENTRIES = 1 << 20;
  private static final long LARGEST_JSON = 1L << 30;

  /** Deflate makes data at most about 1032 times smaller. */
  private static final long LARGEST_RATIO = 1100;

  /** Reads the bare infinities of older files too. */
  static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(1000)
                          .maxStringLength((int) LARGEST_JSON)
                          .maxDocumentLength(LARGEST_JSON)
                          .build())
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  private final ZipFile zip;
  private final Map<String, ZipEntry> entries = new LinkedHashMap<>();
  private final boolean old;
  private final String model;

  private ExportedArchive(ZipFile zip) {
    this.zip = zip;
    if (zip.size() > MOST_ENTRIES) {
      throw new ModelLoadException("the archive has " + zip.size() + " entries, which is too many");
    }
    String root = "";
    for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
      String name = all.nextElement().getName();
      int models = name.indexOf("models/");
      if (name.endsWith(".json") && models >= 0 && name.indexOf('/') >= models - 1) {
        root = name.substring(0, models);
      }
    }
    for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
      ZipEntry entry = all.nextElement();
      if (entry.getName().startsWith(root)) {
        entries.put(entry.getName().substring(root.length()), entry);
      }
    }
    this.old = entries.containsKey(ModelArchive.OLD_PROGRAM);
    this.model =
        entries.keySet().stream()
            .filter(name -> name.matches("models/[^/]+\\.json"))
            .map(name -> name.substring("models/".length(), name.length() - ".json".length()))
            .sorted((a, b) -> a.equals("model") ? -1 : b.equals("model") ? 1 : a.compareTo(b))
            .findFirst()
            .orElse("model");
  }

  /**
   * Opens a file.
   *
   * @param file a zip, checked by {@link ModelArchive}
   */
  static ExportedArchive open(Path file) throws IOException {
    ZipFile zip = new ZipFile(file.toFile());
    try {
      return new ExportedArchive(zip);
    } catch (RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  /** The program. */
  ExportedJson program() throws IOException {
    return json(old ? ModelArchive.OLD_PROGRAM : "models/" + model + ".json");
  }

  /**
   * The table of what the tensors of a kind are.
   *
   * @param kind {@code weights} or {@code constants}
   * @return empty where there is none: the file is older, or has no tensors of that kind
   */
  Optional<ExportedJson> tensors(String kind) throws IOException {
    String name = "data/" + kind + "/" + model + "_" + kind + "_config.json";
    return entries.containsKey(name) ? Optional.of(json(name).get("config")) : Optional.empty();
  }

  /**
   * The pickled tensors of a kind, as torch up to 2.8 writes them.
   *
   * @param kind {@code weights} or {@code constants}
   * @return the name of the entry, or empty
   */
  Optional<String> pickled(String kind) {
    String name =
        old
            ? "serialized_" + (kind.equals("weights") ? "state_dict" : kind) + ".pt"
            : "data/" + kind + "/" + model + ".pt";
    return entries.containsKey(name) ? Optional.of(name) : Optional.empty();
  }

  private ExportedJson json(String name) throws IOException {
    byte[] bytes = bytes(name, LARGEST_JSON);
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isObject()) {
        throw new ModelLoadException("the entry '" + name + "' is no JSON object");
      }
      return new ExportedJson(node, "");
    } catch (JsonProcessingException e) {
      throw new ModelLoadException(
          "the entry '"
              + name
              + "' is no JSON that can be read: "
              + NativeMessage.firstLine(e.getOriginalMessage()),
          e);
    }
  }

  /** The number of bytes of an entry. */
  long size(String name) {
    ZipEntry entry = entries.get(name);
    if (entry == null) {
      throw new ModelLoadException("the archive is incomplete: it has no entry '" + name + "'");
    }
    long size = entry.getSize();
    long packed = entry.getCompressedSize();
    boolean stored = entry.getMethod() == ZipEntry.STORED;
    if (size < 0 || (stored ? size != packed : size > LARGEST_RATIO * (packed + 1))) {
      throw new ModelLoadException(
          "the entry '" + name + "' says that it has " + size + " bytes, which cannot be");
    }
    return size;
  }

  /** The bytes of an entry; {@link #size} says how many there must be. */
  InputStream stream(String name) throws IOException {
    size(name);
    return zip.getInputStream(entries.get(name));
  }

  private byte[] bytes(String name, long most) throws IOException {
    long size = size(name);
    if (size > most) {
      throw new ModelLoadException("the entry '" + name + "' is too large: " + size + " bytes");
    }
    try (InputStream in = stream(name)) {
      byte[] bytes = in.readNBytes((int) size);
      if (bytes.length != size) {
        throw new ModelLoadException("the entry '" + name + "' is shorter than it says");
      }
      return bytes;
    }
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
