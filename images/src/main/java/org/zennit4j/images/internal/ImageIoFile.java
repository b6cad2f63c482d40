/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.plugins.tiff.BaselineTIFFTagSet;
import javax.imageio.plugins.tiff.TIFFDirectory;
import javax.imageio.plugins.tiff.TIFFField;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.zennit4j.images.ImageException;

/**
 * BMP, GIF and TIFF by the readers of the Java platform; of several pages or frames the first.
 *
 * <p>Samples are taken from the raster: {@link BufferedImage#getRGB} would put grey ones through
 * the curve of a linear colour space and make them lighter.
 */
final class ImageIoFile {
  private ImageIoFile() {}

  static Decoder.Pixels decode(byte[] bytes, String format, boolean upright, String name) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    if (!readers.hasNext()) {
      throw new ImageException(
          name
              + " is a "
              + format
              + " image, which this Java runtime cannot read: convert it to PNG");
    }
    ImageReader reader = readers.next();
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      reader.setInput(in, false, false);
      Decoder.checkSize(reader.getWidth(0), reader.getHeight(0), name);
      if (format.equals("gif")) {
        return onScreen(reader, name);
      }
      BufferedImage image = reader.read(0);
      char[] colors = format.equals("tiff") ? colorMap(reader) : null;
      Decoder.Pixels pixels = colors == null ? pixels(image, name) : lookedUp(image, colors);
      return upright && format.equals("tiff")
          ? Orientation.ofExif(bytes, 0, bytes.length).apply(pixels)
          : pixels;
    } catch (ImageException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw Decoder.damaged(name, "its pixels cannot be decoded", e);
    } finally {
      reader.dispose();
    }
  }

  /** The colours of a palette, 16 bits each: all red, all green, all blue; or null. */
  private static char[] colorMap(ImageReader reader) throws IOException {
    TIFFField field =
        TIFFDirectory.createFromMetadata(reader.getImageMetadata(0))
            .getTIFFField(BaselineTIFFTagSet.TAG_COLOR_MAP);
    return field == null ? null : field.getAsChars();
  }

  /** Takes the high byte of each colour; the platform's reader rounds 0xff00 down to 254. */
  private static Decoder.Pixels lookedUp(BufferedImage image, char[] colors) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(3, width * height)];
    for (int y = 0, to = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int index = image.getRaster().getSample(x, y, 0);
        for (int c = 0; c < 3; c++) {
          rgb[to++] = (byte) (colors[c * colors.length / 3 + index] >> 8);
        }
      }
    }
    return new Decoder.Pixels(width, height, rgb);
  }

  /** The first frame, which may cover only a part of the screen, on the screen's background. */
  private static Decoder.Pixels onScreen(ImageReader reader, String name) throws IOException {
    BufferedImage first = reader.read(0);
    Decoder.Pixels frame = pixels(first, name);
    Element stream = tree(reader.getStreamMetadata(), "javax_imageio_gif_stream_1.0");
    Element screen = child(stream, "LogicalScreenDescriptor");
    Element place =
        child(tree(reader.getImageMetadata(0), "javax_imageio_gif_image_1.0"), "ImageDescriptor");
    int width = Math.max(number(screen, "logicalScreenWidth"), frame.width());
    int height = Math.max(number(screen, "logicalScreenHeight"), frame.height());
    int left = Math.min(number(place, "imageLeftPosition"), width - frame.width());
    int top = Math.min(number(place, "imageTopPosition"), height - frame.height());
    Decoder.checkSize(width, height, name);
    return frame.on(width, height, left, top);
  }

  private static Element tree(IIOMetadata metadata, String format) {
    return (Element) metadata.getAsTree(format);
  }

  private static Element child(Element parent, String name) throws IOException {
    NodeList children = parent.getChildNodes();
    for (int i = 0; i < children.getLength(); i++) {
      Node node = children.item(i);
      if (node.getNodeName().equals(name)) {
        return (Element) node;
      }
    }
    throw new IOException("no " + name);
  }

  private static int number(Element element, String attribute) {
    return Math.max(0, Integer.parseInt(element.getAttribute(attribute)));
  }

  private static Decoder.Pixels pixels(BufferedImage image, String name) {
    int width = image.getWidth();
    int height = image.getHeight();
    Raster raster = image.getRaster();
    int type = raster.getTransferType();
    if (type != DataBuffer.TYPE_BYTE
        && type != DataBuffer.TYPE_USHORT
        && type != DataBuffer.TYPE_INT) {
      throw new ImageException(
          name + " has signed or floating pixels: convert it to 8 bits a channel first");
    }
    ColorModel colors = image.getColorModel();
    int space = colors.getColorSpace().getType();
    boolean grey = space == ColorSpace.TYPE_GRAY;
    boolean direct = !(colors instanceof IndexColorModel) && (grey || space == ColorSpace.TYPE_RGB);
    byte[] rgb = new byte[Math.multiplyExact(3, width * height)];
    int[] samples = new int[raster.getNumBands()];
    for (int y = 0, to = 0; y < height; y++) {
      for (int x = 0; x < width; x++, to += 3) {
        if (direct) {
          raster.getPixel(x + raster.getMinX(), y + raster.getMinY(), samples);
          for (int c = 0; c < 3; c++) {
            int band = grey ? 0 : c;
            rgb[to + c] = eightBits(samples[band], colors.getComponentSize(band));
          }
        } else {
          int packed = image.getRGB(x, y);
          rgb[to] = (byte) (packed >> 16);
          rgb[to + 1] = (byte) (packed >> 8);
          rgb[to + 2] = (byte) packed;
        }
      }
    }
    return new Decoder.Pixels(width, height, rgb);
  }

  private static byte eightBits(int sample, int bits) {
    return (byte) (bits >= 8 ? sample >>> (bits - 8) : sample * 255 / ((1 << bits) - 1));
  }
}
