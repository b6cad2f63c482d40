/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.zennit4j.bindings.internal.Leaks;

/**
 * An open npz file: a zip of npy files, stored or deflated, each of which is read when it is asked
 * for.
 *
 * <p>The entry {@code a.b.npy} is the array {@code a.b}; entries of other kinds are ignored. Safe
 * for use by several threads. Owned by who opens it, who closes it.
 */
public final class Npz implements AutoCloseable {
  private static final String SUFFIX = ".npy";

  private final Path path;
  private final ZipFile zip;
  private final Map<String, ZipEntry> entries;
  private final Leaks.Trace trace;

  private Npz(Path path, ZipFile zip) {
    this.path = path;
    this.zip = zip;
    Map<String, ZipEntry> byName = new LinkedHashMap<>();
    zip.stream()
        .filter(entry -> !entry.isDirectory() && entry.getName().endsWith(SUFFIX))
        .forEach(
            entry -> {
              String file = entry.getName();
              byName.put(file.substring(0, file.length() - SUFFIX.length()), entry);
            });
    this.entries = Collections.unmodifiableMap(byName);
    this.trace = Leaks.of(this, "the archive " + path);
  }

  /**
   * Opens a file and reads its directory, no array.
   *
   * @param path the file
   * @return the open file; the caller closes it
   * @throws RequestException if there is no such file or it is no zip
   */
  public static Npz open(Path path) {
    try {
      if (!Files.exists(path)) {
        throw new NoSuchFileException(path.toString());
      }
      if (Files.isDirectory(path)) {
        throw new IOException("it is a folder");
      }
      return new Npz(path, new ZipFile(path.toFile()));
    } catch (IOException | IllegalArgumentException e) {
      // IllegalArgumentException: entry names that are not UTF-8.
      throw Npy.cannotRead(path.toString(), e);
    }
  }

  /**
   * Reads all arrays of a file.
   *
   * @param path the file
   * @return array names and arrays, in the order of the file
   * @throws RequestException if there is no such file or one of its arrays cannot be read
   */
  public static Map<String, NdArray> read(Path path) {
    try (Npz npz = open(path)) {
      Map<String, NdArray> result = new LinkedHashMap<>();
      for (String name : npz.names()) {
        result.put(name, npz.get(name));
      }
      return Collections.unmodifiableMap(result);
    }
  }

  /**
   * Returns the names of the arrays.
   *
   * @return an unmodifiable set, in the order of the file
   */
  public Set<String> names() {
    return entries.keySet();
  }

  /**
   * Reads one array.
   *
   * @param name its name, without .npy
   * @return the array, read anew at each call
   * @throws RequestException if there is no such array, or it cannot be read
   */
  public NdArray get(String name) {
    ZipEntry entry = entry(name);
    String source = path + " (" + entry.getName() + ")";
    CRC32 crc = new CRC32();
    try (InputStream raw = zip.getInputStream(entry);
        InputStream in = new CheckedInputStream(raw, crc)) {
      NdArray array = Npy.read(in, source);
      // ZipFile does not compare the checksum by itself.
      in.transferTo(OutputStream.nullOutputStream());
      if (entry.getCrc() != -1 && entry.getCrc() != crc.getValue()) {
        throw new IOException("corrupt: its checksum is wrong");
      }
      return array;
    } catch (IOException e) {
      throw Npy.cannotRead(source, e);
    } catch (IllegalStateException e) {
      throw new RequestException(Npy.printable(path + " was closed"), e);
    }
  }

  /**
   * Unpacks one array into an npy file of its own, whatever its size.
   *
   * @param name its name, without .npy
   * @param file the file, replaced if it exists
   * @throws RequestException if there is no such array, or it cannot be read or written
   */
  public void extract(String name, Path file) {
    ZipEntry entry = entry(name);
    CRC32 crc = new CRC32();
    try (InputStream raw = zip.getInputStream(entry);
        InputStream in = new CheckedInputStream(raw, crc)) {
      Files.copy(in, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      if (entry.getCrc() != -1 && entry.getCrc() != crc.getValue()) {
        throw new IOException("corrupt: its checksum is wrong");
      }
    } catch (IOException e) {
      throw Npy.cannotRead(path + " (" + entry.getName() + ")", e);
    } catch (IllegalStateException e) {
      throw new RequestException(Npy.printable(path + " was closed"), e);
    }
  }

  private ZipEntry entry(String name) {
    ZipEntry entry = entries.get(name);
    if (entry == null) {
      throw new RequestException(
          Npy.printable(path + " has no array '" + name + "'; it has " + someNames()));
    }
    return entry;
  }

  private String someNames() {
    int limit = 12;
    String first = entries.keySet().stream().limit(limit).collect(Collectors.joining(", "));
    int more = entries.size() - limit;
    return entries.isEmpty() ? "none" : first + (more > 0 ? " and " + more + " more" : "");
  }

  /** Closes the file; closing twice is harmless. Arrays that were read stay valid. */
  @Override
  public String toString() {
    return path.toString();
  }

  @Override
  public void close() {
    trace.close();
    try {
      zip.close();
    } catch (IOException e) {
      throw new RequestException(Npy.printable("cannot close " + path + ": " + e.getMessage()), e);
    }
  }
}
