/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes small torch.export archives, as torch does and as it does not. */
final class ExportedBuilder {
  static final int INT64 = 5;
  static final int FLOAT32 = 7;
  static final int FLOAT64 = 8;

  final Map<String, byte[]> entries = new LinkedHashMap<>();
  private final List<String> inputSpecs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final List<String> outputSpecs = new ArrayList<>();
  private final Map<String, String> weights = new LinkedHashMap<>();
  private final Map<String, String> constants = new LinkedHashMap<>();
  private final List<String> nodes = new ArrayList<>();
  private final Map<String, String> metas = new LinkedHashMap<>();
  private String ranges = "{}";
  private String outSpec = "null";
  private String modules = "";

  static String tensor(String name) {
    return "{\"as_tensor\":{\"name\":\"" + name + "\"}}";
  }

  static String tensors(String... names) {
    return "{\"as_tensors\":["
        + Arrays.stream(names).map(n -> "{\"name\":\"" + n + "\"}").collect(Collectors.joining(","))
        + "]}";
  }

  static String symbol(String name) {
    return "{\"as_sym_int\":{\"as_name\":\"" + name + "\"}}";
  }

  static String number(long value) {
    return "{\"as_int\":" + value + "}";
  }

  static String ints(long... values) {
    return "{\"as_ints\":" + Arrays.toString(values) + "}";
  }

  static String real(String value) {
    return "{\"as_float\":" + value + "}";
  }

  static String flag(boolean value) {
    return "{\"as_bool\":" + value + "}";
  }

  static byte[] doubles(double... values) {
    ByteBuffer buffer = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      buffer.putDouble(value);
    }
    return buffer.array();
  }

  static String meta(int dtype, String sizes, String strides, long offset) {
    return "{\"dtype\":"
        + dtype
        + ",\"sizes\":["
        + sizes
        + "],\"strides\":["
        + strides
        + "],\"storage_offset\":{\"as_int\":"
        + offset
        + "},\"layout\":7,\"requires_grad\":false,\"device\":{\"type\":\"cpu\",\"index\":null}}";
  }

  static String asInts(long... values) {
    return Arrays.stream(values).mapToObj(ExportedBuilder::number).collect(Collectors.joining(","));
  }

  static long[] contiguous(long... sizes) {
    long[] strides = new long[sizes.length];
    long stride = 1;
    for (int i = sizes.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= sizes[i];
    }
    return strides;
  }

  ExportedBuilder meta(String name, int dtype, long... sizes) {
    metas.put(name, meta(dtype, asInts(sizes), asInts(contiguous(sizes)), 0));
    return this;
  }

  /** A user's input; sizes as the file writes them, such as {@code {"as_int":3}}. */
  ExportedBuilder input(String name, int dtype, String sizes) {
    metas.put(name, meta(dtype, sizes, "", 0));
    inputSpecs.add("{\"user_input\":{\"arg\":" + tensor(name) + "}}");
    return this;
  }

  ExportedBuilder input(String name, int dtype, long... sizes) {
    return input(name, dtype, asInts(sizes));
  }

  ExportedBuilder baked(String name) {
    inputSpecs.add("{\"constant_input\":{\"name\":\"" + name + "\",\"value\":{\"as_int\":3}}}");
    return this;
  }

  ExportedBuilder entry(String name, byte[] bytes) {
    entries.put("m/" + name, bytes);
    return this;
  }

  private static String config(String path, String meta) {
    return "{\"path_name\":\""
        + path
        + "\",\"is_param\":true,\"use_pickle\":false,\"tensor_meta\":"
        + meta
        + "}";
  }

  /** A parameter that looks at an entry. */
  ExportedBuilder parameter(String arg, String name, String path, String meta) {
    weights.put(name, config(path, meta));
    metas.put(arg, meta);
    inputSpecs.add(
        "{\"parameter\":{\"arg\":{\"name\":\"" + arg + "\"},\"parameter_name\":\"" + name + "\"}}");
    return this;
  }

  /** A float64 parameter with an entry of its own. */
  ExportedBuilder parameter(String arg, String name, double[] values, long... sizes) {
    String path = "weight_" + weights.size();
    entry("data/weights/" + path, doubles(values));
    return parameter(arg, name, path, meta(FLOAT64, asInts(sizes), asInts(contiguous(sizes)), 0));
  }

  ExportedBuilder buffer(
      String arg, String name, boolean persistent, double[] values, long... sizes) {
    Map<String, String> table = persistent ? weights : constants;
    String kind = persistent ? "weights" : "constants";
    String path = (persistent ? "weight_" : "tensor_") + table.size();
    entry("data/" + kind + "/" + path, doubles(values));
    String meta = meta(FLOAT64, asInts(sizes), asInts(contiguous(sizes)), 0);
    table.put(name, config(path, meta));
    metas.put(arg, meta);
    inputSpecs.add(
        "{\"buffer\":{\"arg\":{\"name\":\""
            + arg
            + "\"},\"buffer_name\":\""
            + name
            + "\",\"persistent\":"
            + persistent
            + "}}");
    return this;
  }

  static String arg(String name, String value) {
    return "{\"name\":\"" + name + "\",\"arg\":" + value + ",\"kind\":1}";
  }

  /** The root and the modules below it: {@code path=Class}, {@code path@1=Class}. */
  static String stack(String... frames) {
    StringBuilder stack = new StringBuilder("L__self__,,nets.Net");
    for (String frame : frames) {
      String key = frame.substring(0, frame.indexOf('='));
      stack
          .append(";L__self__")
          .append(key)
          .append(',')
          .append(key.replaceFirst("@\\d+$", ""))
          .append(",torch.nn.modules.")
          .append(frame.substring(frame.indexOf('=') + 1));
    }
    return stack.toString();
  }

  static String node(String target, String stack, String outputs, String... args) {
    return "{\"target\":\""
        + target
        + "\",\"inputs\":["
        + String.join(",", args)
        + "],\"outputs\":["
        + outputs
        + "],\"metadata\":{"
        + (stack == null ? "" : "\"nn_module_stack\":\"" + stack + "\"")
        + "},\"is_hop_single_tensor_return\":null}";
  }

  ExportedBuilder raw(String node) {
    nodes.add(node);
    return this;
  }

  /** An ATen operator with one tensor as its result. */
  ExportedBuilder aten(String operator, String stack, String output, String... args) {
    return raw(node("torch.ops.aten." + operator, stack, tensor(output), args));
  }

  ExportedBuilder output(String argument) {
    outputs.add(argument);
    outputSpecs.add("{\"user_output\":{\"arg\":" + argument + "}}");
    return this;
  }

  ExportedBuilder mutation(String argument, String buffer) {
    outputs.add(argument);
    outputSpecs.add(
        "{\"buffer_mutation\":{\"arg\":{\"name\":\"x\"},\"buffer_name\":\"" + buffer + "\"}}");
    return this;
  }

  ExportedBuilder ranges(String json) {
    ranges = json;
    return this;
  }

  /** The tree of the result, as JSON. */
  ExportedBuilder outSpec(String json) {
    outSpec = "\"" + json.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    return this;
  }

  ExportedBuilder modules(String... names) {
    modules =
        Arrays.stream(names)
            .map(n -> ",{\"fqn\":\"" + n + "\",\"signature\":null}")
            .collect(Collectors.joining());
    return this;
  }

  static String graph(List<String> inputs, List<String> outputs, List<String> nodes) {
    return "{\"inputs\":["
        + String.join(",", inputs)
        + "],\"outputs\":["
        + String.join(",", outputs)
        + "],\"nodes\":["
        + String.join(",", nodes)
        + "],\"tensor_values\":{}}";
  }

  String program() {
    String graph =
        "{\"inputs\":[],\"outputs\":["
            + String.join(",", outputs)
            + "],\"nodes\":["
            + String.join(",", nodes)
            + "],\"tensor_values\":"
            + table(metas)
            + "}";
    return "{\"graph_module\":{\"graph\":"
        + graph
        + ",\"signature\":{\"input_specs\":["
        + String.join(",", inputSpecs)
        + "],\"output_specs\":["
        + String.join(",", outputSpecs)
        + "]},\"module_call_graph\":[{\"fqn\":\"\",\"signature\":{\"out_spec\":"
        + outSpec
        + "}}"
        + modules
        + "]},\"range_constraints\":"
        + ranges
        + ",\"schema_version\":{\"major\":8,\"minor\":15}}";
  }

  private static String table(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(e -> "\"" + e.getKey() + "\":" + e.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  /** The entries of torch 2.9 and newer. */
  Map<String, byte[]> build() {
    Map<String, byte[]> all = new LinkedHashMap<>(entries);
    all.put("m/models/model.json", program().getBytes(StandardCharsets.UTF_8));
    all.put("m/data/weights/model_weights_config.json", config(weights));
    all.put("m/data/constants/model_constants_config.json", config(constants));
    all.put("m/archive_format", "pt2".getBytes(StandardCharsets.UTF_8));
    return all;
  }

  private static byte[] config(Map<String, String> table) {
    return ("{\"config\":" + table(table) + "}").getBytes(StandardCharsets.UTF_8);
  }

  Path write(Path file) {
    return zip(file, build());
  }

  /** A zip of stored entries, as torch writes it. */
  static Path zip(Path file, Map<String, byte[]> entries) {
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(zip(entries));
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] zip(Map<String, byte[]> entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> e : entries.entrySet()) {
        ZipEntry entry = new ZipEntry(e.getKey());
        CRC32 crc = new CRC32();
        crc.update(e.getValue());
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(e.getValue().length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(e.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** A torch.save of float64 tensors by name, each with a storage of its own. */
  static byte[] saved(Map<String, double[]> tensors, Map<String, long[]> sizes) {
    Pickler pickle = new Pickler();
    Map<String, byte[]> inner = new LinkedHashMap<>();
    pickle.bytes(0x80, 2, '}', 'q', 0, '(');
    int key = 0;
    for (Map.Entry<String, double[]> e : tensors.entrySet()) {
      long[] shape = sizes.get(e.getKey());
      pickle.text(e.getKey());
      pickle.global("torch._utils", "_rebuild_parameter");
      pickle.global("torch._utils", "_rebuild_tensor_v2");
      pickle.bytes('(', '(').text("storage").global("torch", "DoubleStorage");
      pickle.text(Integer.toString(key)).text("cpu");
      pickle.bytes('K', e.getValue().length, 't', 'Q', 'K', 0);
      pickle.tuple(shape).tuple(contiguous(shape));
      pickle.bytes(0x89).global("collections", "OrderedDict").bytes(')', 'R', 't', 'R');
      pickle.bytes(0x88).global("collections", "OrderedDict").bytes(')', 'R', 0x87, 'R');
      inner.put("archive/data/" + key++, doubles(e.getValue()));
    }
    pickle.bytes('u', '.');
    Map<String, byte[]> all = new LinkedHashMap<>();
    all.put("archive/data.pkl", pickle.out.toByteArray());
    all.putAll(inner);
    return zip(all);
  }

  /** Writes the instructions that torch.save uses. */
  private static final class Pickler {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Pickler bytes(int... values) {
      for (int value : values) {
        out.write(value);
      }
      return this;
    }

    Pickler text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      bytes('X', utf8.length, 0, 0, 0);
      out.writeBytes(utf8);
      return this;
    }

    Pickler global(String module, String name) {
      out.write('c');
      out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
      return this;
    }

    Pickler tuple(long[] values) {
      out.write('(');
      for (long value : values) {
        bytes('K', (int) value);
      }
      out.write('t');
      return this;
    }
  }
}
