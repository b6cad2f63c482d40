/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.LibTorch;

/**
 * How a result was made: the versions of zennit4j, Java and LibTorch, the number of threads, the
 * time, and whatever else belongs to it, such as the model's SHA-256, the request and the warnings.
 * Written as JSON beside the result (a sidecar), it lets somebody else make the result again.
 *
 * <p>Immutable and thread-safe.
 */
public final class Provenance {
  private final Map<String, Object> content;

  private Provenance(Map<String, Object> content) {
    this.content = content;
  }

  /**
   * The versions, threads and time of now.
   *
   * @param version the version of zennit4j, as the application knows it
   * @return what is known before anything ran
   */
  public static Provenance now(String version) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("zennit4j", version);
    content.put("java", System.getProperty("java.version"));
    for (String line : LibTorch.report()) {
      int colon = line.indexOf(": ");
      if (line.startsWith("libtorch:") || line.startsWith("intra-op threads:")) {
        content.put(line.substring(0, colon).replace(' ', '_'), line.substring(colon + 2));
      }
    }
    content.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    return new Provenance(content);
  }

  /**
   * Adds a value.
   *
   * @param key the key; an earlier value of it is replaced
   * @param value what {@link Json#write} writes
   * @return a new provenance
   */
  public Provenance with(String key, Object value) {
    return with(Collections.singletonMap(key, value));
  }

  /**
   * Adds values.
   *
   * @param more keys and what {@link Json#write} writes
   * @return a new provenance
   */
  public Provenance with(Map<String, ?> more) {
    Map<String, Object> both = new LinkedHashMap<>(content);
    both.putAll(more);
    return new Provenance(Collections.unmodifiableMap(both));
  }

  /**
   * Adds a file by its name and SHA-256.
   *
   * @param key the key
   * @param file read now
   * @return a new provenance
   * @throws RequestException if the file cannot be read
   */
  public Provenance withFile(String key, Path file) {
    return with(key, file(file));
  }

  /**
   * Adds files by their names and SHA-256.
   *
   * @param key the key
   * @param files read now
   * @return a new provenance
   * @throws RequestException if a file cannot be read
   */
  public Provenance withFiles(String key, List<Path> files) {
    return with(key, files.stream().map(Provenance::file).toList());
  }

  /**
   * All of it.
   *
   * @return JSON with a line break at the end
   */
  public String json() {
    return Json.write(content) + "\n";
  }

  private static Map<String, Object> file(Path file) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("file", file.toString());
    entry.put("sha256", sha256(file));
    return entry;
  }

  /**
   * The SHA-256 of a file.
   *
   * @param file read whole, in small pieces
   * @return 64 lower-case hexadecimal digits
   * @throws RequestException if the file cannot be read
   */
  public static String sha256(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new RequestException(Npy.printable("cannot read " + file + ": " + Npy.reason(e)), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /**
   * A path as a file in a folder may name it: relative to the folder where that is possible, so
   * that both can be moved together.
   *
   * @param path a file, relative to the working directory
   * @param folder the folder of the file that names it
   * @return with slashes
   */
  public static String relative(Path path, Path folder) {
    Path absolute = path.toAbsolutePath().normalize();
    Path from = folder.toAbsolutePath().normalize();
    boolean sameRoot = absolute.getRoot().equals(from.getRoot());
    return (sameRoot ? from.relativize(absolute) : absolute).toString().replace('\\', '/');
  }
}
