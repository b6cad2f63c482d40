/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.requests.Json;

/** A file beside a result that says how it was made. */
final class Sidecar {
  private final Map<String, Object> content = new LinkedHashMap<>();

  Sidecar(Path model) throws IOException {
    content.put("zennit4j", Version.own());
    content.put("java", System.getProperty("java.version"));
    for (String line : LibTorch.report()) {
      int colon = line.indexOf(": ");
      if (line.startsWith("libtorch:") || line.startsWith("intra-op threads:")) {
        content.put(line.substring(0, colon).replace(' ', '_'), line.substring(colon + 2));
      }
    }
    content.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    content.put("model", file(model));
  }

  Sidecar(Sidecar common) {
    content.putAll(common.content);
  }

  Sidecar with(String key, Object value) {
    content.put(key, value);
    return this;
  }

  Sidecar withFiles(String key, List<Path> files) throws IOException {
    List<Object> list = new ArrayList<>();
    for (Path file : files) {
      list.add(file(file));
    }
    return with(key, list);
  }

  Sidecar with(Map<String, ?> more) {
    content.putAll(more);
    return this;
  }

  /** Writes beside a result. */
  Path write(Path result) {
    Path file = result.resolveSibling(result.getFileName() + ".json");
    Outputs.text(file, Json.write(content) + "\n");
    return file;
  }

  private static Map<String, Object> file(Path file) throws IOException {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("file", file.toString());
    entry.put("sha256", sha256(file));
    return entry;
  }

  static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      new DigestInputStream(in, digest).transferTo(java.io.OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
