/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.zennit4j.requests.NdArray.DType;

/**
 * Reads and writes NumPy's npy files.
 *
 * <p>Read: versions 1.0, 2.0 and 3.0, C and Fortran order, little and big endian, booleans,
 * integers and float16, float32, float64. Pickled objects, text, complex numbers, dates and records
 * are refused. Written: version 1.0, C order, little endian, byte for byte as NumPy does.
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Far above any header of the types that can be read; keeps a corrupt length from allocating. */
  private static final int MAX_HEADER = 1 << 16;

  private Npy() {}

  /**
   * Reads a file.
   *
   * @param path the file; anything after the first array in it is ignored
   * @return the array
   * @throws RequestException if there is no such file or it holds no array that can be read
   */
  public static NdArray read(Path path) {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
      return read(in, path.toString());
    } catch (IOException e) {
      throw cannotRead(path.toString(), e);
    }
  }

  /** Reads one array and leaves the stream behind it; {@code source} names it in messages. */
  static NdArray read(InputStream in, String source) throws IOException {
    try {
      NpyHeader header = readHeader(in);
      DType dtype = header.dtype();
      int size = NdArray.byteSize(dtype, header.shape());
      byte[] data = readFully(in, size, "elements");
      if (header.bigEndian()) {
        swap(data, dtype.itemSize());
      }
      if (header.fortranOrder()) {
        data = toRowMajor(data, header.shape(), dtype.itemSize());
      }
      return new NdArray(dtype, header.shape(), data);
    } catch (RequestException e) {
      throw cannotRead(source, e);
    }
  }

  /** Reads what stands before the elements, and leaves the stream at them. */
  static NpyHeader readHeader(InputStream in) throws IOException {
    byte[] magic = in.readNBytes(MAGIC.length);
    if (magic.length == 0) {
      throw new RequestException("the file is empty");
    }
    if (!Arrays.equals(magic, MAGIC)) {
      throw new RequestException("not an npy file");
    }
    int major = readUnsigned(in, 1);
    int minor = readUnsigned(in, 1);
    if (major < 1 || major > 3 || minor != 0) {
      throw new RequestException(
          "npy version " + major + "." + minor + " is unknown; 1.0, 2.0 and 3.0 can be read");
    }
    int length = readUnsigned(in, major == 1 ? 2 : 4);
    if (length < 0 || length > MAX_HEADER) {
      throw new RequestException("corrupt header: impossible length");
    }
    String text =
        new String(
            readFully(in, length, "header"),
            major == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    return NpyHeader.parse(text);
  }

  /**
   * Writes a file; other readers see the old file or the whole new one, never a part.
   *
   * @param path the file, replaced if it exists; its folder must exist
   * @param array the array
   * @throws RequestException if it cannot be written
   */
  public static void write(Path path, NdArray array) {
    write(path, out -> write(out, array));
  }

  /**
   * Writes a list of texts, as NumPy's arrays of text.
   *
   * @param path the file; it is replaced as a whole
   * @param texts without characters beyond Unicode's first plane
   * @throws RequestException if it cannot be written
   */
  public static void writeTexts(Path path, List<String> texts) {
    int width = Math.max(1, texts.stream().mapToInt(String::length).max().orElse(1));
    String dict =
        "{'descr': '<U" + width + "', 'fortran_order': False, 'shape': (" + texts.size() + ",), }";
    ByteBuffer bytes =
        ByteBuffer.allocate(texts.size() * width * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (String text : texts) {
      for (int i = 0; i < width; i++) {
        bytes.putInt(i < text.length() ? text.charAt(i) : 0);
      }
    }
    write(
        path,
        out -> {
          writeHeader(out, dict);
          out.write(bytes.array());
        });
  }

  /** Writes the content of a file. */
  private interface Content {
    void to(OutputStream out) throws IOException;
  }

  private static void write(Path path, Content content) {
    try {
      Path target = Files.exists(path) ? path.toRealPath() : path;
      if (Files.exists(target) && !Files.isRegularFile(target)) {
        // A pipe or a device has nothing to replace; a folder fails here, with its own message.
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(target))) {
          content.to(out);
        }
        return;
      }
      Path temporary = target.resolveSibling("." + UUID.randomUUID() + ".tmp");
      try {
        try (OutputStream out =
            new BufferedOutputStream(
                Files.newOutputStream(
                    temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
          content.to(out);
        }
        move(temporary, target);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new RequestException("cannot write " + printable(path + ": " + reason(e)), e);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  static void write(OutputStream out, NdArray array) throws IOException {
    writeHeader(out, array.dtype(), array.shape());
    array.writeTo(out);
  }

  static void writeHeader(OutputStream out, DType dtype, long[] shape) throws IOException {
    writeHeader(out, NpyHeader.format(dtype, shape));
  }

  private static void writeHeader(OutputStream out, String dict) throws IOException {
    int prefix = MAGIC.length + 2 + 2;
    // NumPy pads with spaces and a newline to a multiple of 64, the whole block if none is needed.
    int padding = 64 - (prefix + dict.length() + 1) % 64;
    int length = dict.length() + padding + 1;
    out.write(MAGIC);
    out.write(1);
    out.write(0);
    out.write(length & 0xff);
    out.write(length >>> 8);
    out.write((dict + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  private static int readUnsigned(InputStream in, int bytes) throws IOException {
    byte[] raw = readFully(in, bytes, "header");
    int value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = (value << 8) | Byte.toUnsignedInt(raw[i]);
    }
    return value;
  }

  /** Grows with what is really there, so that a corrupt shape does not allocate gigabytes. */
  private static byte[] readFully(InputStream in, int size, String what) throws IOException {
    byte[] bytes = in.readNBytes(size);
    if (bytes.length < size) {
      throw new RequestException(
          "truncated: " + bytes.length + " of " + size + " bytes of its " + what);
    }
    return bytes;
  }

  static void swap(byte[] data, int itemSize) {
    for (int start = 0; start < data.length; start += itemSize) {
      for (int i = start, j = start + itemSize - 1; i < j; i++, j--) {
        byte b = data[i];
        data[i] = data[j];
        data[j] = b;
      }
    }
  }

  private static byte[] toRowMajor(byte[] data, long[] shape, int itemSize) {
    int rank = shape.length;
    int[] strides = new int[rank];
    int stride = itemSize;
    for (int d = 0; d < rank; d++) {
      strides[d] = stride;
      stride = (int) (stride * shape[d]); // fits: the product is data.length
    }
    byte[] result = new byte[data.length];
    int[] index = new int[rank];
    int from = 0;
    for (int to = 0; to < result.length; to += itemSize) {
      System.arraycopy(data, from, result, to, itemSize);
      for (int d = rank - 1; d >= 0; d--) {
        from += strides[d];
        if (++index[d] < shape[d]) {
          break;
        }
        from -= strides[d] * index[d];
        index[d] = 0;
      }
    }
    return result;
  }

  static RequestException cannotRead(String source, Exception e) {
    return new RequestException("cannot read " + printable(source + ": " + reason(e)), e);
  }

  /** What went wrong with a file, in a few words. */
  static String reason(Exception e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof java.nio.file.AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof EOFException) {
      return "truncated";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /** Names and headers come from anywhere: a message stays on one line. */
  static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
