/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.UnsupportedOperatorException;

/** An argument of an operator, as a torch.export archive writes it. */
sealed interface ExportedArgument {
  /** What a name stands for. */
  enum Kind {
    TENSOR,
    INT,
    FLOAT,
    BOOL
  }

  /** A value that is made somewhere. */
  record Ref(String name, Kind kind) implements ExportedArgument {}

  /** None (null), Long, Double, Boolean, String or {@link #DEVICE}. */
  record Literal(Object value) implements ExportedArgument {}

  /** A list. */
  record Items(List<ExportedArgument> elements) implements ExportedArgument {
    public Items {
      elements = List.copyOf(elements);
    }
  }

  /** A program that a higher-order operator runs. */
  record Graph(ExportedJson graph) implements ExportedArgument {}

  /** Whatever device the file says: the one to run on takes its place. */
  Object DEVICE = new Object();

  Literal NONE = new Literal(null);

  /** The schema's numbers of dtypes, which are not LibTorch's. */
  Map<Long, ScalarType> DTYPES =
      Map.ofEntries(
          Map.entry(1L, ScalarType.Byte),
          Map.entry(2L, ScalarType.Char),
          Map.entry(3L, ScalarType.Short),
          Map.entry(4L, ScalarType.Int),
          Map.entry(5L, ScalarType.Long),
          Map.entry(6L, ScalarType.Half),
          Map.entry(7L, ScalarType.Float),
          Map.entry(8L, ScalarType.Double),
          Map.entry(9L, ScalarType.ComplexHalf),
          Map.entry(10L, ScalarType.ComplexFloat),
          Map.entry(11L, ScalarType.ComplexDouble),
          Map.entry(12L, ScalarType.Bool),
          Map.entry(13L, ScalarType.BFloat16),
          Map.entry(28L, ScalarType.UInt16),
          Map.entry(29L, ScalarType.Float8_e4m3fn),
          Map.entry(30L, ScalarType.Float8_e5m2),
          Map.entry(31L, ScalarType.Float8_e4m3fnuz),
          Map.entry(32L, ScalarType.Float8_e5m2fnuz),
          Map.entry(33L, ScalarType.Float8_e8m0fnu),
          Map.entry(34L, ScalarType.UInt32),
          Map.entry(35L, ScalarType.UInt64));

  /** Memory formats: contiguous, channels_last, channels_last_3d, preserve. */
  Map<Long, Long> MEMORY_FORMATS = Map.of(1L, 0L, 2L, 2L, 3L, 3L, 4L, 1L);

  /** The schema's number of the strided layout; LibTorch's is 0. */
  long STRIDED = 7;

  static ScalarType dtype(ExportedJson number) {
    ScalarType type = DTYPES.get(number.integer());
    if (type == null) {
      throw number.bad(
          "is " + number.integer() + ", which is the number of no dtype that is known");
    }
    return type;
  }

  /**
   * Reads an argument.
   *
   * @param json a union such as {@code {"as_int": 3}}
   */
  static ExportedArgument read(ExportedJson json) {
    ExportedJson.Union union = json.union();
    ExportedJson value = union.value();
    return switch (union.kind()) {
      case "as_none" -> NONE;
      case "as_tensor" -> new Ref(value.text("name"), Kind.TENSOR);
      case "as_tensors" -> {
        List<ExportedArgument> tensors = new ArrayList<>();
        for (ExportedJson tensor : value.elements()) {
          tensors.add(new Ref(tensor.text("name"), Kind.TENSOR));
        }
        yield new Items(tensors);
      }
      case "as_optional_tensor" -> read(value);
      case "as_optional_tensors" ->
          new Items(value.elements().stream().map(ExportedArgument::read).toList());
      case "as_int" -> new Literal(value.integer());
      case "as_float" -> new Literal(value.number());
      case "as_bool" -> new Literal(value.flag());
      case "as_string" -> new Literal(value.text());
      case "as_ints" -> literals(value, ExportedJson::integer);
      case "as_floats" -> literals(value, ExportedJson::number);
      case "as_bools" -> literals(value, ExportedJson::flag);
      case "as_strings" -> literals(value, ExportedJson::text);
      case "as_sym_int" -> symbol(value, Kind.INT);
      case "as_sym_float" -> symbol(value, Kind.FLOAT);
      case "as_sym_bool" -> symbol(value, Kind.BOOL);
      case "as_sym_ints" -> symbols(value, Kind.INT);
      case "as_sym_floats" -> symbols(value, Kind.FLOAT);
      case "as_sym_bools" -> symbols(value, Kind.BOOL);
      case "as_scalar_type" -> new Literal((long) dtype(value).value);
      case "as_memory_format" -> {
        Long format = MEMORY_FORMATS.get(value.integer());
        if (format == null) {
          throw value.bad("is no memory format that is known");
        }
        yield new Literal(format);
      }
      case "as_layout" -> {
        if (value.integer() != STRIDED) {
          throw new UnsupportedOperatorException(
              "the program makes a sparse tensor (" + json.where() + "), which is not supported");
        }
        yield new Literal(0L);
      }
      case "as_device" -> new Literal(DEVICE);
      case "as_graph" -> new Graph(value.get("graph"));
      default ->
          throw new UnsupportedOperatorException(
              "the program holds an argument of the kind '"
                  + union.kind()
                  + "' ("
                  + json.where()
                  + "), which this library does not know");
    };
  }

  private static Items literals(
      ExportedJson list, java.util.function.Function<ExportedJson, Object> read) {
    List<ExportedArgument> elements = new ArrayList<>();
    for (ExportedJson element : list.elements()) {
      elements.add(new Literal(read.apply(element)));
    }
    return new Items(elements);
  }

  private static Items symbols(ExportedJson list, Kind kind) {
    return new Items(list.elements().stream().map(element -> symbol(element, kind)).toList());
  }

  private static ExportedArgument symbol(ExportedJson json, Kind kind) {
    ExportedJson.Union union = json.union();
    return switch (union.kind()) {
      case "as_name" -> new Ref(union.value().text(), kind);
      case "as_int" -> new Literal(union.value().integer());
      case "as_float" -> new Literal(union.value().number());
      case "as_bool" -> new Literal(union.value().flag());
      default -> throw json.bad("is neither a name nor a number");
    };
  }
}
