/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.requests.NdArray.DType;

/** Files in src/test/resources/npy were written by NumPy 2.4. */
class NpyTests {
  /** (0..23 - 7.25) * 1.5, and 0.5 * (0..23) - 3. */
  private static final double[] FLOATS =
      IntStream.range(0, 24).mapToDouble(i -> (i - 7.25) * 1.5).toArray();

  private static final double[] HALVES =
      IntStream.range(0, 24).mapToDouble(i -> 0.5 * i - 3).toArray();

  @TempDir Path folder;

  static Path numpy(String name) {
    try {
      return Path.of(NpyTests.class.getResource("/npy/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Path numpy(DType dtype) {
    return numpy("c." + dtype.toString().toLowerCase(Locale.ROOT) + ".npy");
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void readsEveryType(DType dtype) {
    NdArray array = Npy.read(numpy(dtype));

    assertThat(array.dtype()).isEqualTo(dtype);
    assertThat(array.shape()).containsExactly(2, 3, 4);
    assertThat(array.toDoubles()).containsExactly(expected(dtype));
  }

  private static double[] expected(DType dtype) {
    if (dtype.isFloatingPoint()) {
      return FLOATS;
    }
    if (dtype == DType.BOOL) {
      return IntStream.range(0, 24).mapToDouble(i -> i % 3 == 0 ? 1 : 0).toArray();
    }
    int bits = 8 * dtype.itemSize();
    if (dtype.name().startsWith("U")) {
      return IntStream.range(0, 24).mapToDouble(i -> Math.pow(2, bits) - 1 - i).toArray();
    }
    double half = Math.pow(2, bits - 1);
    return IntStream.range(0, 24).mapToDouble(i -> i % 2 == 0 ? -half + i : half - 1 - i).toArray();
  }

  @Test
  void keepsLargeIntegersExactly() {
    assertThat(Npy.read(numpy(DType.INT64)).toLongs())
        .containsExactly(
            LongStream.range(0, 24)
                .map(i -> i % 2 == 0 ? Long.MIN_VALUE + i : Long.MAX_VALUE - i)
                .toArray());
    assertThatThrownBy(() -> Npy.read(numpy(DType.UINT64)).toLongs())
        .isInstanceOf(RequestException.class)
        .hasMessage("the integer 18446744073709551615 does not fit into 64 bits");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fortran.f4.npy", "big.f8.npy", "big.f2.npy", "v2.f4.npy", "v3.f4.npy"})
  void readsOtherOrdersAndVersions(String name) {
    NdArray array = Npy.read(numpy(name));

    assertThat(array.shape()).containsExactly(2, 3, 4);
    assertThat(array.toDoubles()).containsExactly(HALVES);
  }

  @Test
  void readsFortranOrderWithSwappedBytes() {
    assertThat(Npy.read(numpy("fortran.big.i2.npy")).toLongs())
        .containsExactly(LongStream.range(0, 24).toArray());
  }

  @Test
  void readsSingleNumbersAndEmptyArrays() {
    assertThat(Npy.read(numpy("zero-d.f8.npy"))).isEqualTo(NdArray.ofDoubles(new double[] {-2.5}));
    assertThat(Npy.read(numpy("zero-d.big.i4.npy")).toLongs()).containsExactly(7);
    assertThat(Npy.read(numpy("empty.f4.npy"))).isEqualTo(NdArray.ofFloats(new float[0], 0, 3));
    assertThat(Npy.read(numpy("empty-fortran.f4.npy")))
        .isEqualTo(NdArray.ofFloats(new float[0], 3, 0, 2));
  }

  @Test
  void convertsHalfPrecision() {
    assertThat(Npy.read(numpy("special.f2.npy")).toFloats())
        .containsExactly(
            0f,
            -0f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            0x1p-24f,
            1023 * 0x1p-24f,
            65504f,
            0.33325195f);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "c.bool.npy", "c.int8.npy", "c.uint16.npy", "c.uint64.npy", "c.float16.npy",
        "c.float32.npy", "c.float64.npy", "zero-d.f8.npy", "empty.f4.npy", "aligned.f8.npy"
      })
  void writesTheSameBytesAsNumpy(String name) throws IOException {
    Path copy = folder.resolve(name);

    Npy.write(copy, Npy.read(numpy(name)));

    assertThat(copy).hasSameBinaryContentAs(numpy(name));
  }

  @Test
  void replacesAFileThroughALinkAndLeavesNothingElse() throws IOException {
    Path file = Files.writeString(folder.resolve("r.npy"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.npy"), file);
    NdArray array = NdArray.ofDoubles(FLOATS, 24);

    Npy.write(link, array);

    assertThat(Npy.read(file)).isEqualTo(array);
    assertThat(link).isSymbolicLink();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(file, link);
    }
  }

  @Test
  void namesAFileThatCannotBeWritten() {
    NdArray array = NdArray.ofDoubles(FLOATS, 24);

    assertThatThrownBy(() -> Npy.write(folder.resolve("no/r.npy"), array))
        .isInstanceOf(RequestException.class)
        .hasMessage("cannot write " + folder.resolve("no/r.npy") + ": no such file or folder");
    assertThatThrownBy(() -> Npy.write(folder, array))
        .isInstanceOf(RequestException.class)
        .hasMessageStartingWith("cannot write " + folder);
  }

  @ParameterizedTest
  @CsvSource({
    "objects.npy,    'it holds pickled Python objects (|O); save plain numbers instead'",
    "text.npy,       'it holds text (<U2); save plain numbers instead'",
    "bytes.npy,      'it holds text (|S2); save plain numbers instead'",
    "complex.npy,    'it holds complex numbers (<c16); save plain numbers instead'",
    "dates.npy,      'it holds dates or times (<M8[D]); save plain numbers instead'",
    "records.npy,    'it holds records (a structured type); plain numbers can be read'",
    "longdouble.npy, 'the type <f16 is unknown; booleans, integers and float16, float32, float64 can be read'",
    "stored.npz,     not an npy file",
  })
  void refusesWhatIsNoPlainArray(String name, String reason) {
    assertThatThrownBy(() -> Npy.read(numpy(name)))
        .isInstanceOf(RequestException.class)
        .hasMessage("cannot read " + numpy(name) + ": " + reason);
  }

  @Test
  void namesAMissingFile() {
    Path missing = folder.resolve("missing\n.npy");

    assertThatThrownBy(() -> Npy.read(missing))
        .isInstanceOf(RequestException.class)
        .hasMessage("cannot read " + folder.resolve("missing?.npy") + ": no such file or folder");
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    byte[] whole = Files.readAllBytes(numpy("v2.f4.npy"));
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("cut.npy"), Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Npy.read(file))
          .as("cut to %s bytes", length)
          .isInstanceOf(RequestException.class)
          .hasMessageStartingWith("cannot read " + file + ": ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 1, }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': ('1',), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (200000000,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } x",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8, 'fortran_order': False, 'shape': (1,), }",
        "((((((((((((((((((((((((((((((((",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,), }",
      })
  void refusesACorruptHeader(String header) throws IOException {
    Path file = folder.resolve("corrupt.npy");
    Files.write(file, npy(header, 8));

    assertThatThrownBy(() -> Npy.read(file))
        .isInstanceOf(RequestException.class)
        .hasMessageStartingWith("cannot read " + file + ": ")
        .message()
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1L,), }",
        "{\"shape\":[1],'fortran_order':True,\"descr\":\"=f8\"}",
      })
  void readsOldAndForeignHeaders(String header) throws IOException {
    Path file = Files.write(folder.resolve("old.npy"), npy(header, 8));

    assertThat(Npy.read(file)).isEqualTo(NdArray.ofDoubles(new double[1], 1));
  }

  private static byte[] npy(String header, int bytes) {
    byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer out = ByteBuffer.allocate(10 + text.length + bytes);
    out.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put((byte) 1);
    out.put((byte) 0).put((byte) text.length).put((byte) (text.length >>> 8)).put(text);
    return out.array();
  }
}
