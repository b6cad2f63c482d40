/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.requests.NdArray.DType;

class NpzTests {
  private static final NdArray AB = NdArray.ofDoubles(new double[] {0, 1, 2}, 3);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "deflated.npz"})
  void readsStoredAndDeflatedEntries(String name) {
    Map<String, NdArray> arrays = Npz.read(NpyTests.numpy(name));

    assertThat(arrays.keySet()).containsExactly("a.b", "x", "f");
    assertThat(arrays).containsEntry("a.b", AB);
    assertThat(arrays).containsEntry("x", NdArray.ofFloats(new float[] {1.5f}));
    assertThat(arrays.get("f").dtype()).isEqualTo(DType.INT16);
    assertThat(arrays.get("f").toLongs()[23]).isEqualTo(23);
  }

  @Test
  void readsZip64AndIgnoresOtherEntries() {
    assertThat(Npz.read(NpyTests.numpy("zip64.npz"))).containsExactly(Map.entry("a.b", AB));
  }

  @Test
  void namesWhatIsMissing() {
    Path file = NpyTests.numpy("stored.npz");
    try (Npz npz = Npz.open(file)) {
      assertThat(npz.names()).containsExactly("a.b", "x", "f");
      assertThatThrownBy(() -> npz.get("a"))
          .isInstanceOf(RequestException.class)
          .hasMessage(file + " has no array 'a'; it has a.b, x, f");
    }
    assertThatThrownBy(() -> Npz.open(folder.resolve("no.npz")))
        .isInstanceOf(RequestException.class)
        .hasMessage("cannot read " + folder.resolve("no.npz") + ": no such file or folder");
    assertThatThrownBy(() -> Npz.open(folder))
        .isInstanceOf(RequestException.class)
        .hasMessage("cannot read " + folder + ": it is a folder");
  }

  @Test
  void refusesAFileThatIsNoZip() {
    Path file = NpyTests.numpy("v2.f4.npy");

    assertThatThrownBy(() -> Npz.open(file))
        .isInstanceOf(RequestException.class)
        .hasMessageStartingWith("cannot read " + file + ": ");
  }

  @Test
  void refusesAnyTruncation() throws IOException {
    byte[] whole = Files.readAllBytes(NpyTests.numpy("deflated.npz"));
    for (int length = 0; length < whole.length; length += 7) {
      Path file = Files.write(folder.resolve("cut.npz"), Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Npz.read(file))
          .as("cut to %s bytes", length)
          .isInstanceOf(RequestException.class)
          .hasMessageStartingWith("cannot read " + file);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "deflated.npz"})
  void noticesEveryChangedElement(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(NpyTests.numpy(name));
    for (int at = 45; at < bytes.length / 3; at++) {
      byte[] copy = bytes.clone();
      copy[at] ^= 0x10;
      Path file = Files.write(folder.resolve("changed.npz"), copy);
      try (Npz npz = Npz.open(file)) {
        assertThat(npz.get("a.b")).as("byte %s", at).isEqualTo(AB);
      } catch (RequestException e) {
        assertThat(e).as("byte %s", at).hasMessageStartingWith("cannot read " + file);
      }
    }
  }

  @Test
  void refusesToReadOnceClosed() {
    Npz npz = Npz.open(NpyTests.numpy("stored.npz"));
    NdArray kept = npz.get("a.b");
    npz.close();
    npz.close();

    assertThat(kept).isEqualTo(AB);
    assertThatThrownBy(() -> npz.get("a.b"))
        .isInstanceOf(RequestException.class)
        .hasMessageEndingWith("stored.npz was closed");
  }
}
