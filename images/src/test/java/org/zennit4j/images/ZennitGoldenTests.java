/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.zennit4j.images.internal.Tensors;

/** Every palette, pixel and palette index that Zennit computed, without tolerance. */
class ZennitGoldenTests {
  private static final Map<String, Object> FILE = file();
  private static final Map<String, Npz.Entry> ARRAYS = arrays();

  @SuppressWarnings("unchecked")
  private static Map<String, Object> file() {
    try (InputStream in = ZennitGoldenTests.class.getResourceAsStream("/golden/images.json")) {
      return (Map<String, Object>)
          Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Npz.Entry> arrays() {
    try (InputStream in = ZennitGoldenTests.class.getResourceAsStream("/golden/images.npz")) {
      return Npz.read(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void namedMapsHaveZennitsSources() {
    assertThat(ColorMap.named()).isEqualTo(FILE.get("cmaps"));
  }

  @SuppressWarnings("unchecked")
  @TestFactory
  Stream<DynamicTest> cases() {
    List<Map<String, Object>> cases = (List<Map<String, Object>>) FILE.get("cases");
    assertThat(cases).hasSize(130);
    return cases.stream().map(c -> DynamicTest.dynamicTest((String) c.get("id"), () -> check(c)));
  }

  @SuppressWarnings("try")
  private static void check(Map<String, Object> c) throws IOException {
    try (PointerScope scope = new PointerScope()) {
      switch ((String) c.get("function")) {
        case "palette" -> checkPalette(c);
        case "cmap" -> checkCall(c);
        case "imgify" -> checkImgify(c);
        case "gridify" -> checkGridify(c);
        default -> throw new IllegalArgumentException(c.toString());
      }
    }
  }

  private static void checkPalette(Map<String, Object> c) {
    String source = (String) c.get("cmap");
    if (Boolean.TRUE.equals(c.get("raises"))) {
      assertThatThrownBy(() -> ColorMap.of(source)).isInstanceOf(ImageException.class);
      return;
    }
    byte[] palette = ColorMap.of(source).palette((Double) c.get("level"));
    assertThat(palette).isEqualTo(expected(c, "expect").bytes());
  }

  private static void checkCall(Map<String, Object> c) {
    double[] rgb = ColorMap.of((String) c.get("cmap")).apply(expected(c, "input").values());
    assertThat(rgb).isEqualTo(expected(c, "expect").values());
  }

  private static void checkImgify(Map<String, Object> c) throws IOException {
    Tensor input = expected(c, "input").tensor();
    Picture picture = Images.imgify(input, options(arguments(c)));
    Npz.Entry expected = expected(c, "expect");
    assertThat(picture.height()).isEqualTo(expected.shape()[0]);
    assertThat(picture.width()).isEqualTo(expected.shape()[1]);
    assertThat(picture.toRgb().rgb()).isEqualTo(expected.bytes());
    if (c.get("mode").equals("P")) {
      byte[] indices = ((PaletteImage) picture).indices();
      assertThat(indices).isEqualTo(expected(c, "expect_index").bytes());
    } else {
      assertThat(picture).isInstanceOf(RgbImage.class);
    }
    // What is written reads back, by our own decoder and by an independent one.
    byte[] png = picture.toPng();
    assertThat(RgbImage.decode(png)).isEqualTo(picture.toRgb());
    var read = ImageIO.read(new ByteArrayInputStream(png));
    for (int i = 0; i < picture.width() * picture.height(); i++) {
      int pixel = read.getRGB(i % picture.width(), i / picture.width());
      double[] rgb = expected.values();
      int wanted = (int) rgb[3 * i] << 16 | (int) rgb[3 * i + 1] << 8 | (int) rgb[3 * i + 2];
      assertThat(pixel & 0xffffff).isEqualTo(wanted);
    }
  }

  private static void checkGridify(Map<String, Object> c) {
    Tensor input = expected(c, "input").tensor();
    Map<String, Object> arguments = arguments(c);
    Double fill = (Double) arguments.get("fill_value");
    int[] shape = shape(arguments.get("shape"));
    Tensor grid =
        shape == null
            ? fill == null ? Images.gridify(input) : Images.gridify(input, 0, 0, fill)
            : Images.gridify(input, shape[0], shape[1], fill);
    Npz.Entry expected = expected(c, "expect");
    assertThat(grid.scalar_type().intern()).isEqualTo(input.scalar_type().intern());
    assertThat(Tensors.read(grid, "grid").shape()).isEqualTo(expected.shape());
    assertThat(Tensors.read(grid, "grid").data()).isEqualTo(expected.values());
  }

  private static ImgifyOptions options(Map<String, Object> arguments) {
    ImgifyOptions options = ImgifyOptions.DEFAULT;
    for (Map.Entry<String, Object> argument : arguments.entrySet()) {
      Object value = argument.getValue();
      options =
          switch (argument.getKey()) {
            case "vmin" -> options.withVmin((Double) value);
            case "vmax" -> options.withVmax((Double) value);
            case "cmap" -> options.withColorMap(ColorMap.of((String) value));
            case "level" -> options.withLevel((Double) value);
            case "symmetric" -> options.withSymmetric((Boolean) value);
            case "gridfill" -> options.withGridFill(((Double) value).intValue());
            case "grid" -> {
              int[] shape = shape(value);
              yield shape == null ? options.withGrid() : options.withGrid(shape[0], shape[1]);
            }
            default -> throw new IllegalArgumentException(argument.getKey());
          };
    }
    return options;
  }

  private static int[] shape(Object value) {
    return value instanceof List<?> list
        ? list.stream().mapToInt(x -> ((Double) x).intValue()).toArray()
        : null;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> arguments(Map<String, Object> c) {
    return (Map<String, Object>) c.get("args");
  }

  private static Npz.Entry expected(Map<String, Object> c, String key) {
    return ARRAYS.get((String) c.get(key));
  }
}
