/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.zennit4j.requests.NdArray.DType;

/**
 * The dictionary at the head of an npy file: type, order and shape.
 *
 * @param dtype the type of the elements
 * @param bigEndian whether their bytes are swapped
 * @param fortranOrder whether the first index runs fastest
 * @param shape the length of each dimension
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never leaves the package
record NpyHeader(DType dtype, boolean bigEndian, boolean fortranOrder, long[] shape) {

  static NpyHeader parse(String text) {
    Object value = new Literal(text).parse();
    if (!(value instanceof Map<?, ?> dict)
        || !dict.keySet().equals(Set.of("descr", "fortran_order", "shape"))) {
      throw new RequestException("corrupt header: descr, fortran_order and shape expected");
    }
    if (!(dict.get("fortran_order") instanceof Boolean fortranOrder)) {
      throw new RequestException("corrupt header: fortran_order is neither True nor False");
    }
    if (!(dict.get("shape") instanceof List<?> lengths)) {
      throw new RequestException("corrupt header: the shape is no tuple");
    }
    long[] shape = new long[lengths.size()];
    for (int i = 0; i < shape.length; i++) {
      if (!(lengths.get(i) instanceof Long length) || length < 0) {
        throw new RequestException("corrupt header: the shape holds " + lengths.get(i));
      }
      shape[i] = length;
    }
    if (!(dict.get("descr") instanceof String descr)) {
      throw new RequestException("it holds records (a structured type); plain numbers can be read");
    }
    String name =
        descr.isEmpty() || "<>|=".indexOf(descr.charAt(0)) < 0 ? descr : descr.substring(1);
    return new NpyHeader(dtype(name, descr), descr.startsWith(">"), fortranOrder, shape);
  }

  private static DType dtype(String name, String descr) {
    if (name.equals("?")) {
      return DType.BOOL;
    }
    String refused =
        switch (name.isEmpty() ? ' ' : name.charAt(0)) {
          case 'O' -> "pickled Python objects";
          case 'U', 'S', 'a' -> "text";
          case 'c' -> "complex numbers";
          case 'V' -> "records or raw bytes";
          case 'M', 'm' -> "dates or times";
          default -> null;
        };
    if (refused != null) {
      throw new RequestException(
          "it holds " + refused + " (" + descr + "); save plain numbers instead");
    }
    DType dtype = null;
    if (name.length() == 2 && Character.isDigit(name.charAt(1))) {
      dtype = DType.of(name.charAt(0), name.charAt(1) - '0');
    }
    if (dtype == null) {
      throw new RequestException(
          "the type "
              + descr
              + " is unknown; booleans, integers and float16, float32, float64 can be read");
    }
    return dtype;
  }

  static String format(DType dtype, long[] shape) {
    String lengths =
        Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(", "));
    // NumPy leaves room for the first length to grow to 21 digits.
    int spare = shape.length == 0 ? 0 : 21 - Long.toString(shape[0]).length();
    return "{'descr': '"
        + dtype.descr()
        + "', 'fortran_order': False, 'shape': ("
        + lengths
        + (shape.length == 1 ? "," : "")
        + "), }"
        + " ".repeat(spare);
  }

  /** Reads the few of Python's literals that occur: dict, tuple, list, string, integer, bool. */
  private static final class Literal {
    private static final int MAX_DEPTH = 16;

    private final String text;
    private int at;

    Literal(String text) {
      this.text = text;
    }

    Object parse() {
      Object value = value(0);
      if (peek() != 0) {
        throw corrupt();
      }
      return value;
    }

    private Object value(int depth) {
      if (depth > MAX_DEPTH) {
        throw corrupt();
      }
      return switch (peek()) {
        case '{' -> dict(depth);
        case '(' -> list(')', depth);
        case '[' -> list(']', depth);
        case '\'', '"' -> string();
        default -> word();
      };
    }

    private Map<Object, Object> dict(int depth) {
      Map<Object, Object> result = new LinkedHashMap<>();
      at++;
      while (peek() != '}') {
        Object key = value(depth + 1);
        expect(':');
        if (result.put(key, value(depth + 1)) != null) {
          throw corrupt();
        }
        if (peek() != '}') {
          expect(',');
        }
      }
      at++;
      return result;
    }

    private List<Object> list(char end, int depth) {
      List<Object> result = new ArrayList<>();
      at++;
      while (peek() != end) {
        result.add(value(depth + 1));
        if (peek() != end) {
          expect(',');
        }
      }
      at++;
      return result;
    }

    private String string() {
      int end = text.indexOf(text.charAt(at), at + 1);
      if (end < 0) {
        throw corrupt();
      }
      String result = text.substring(at + 1, end);
      at = end + 1;
      return result;
    }

    private Object word() {
      int start = at;
      while (at < text.length()
          && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '-')) {
        at++;
      }
      String word = text.substring(start, at);
      if (word.equals("True") || word.equals("False")) {
        return word.equals("True");
      }
      try {
        // Python 2 wrote 3L.
        return Long.valueOf(word.endsWith("L") ? word.substring(0, word.length() - 1) : word);
      } catch (NumberFormatException e) {
        throw corrupt();
      }
    }

    private void expect(char c) {
      if (peek() != c) {
        throw corrupt();
      }
      at++;
    }

    /** The next character that is no white space, 0 at the end. */
    private char peek() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
      return at < text.length() ? text.charAt(at) : 0;
    }

    private RequestException corrupt() {
      return new RequestException("corrupt header: unreadable at character " + at);
    }
  }
}
