/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;
import org.zennit4j.requests.Npy;

class SampleSourcesTests {
  private static final Path MODELS = Path.of("..", "examples", "models");
  private static final SourceOptions USUAL = SourceOptions.defaults();

  @TempDir Path folder;

  private static byte[] grey(int seed) {
    byte[] pixels = new byte[12];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (seed + 20 * i);
    }
    return pixels;
  }

  private static RgbImage picture(int seed) {
    byte[] rgb = new byte[36];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = grey(seed)[i / 3];
    }
    return RgbImage.of(4, 3, rgb);
  }

  private void png(String file, int seed) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    picture(seed).writePng(path);
  }

  private static List<OptionalInt> labels(SampleSource source) {
    return IntStream.range(0, source.size()).mapToObj(source::label).toList();
  }

  private static List<OptionalInt> classes(int... numbers) {
    return IntStream.of(numbers).mapToObj(OptionalInt::of).toList();
  }

  @Test
  void aFolderPerClassIsNumberedByName() throws IOException {
    png("dog/b.png", 1);
    png("cat/deep/a.png", 2);
    png("cat/c.png", 3);
    Files.createDirectories(folder.resolve("empty"));
    Files.writeString(folder.resolve("cat/notes.txt"), "none of it");
    try (SampleSource source = SampleSources.open(folder, USUAL)) {
      assertThat(source.classes()).containsExactly("cat", "dog", "empty");
      assertThat(labels(source)).isEqualTo(classes(0, 0, 1));
      assertThat(source.id(1)).isEqualTo(Path.of("cat", "deep", "a.png").toString());
      assertThat(source.read(2).picture()).contains(picture(1));
      assertThat(source.read(2).array()).isEmpty();
    }
  }

  @Test
  void foldersAreTheModelsClasses() throws IOException {
    png("dog/b.png", 1);
    png("2/c.png", 1);
    SourceOptions named = USUAL.withClassNames(List.of("bird", "Dog", "fish"));
    try (SampleSource source = SampleSources.open(folder, named)) {
      assertThat(source.classes()).containsExactly("bird", "Dog", "fish");
      assertThat(labels(source)).isEqualTo(classes(2, 1));
    }
    png("doge/b.png", 1);
    assertThatThrownBy(() -> SampleSources.open(folder, named))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining("no class 'doge'")
        .hasMessageContaining("Dog");
  }

  @Test
  void aListNamesFilesAndLabels() throws IOException {
    png("x/a, b.png", 1);
    png("c.png", 2);
    Path list = folder.resolve("list.csv");
    Files.writeString(
        list, "\uFEFFlabel,path,note\r\n3,\"x/a, b.png\",\"said \"\"so\"\"\nhere\"\r\n,c.png,\n");
    try (SampleSource source = SampleSources.open(list, USUAL)) {
      assertThat(source.classes()).isEmpty();
      assertThat(labels(source)).containsExactly(OptionalInt.of(3), OptionalInt.empty());
      assertThat(source.read(0).picture()).contains(picture(1));
    }
    Files.writeString(list, "path,label\nc.png,cat\nx.png,ant\n");
    try (SampleSource source = SampleSources.open(list, USUAL)) {
      assertThat(source.classes()).containsExactly("ant", "cat");
      assertThat(labels(source)).isEqualTo(classes(1, 0));
      assertThatThrownBy(() -> source.read(1))
          .isInstanceOf(SampleException.class)
          .hasMessageContaining("x.png");
    }
    Files.writeString(list, "path,label\nc.png,dog\nx.png,ant\n");
    SourceOptions named = USUAL.withClassNames(List.of("cat", "dog"));
    try (SampleSource source = SampleSources.open(list, named)) {
      assertThat(source.read(0).label()).hasValue(1);
      assertThatThrownBy(() -> source.read(1))
          .as("the others go on")
          .isInstanceOf(SampleException.class)
          .hasMessageContaining("row 2: there is no class 'ant'");
    }
    Files.writeString(list, "path,label\n");
    assertThatThrownBy(() -> SampleSources.open(list, USUAL))
        .hasMessageContaining("list.csv: no sample in it");
    Files.writeString(list, "file,label\nc.png,cat\n");
    assertThatThrownBy(() -> SampleSources.open(list, USUAL)).hasMessageContaining("'path'");
    Files.writeString(list, "path,label\nc.png\n");
    assertThatThrownBy(() -> SampleSources.open(list, USUAL)).hasMessageContaining("row 1");
    Files.writeString(list, "path,label\n\"c.png,1\n");
    assertThatThrownBy(() -> SampleSources.open(list, USUAL)).hasMessageContaining("never closed");
  }

  @Test
  void theExamplesArchiveHoldsPictures() {
    try (SampleSource source = SampleSources.open(MODELS.resolve("fashion_test_200.npz"), USUAL)) {
      assertThat(source.size()).isEqualTo(200);
      Sample sample = source.read(7);
      assertThat(sample.id()).isEqualTo("#7");
      assertThat(sample.label()).isPresent().isEqualTo(source.label(7));
      RgbImage picture = sample.picture().orElseThrow();
      assertThat(picture.width()).isEqualTo(28);
      byte[] rgb = picture.rgb();
      assertThat(rgb[300]).isEqualTo(rgb[301]).isEqualTo(rgb[302]);
    }
    try (SampleSource source = SampleSources.open(MODELS.resolve("ecg_beats_64.npz"), USUAL)) {
      assertThat(source.size()).isEqualTo(64);
      assertThat(source.read(3).array().orElseThrow().shape()).containsExactly(1, 256);
    }
    assertThatThrownBy(
            () ->
                SampleSources.open(
                    MODELS.resolve("fashion_test_200.npz"), USUAL.withData("pictures")))
        .hasMessageContaining("pictures")
        .hasMessageContaining("images, labels");
  }

  @Test
  void arraysAreReadByRows() {
    float[] values = new float[5 * 6];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    Path file = folder.resolve("x.npy");
    Npy.write(file, NdArray.ofFloats(values, 5, 2, 3));
    Path labels = folder.resolve("y.npy");
    Npy.write(labels, NdArray.ofLongs(new long[] {4, 3, 2, 1, 0}, 5));
    try (SampleSource source = SampleSources.open(file, USUAL.withLabelFile(labels))) {
      assertThat(source.label(1)).hasValue(3);
      assertThat(source.read(4).array().orElseThrow())
          .isEqualTo(NdArray.ofFloats(new float[] {24, 25, 26, 27, 28, 29}, 2, 3));
    }
    Npy.write(labels, NdArray.ofLongs(new long[] {4, 3}, 2));
    assertThatThrownBy(() -> SampleSources.open(file, USUAL.withLabelFile(labels)))
        .hasMessageContaining("2 labels for 5 samples");
    Npy.write(labels, NdArray.ofDoubles(new double[] {4, 3, 1.5, 0, 0}, 5));
    assertThatThrownBy(() -> SampleSources.open(file, USUAL.withLabelFile(labels)))
        .hasMessageContaining("1.5");
  }

  @Test
  void shapesOfPicturesAreTold() {
    byte[] first = new byte[36];
    byte[] pixels = grey(5);
    for (int c = 0; c < 3; c++) {
      System.arraycopy(pixels, 0, first, 12 * c, 12);
    }
    Path file = folder.resolve("x.npy");
    for (long[] shape : new long[][] {{1, 3, 4}, {1, 1, 3, 4}}) {
      Npy.write(file, NdArray.of(DType.UINT8, ByteBuffer.wrap(pixels), shape));
      try (SampleSource source = SampleSources.open(file, USUAL)) {
        assertThat(source.read(0).picture()).contains(picture(5));
      }
    }
    Npy.write(file, NdArray.of(DType.UINT8, ByteBuffer.wrap(first), 1, 3, 3, 4));
    try (SampleSource source = SampleSources.open(file, USUAL)) {
      assertThat(source.read(0).picture()).contains(picture(5));
    }
    Npy.write(file, NdArray.of(DType.UINT8, ByteBuffer.wrap(picture(5).rgb()), 1, 3, 4, 3));
    try (SampleSource source = SampleSources.open(file, USUAL)) {
      // A first length of 3 counts as channels: PyTorch's order comes first.
      assertThat(source.read(0).picture()).map(RgbImage::width).contains(3);
    }
  }

  @Test
  void idxFilesFindTheirLabels() throws IOException {
    Path images = folder.resolve("t10k-images-idx3-ubyte.gz");
    try (DataOutputStream out =
        new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(images)))) {
      for (int number : new int[] {0x803, 2, 3, 4}) {
        out.writeInt(number);
      }
      out.write(grey(1));
      out.write(grey(2));
    }
    Path labels = folder.resolve("t10k-labels-idx1-ubyte.gz");
    try (DataOutputStream out =
        new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(labels)))) {
      out.writeInt(0x801);
      out.writeInt(2);
      out.write(new byte[] {9, 3});
    }
    try (SampleSource source = SampleSources.open(images, USUAL)) {
      assertThat(labels(source)).isEqualTo(classes(9, 3));
      assertThat(source.read(1).picture()).contains(picture(2));
    }
    Path bad = folder.resolve("bad-images-idx3-ubyte");
    Files.write(bad, new byte[] {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1});
    assertThatThrownBy(() -> SampleSources.open(bad, USUAL)).hasMessageContaining("truncated");
  }

  @Test
  void hdf5FilesAreReadByRows() {
    Path file = folder.resolve("x.h5");
    NdArray data = NdArray.of(DType.UINT8, ByteBuffer.wrap(new byte[2 * 36]), 2, 3, 3, 4);
    try (Hdf5File out = Hdf5File.create(file)) {
      out.write("data", data, 1);
      out.write("label", NdArray.ofLongs(new long[] {6, 7}, 2), 1);
      out.write("other/x", NdArray.ofDoubles(new double[] {.5, .25}, 2), 0);
    }
    try (SampleSource source = SampleSources.open(file, USUAL)) {
      assertThat(labels(source)).isEqualTo(classes(6, 7));
      assertThat(source.read(1).picture()).map(RgbImage::width).contains(4);
    }
    try (SampleSource source =
        SampleSources.open(file, USUAL.withData("data").withLabels("label"))) {
      assertThat(source.size()).isEqualTo(2);
    }
    assertThatThrownBy(() -> SampleSources.open(file, USUAL.withLabels("classes")))
        .hasMessageContaining("no array classes; it has data, label, other");
    try (Hdf5File in = Hdf5File.open(file)) {
      assertThat(in.data("other/x").rows(1, 1).toDoubles()).containsExactly(.25);
      assertThatThrownBy(() -> in.data("nothing"))
          .isInstanceOf(DatasetException.class)
          .hasMessageContaining("nothing in " + file)
          .hasMessageContaining("'nothing' doesn't exist");
    }
  }

  @Test
  void whatIsNoDatasetIsSaid() throws IOException {
    assertThatThrownBy(() -> SampleSources.open(folder, USUAL)).hasMessageContaining("no sample");
    assertThatThrownBy(() -> SampleSources.open(folder.resolve("gone.npy"), USUAL))
        .hasMessageContaining("no such file");
    Path text = folder.resolve("x.txt");
    Files.writeString(text, "hello");
    assertThatThrownBy(() -> SampleSources.open(text, USUAL)).hasMessageContaining(".csv");
    Path broken = folder.resolve("x.h5");
    Files.writeString(broken, "hello");
    assertThatThrownBy(() -> SampleSources.open(broken, USUAL))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining("signature");
  }

  private static Path parquet(String name) {
    return Path.of("src", "test", "resources", "parquet", name);
  }

  @Test
  void aParquetListIsLikeOneInCsv() throws IOException {
    for (String name : List.of("none", "snappy", "zstd", "floating")) {
      try (SampleSource source = SampleSources.open(parquet(name + ".parquet"), USUAL)) {
        assertThat(source.size()).isEqualTo(3);
        assertThat(source.id(2)).isEqualTo("ü.png");
        assertThat(labels(source))
            .containsExactly(OptionalInt.of(3), OptionalInt.empty(), OptionalInt.of(5));
      }
    }
    try (SampleSource source = SampleSources.open(parquet("names.parquet"), USUAL)) {
      assertThat(source.classes()).containsExactly("cat", "dog");
      assertThat(labels(source)).isEqualTo(classes(1, 0, 1));
    }
    assertThatThrownBy(() -> SampleSources.open(parquet("gzip.parquet"), USUAL))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining("gzip.parquet: its columns are packed with gzip; write it");
    assertThatThrownBy(() -> SampleSources.open(parquet("nothing.parquet"), USUAL))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining("no column 'path'; it has file");
    Path list = folder.resolve("list.parquet");
    Files.copy(parquet("none.parquet"), list);
    png("b.png", 3);
    try (SampleSource source = SampleSources.open(list, USUAL)) {
      assertThat(source.read(1).picture()).contains(picture(3));
      assertThatThrownBy(() -> source.read(0))
          .isInstanceOf(SampleException.class)
          .hasMessageContaining("a.png");
    }
    byte[] whole = Files.readAllBytes(list);
    for (int length : new int[] {0, 5, 40, whole.length / 2, whole.length - 3}) {
      Files.write(list, java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> SampleSources.open(list, USUAL))
          .isInstanceOf(DatasetException.class)
          .hasMessageContaining("list.parquet");
    }
  }

  /** A packed array is read from a copy, which no message names. */
  @Test
  void messagesNameTheFileThatWasGiven() throws IOException {
    String header = "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }";
    String padded = header + " ".repeat(117 - header.length()) + "\n";
    Path packed = folder.resolve("objects.npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(packed))) {
      zip.putNextEntry(new ZipEntry("data.npy"));
      zip.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0});
      zip.write(padded.getBytes(StandardCharsets.US_ASCII));
    }
    assertThatThrownBy(() -> SampleSources.open(packed, USUAL))
        .hasMessageContaining("cannot read " + packed + ":data")
        .hasMessageContaining("pickled");
  }
}
