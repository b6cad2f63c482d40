/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Damages valid inputs: bits and bytes, integers at the ends of their ranges, blocks that are cut,
 * doubled or taken from another input, and words of the format in wrong places. The same seed gives
 * the same sequence. Not thread-safe.
 */
public final class Mutator {
  private static final long[] INTEGERS = {
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    32767,
    65535,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };
  private static final String ODD = "\u0000\n\r\u2028\ud800\udfff\u202e\u00e9";

  private final Random random;
  private final List<byte[]> corpus;
  private final List<byte[]> words;

  /**
   * Makes a mutator.
   *
   * @param seed the seed
   * @param corpus valid inputs, at least one
   * @param words words of the format, perhaps none
   */
  public Mutator(long seed, List<byte[]> corpus, List<String> words) {
    this.random = new Random(seed);
    this.corpus = List.copyOf(corpus);
    this.words = words.stream().map(w -> w.getBytes(StandardCharsets.UTF_8)).toList();
  }

  /**
   * The next damaged input.
   *
   * @return one of the corpus with one to four changes
   */
  public byte[] next() {
    return mutated(corpus.get(random.nextInt(corpus.size())));
  }

  private byte[] mutated(byte[] valid) {
    byte[] result = valid;
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      result = change(result);
    }
    return result;
  }

  /**
   * The next damaged archive: half of them are damaged anywhere, half within one entry, whose
   * checksum is right again.
   *
   * @return one of the corpus, which holds zip archives
   */
  public byte[] nextArchive() {
    if (random.nextBoolean()) {
      return next();
    }
    Map<String, byte[]> entries = entries(corpus.get(random.nextInt(corpus.size())));
    List<String> names = List.copyOf(entries.keySet());
    String name = names.get(random.nextInt(names.size()));
    entries.put(name, mutated(entries.get(name)));
    return archive(entries);
  }

  private byte[] change(byte[] bytes) {
    int at = random.nextInt(bytes.length + 1);
    int rest = bytes.length - at;
    byte[] copy = bytes.clone();
    switch (random.nextInt(9)) {
      case 0 -> {
        if (rest > 0) {
          copy[at] ^= (byte) (1 << random.nextInt(8));
        }
        return copy;
      }
      case 1 -> {
        if (rest > 0) {
          copy[at] = (byte) random.nextInt(256);
        }
        return copy;
      }
      case 2 -> {
        long value = INTEGERS[random.nextInt(INTEGERS.length)];
        boolean little = random.nextBoolean();
        int length = Math.min(rest, 1 << random.nextInt(4));
        for (int i = 0; i < length; i++) {
          copy[at + (little ? i : length - 1 - i)] = (byte) (value >> (8 * i));
        }
        return copy;
      }
      case 3 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 4 -> {
        return joined(bytes, at, new byte[0], at + Math.min(rest, 1 + random.nextInt(16)));
      }
      case 5 -> {
        int end = at + Math.min(rest, 1 + random.nextInt(64));
        return joined(bytes, end, Arrays.copyOfRange(bytes, at, end), end);
      }
      case 6 -> {
        byte[] other = corpus.get(random.nextInt(corpus.size()));
        int from = random.nextInt(other.length + 1);
        int to = from + Math.min(other.length - from, random.nextInt(64));
        return joined(bytes, at, Arrays.copyOfRange(other, from, to), at);
      }
      case 7 -> {
        byte[] random8 = new byte[1 + random.nextInt(8)];
        random.nextBytes(random8);
        return joined(bytes, at, random8, at);
      }
      default -> {
        if (words.isEmpty()) {
          return copy;
        }
        byte[] word = words.get(random.nextInt(words.size()));
        int until = random.nextBoolean() ? at : at + Math.min(rest, word.length);
        return joined(bytes, at, word, until);
      }
    }
  }

  private static byte[] joined(byte[] bytes, int until, byte[] middle, int from) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, until);
    out.writeBytes(middle);
    out.write(bytes, from, bytes.length - from);
    return out.toByteArray();
  }

  /**
   * Reads bytes as a text in which the rarest bytes stand for characters that programs stumble
   * over: line ends, lone surrogates, marks of direction.
   *
   * @param bytes what {@link #next} gave
   * @return a text of as many characters
   */
  public static String text(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      int value = b & 0xff;
      text.append(value >= 0xf8 ? ODD.charAt(value - 0xf8) : (char) value);
    }
    return text.toString();
  }

  /**
   * Reads an archive.
   *
   * @param zip the archive
   * @return its entries, in order
   */
  public static Map<String, byte[]> entries(byte[] zip) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try {
      // A stream cannot read what LibTorch writes: entries without compression whose sizes follow.
      Path file = Files.createTempFile("zennit4j", ".zip");
      Files.write(file, zip);
      try (ZipFile archive = new ZipFile(file.toFile())) {
        for (ZipEntry entry : Collections.list(archive.entries())) {
          entries.put(entry.getName(), archive.getInputStream(entry).readAllBytes());
        }
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return entries;
  }

  /**
   * Writes an archive without compression, as LibTorch reads it.
   *
   * @param entries names and contents, in order
   * @return the archive, with right checksums
   */
  public static byte[] archive(Map<String, byte[]> entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      out.setMethod(ZipOutputStream.STORED);
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        ZipEntry header = new ZipEntry(entry.getKey());
        CRC32 crc = new CRC32();
        crc.update(entry.getValue());
        header.setSize(entry.getValue().length);
        header.setCrc(crc.getValue());
        out.putNextEntry(header);
        out.write(entry.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
