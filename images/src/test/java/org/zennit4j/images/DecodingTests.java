/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferUShort;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.ForkedJvm;

class DecodingTests {
  private static byte[] encode(BufferedImage image, String format) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      assertThat(ImageIO.write(image, format, out)).isTrue();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static byte[] photo(String name) throws IOException {
    return Files.readAllBytes(PhotographTests.PHOTOS.resolve(name));
  }

  private static void assertDamaged(byte[] bytes) {
    assertThatThrownBy(() -> RgbImage.decode(bytes))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("the image ")
        .hasMessageNotContaining("\n");
  }

  @Test
  void alphaIsDroppedAndTheColourBelowStays() {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x00102030);
    image.setRGB(1, 0, 0x80405060);
    RgbImage decoded = RgbImage.decode(encode(image, "png"));
    assertThat(decoded).isEqualTo(RgbImage.of(2, 1, new byte[] {16, 32, 48, 64, 80, 96}));
  }

  @Test
  void greyBecomesThreeEqualValues() {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
    byte[] data = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    data[0] = 7;
    data[1] = (byte) 200;
    byte grey = (byte) 200;
    RgbImage expected = RgbImage.of(2, 1, new byte[] {7, 7, 7, grey, grey, grey});
    assertThat(RgbImage.decode(encode(image, "png"))).isEqualTo(expected);
  }

  @Test
  void ofSixteenBitsTheHighByteIsTaken() {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    short[] data = ((DataBufferUShort) image.getRaster().getDataBuffer()).getData();
    data[0] = (short) 0x12ff;
    data[1] = (short) 0xfe01;
    byte high = (byte) 0xfe;
    RgbImage expected = RgbImage.of(2, 1, new byte[] {0x12, 0x12, 0x12, high, high, high});
    assertThat(RgbImage.decode(encode(image, "png"))).isEqualTo(expected);
  }

  @Test
  void palettesAreLookedUpWithOrWithoutATransparentColour() {
    byte[] red = {10, 20};
    byte[] green = {30, 40};
    byte[] blue = {50, 60};
    for (int transparent : new int[] {-1, 0}) {
      IndexColorModel model = new IndexColorModel(1, 2, red, green, blue, transparent);
      BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY, model);
      image.getRaster().setSample(1, 0, 0, 1);
      RgbImage expected = RgbImage.of(2, 1, new byte[] {10, 30, 50, 20, 40, 60});
      assertThat(RgbImage.decode(encode(image, "png"))).isEqualTo(expected);
    }
  }

  @Test
  void aJpegsOrientationIsFollowedUnlessItIsAskedForAsStored() throws IOException {
    byte[] plain = photo("rocket.jpg");
    byte[] tiff = {
      'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0
    };
    ByteBuffer turned = ByteBuffer.allocate(plain.length + 10 + tiff.length);
    turned.put(plain, 0, 2).putShort((short) 0xffe1).putShort((short) (8 + tiff.length));
    turned.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).put(tiff);
    turned.put(plain, 2, plain.length - 2);
    RgbImage stored = RgbImage.decodeAsStored(turned.array());
    assertThat(stored).isEqualTo(RgbImage.decode(plain));
    RgbImage upright = RgbImage.decode(turned.array());
    assertThat(upright.width()).isEqualTo(stored.height());
    // A quarter turn to the right: the first row becomes the last column.
    byte[] before = stored.rgb();
    byte[] after = upright.rgb();
    for (int x = 0; x < stored.width(); x++) {
      int at = 3 * (x * upright.width() + upright.width() - 1);
      assertThat(Arrays.copyOfRange(after, at, at + 3))
          .isEqualTo(Arrays.copyOfRange(before, 3 * x, 3 * x + 3));
    }
  }

  @Test
  void missingFilesFoldersAndOtherFilesAreNamed(@TempDir Path folder) throws IOException {
    Path missing = folder.resolve("missing.png");
    assertThatThrownBy(() -> RgbImage.read(missing))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot read " + missing + ": there is no such file or folder");
    assertThatThrownBy(() -> RgbImage.read(folder))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot read " + folder + ": it is a folder");
    Path text = Files.writeString(folder.resolve("notes.png"), "not a picture");
    assertThatThrownBy(() -> RgbImage.read(text))
        .isInstanceOf(ImageException.class)
        .hasMessage(
            text
                + " is not a PNG, JPEG, WebP, BMP, GIF or TIFF image: convert it to PNG or JPEG first");
    Path empty = Files.createFile(folder.resolve("empty.jpg"));
    assertThatThrownBy(() -> RgbImage.read(empty))
        .isInstanceOf(ImageException.class)
        .hasMessage(empty + " is empty: convert it to PNG or JPEG first");
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    byte[] png = photo("chelsea.png");
    byte[] jpeg = photo("rocket.jpg");
    for (byte[] whole : new byte[][] {png, jpeg}) {
      for (int length : new int[] {3, 8, 20, 40, 1000, whole.length / 2, whole.length - 20}) {
        assertDamaged(Arrays.copyOf(whole, length));
      }
    }
    byte[] flipped = png.clone();
    flipped[png.length / 2] ^= 1;
    assertDamaged(flipped);
  }

  @Test
  void absurdSizesAreRefusedBeforeMemoryIsAskedFor() {
    byte[] png = RgbImage.of(1, 1, new byte[3]).toPng();
    ByteBuffer header = ByteBuffer.wrap(png);
    header.putInt(16, 100_000).putInt(20, 100_000);
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    header.putInt(29, (int) crc.getValue());
    assertThatThrownBy(() -> RgbImage.decode(png))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("100000x100000 pixels");
  }

  @Test
  void interlacedFilesAreComplete() throws IOException {
    var writer = ImageIO.getImageWritersByFormatName("png").next();
    var parameters = writer.getDefaultWriteParam();
    parameters.setProgressiveMode(javax.imageio.ImageWriteParam.MODE_DEFAULT);
    BufferedImage image = new BufferedImage(13, 7, BufferedImage.TYPE_3BYTE_BGR);
    byte[] data = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    new Random(1).nextBytes(data);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var stream = ImageIO.createImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(null, new javax.imageio.IIOImage(image, null, null), parameters);
    }
    writer.dispose();
    assertThat(out.toByteArray()[28]).as("interlace method").isEqualTo((byte) 1);
    assertThat(RgbImage.decode(out.toByteArray())).isEqualTo(RgbImage.decode(encode(image, "png")));
  }

  /**
   * The codecs' own messages would come from native code, so that only another process shows them.
   */
  @Test
  void nothingIsWrittenToStderr(@TempDir Path folder) throws Exception {
    byte[] jpeg = photo("rocket.jpg");
    byte[] png = photo("chelsea.png");
    Random random = new Random(5);
    for (int i = 0; i < 20; i++) {
      byte[] damaged = (i % 2 == 0 ? jpeg : png).clone();
      for (int k = 0; k < 3; k++) {
        damaged[300 + random.nextInt(damaged.length - 600)] ^= (byte) (1 << random.nextInt(8));
      }
      if (i % 4 == 0) {
        damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
      }
      Files.write(folder.resolve("damaged" + i), damaged);
    }
    Path stderr = folder.resolve("stderr.txt");
    Path stdout = folder.resolve("stdout.txt");
    Process process =
        ForkedJvm.of(DecodeAll.class, List.of(), folder.toString())
            .redirectErrorStream(false)
            .redirectError(stderr.toFile())
            .redirectOutput(stdout.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(stderr)).isEmpty();
    assertThat(Files.readString(stdout)).isEqualTo("20\n");
    assertThat(process.exitValue()).isZero();
  }

  /** Decodes the files of a folder and says how many there were. */
  static final class DecodeAll {
    private DecodeAll() {}

    public static void main(String[] arguments) throws IOException {
      int count = 0;
      try (var files = Files.list(Path.of(arguments[0]))) {
        for (Path file : files.filter(f -> f.toString().contains("damaged")).toList()) {
          count++;
          try {
            RgbImage.read(file);
          } catch (ImageException e) {
            // Expected of nearly all; a flipped bit may also pass unnoticed.
          }
        }
      }
      System.out.print(count + "\n");
    }
  }
}
