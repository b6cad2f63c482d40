/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.zennit4j.bindings.Zennit4jException;

/** What values an option takes: their types and the ranges that hold whatever the method is. */
enum OptionKind {
  /** A number above 0. */
  POSITIVE("a number > 0") {
    @Override
    Object convert(Object value) {
      double number = number(value);
      return number > 0 ? number : refuse();
    }
  },
  /** A number, 0 or above. */
  NON_NEGATIVE("a number >= 0") {
    @Override
    Object convert(Object value) {
      double number = number(value);
      return number >= 0 ? number : refuse();
    }
  },
  /** Any finite number. */
  NUMBER("a number") {
    @Override
    Object convert(Object value) {
      return number(value);
    }
  },
  /** A whole number from 1. */
  COUNT("a whole number >= 1") {
    @Override
    Object convert(Object value) {
      return (int) whole(value, 1, Integer.MAX_VALUE);
    }
  },
  /** A whole number from 0. */
  INDEX("a whole number >= 0") {
    @Override
    Object convert(Object value) {
      return (int) whole(value, 0, Integer.MAX_VALUE);
    }
  },
  /** What a random generator starts from: 32 bits. */
  SEED("a whole number from 0 to 4294967295") {
    @Override
    Object convert(Object value) {
      return whole(value, 0, 0xFFFF_FFFFL);
    }
  },
  /** One count for all axes, or one each. */
  COUNTS("a whole number >= 1, or a list of them") {
    @Override
    Object convert(Object value) {
      List<Object> values = list(value);
      if (values == null) {
        return List.of(COUNT.convert(value));
      }
      return values.isEmpty() ? refuse() : values.stream().map(COUNT::convert).toList();
    }
  },
  /** Yes or no. */
  FLAG("true or false") {
    @Override
    Object convert(Object value) {
      return value instanceof Boolean ? value : refuse();
    }
  },
  /** The name of a module of the model; numbers are names too. */
  LAYER("the name of a layer") {
    @Override
    Object convert(Object value) {
      if (value instanceof Integer || value instanceof Long) {
        return value.toString();
      }
      return value instanceof CharSequence ? value.toString() : refuse();
    }
  },
  /** A name that depends on the method. */
  NAME("a name") {
    @Override
    Object convert(Object value) {
      return value instanceof CharSequence ? value.toString().toLowerCase(Locale.ROOT) : refuse();
    }
  },
  /** The name of a rule. */
  RULE("the name of a rule") {
    @Override
    String description() {
      return "one of " + String.join(", ", RuleChoice.NAMES);
    }

    @Override
    Object convert(Object value) {
      if (!(value instanceof CharSequence)) {
        return refuse();
      }
      return RuleChoice.find(value.toString()).orElseGet(() -> (String) refuse());
    }
  },
  /** What LRP starts from. */
  START("logit or one") {
    @Override
    Object convert(Object value) {
      return choice(value, "logit", "one");
    }
  },
  /** What a noise level is a multiple of. */
  NOISE_SCALE("relative or absolute") {
    @Override
    Object convert(Object value) {
      return choice(value, "relative", "absolute");
    }
  },
  /** A stabilizer. */
  STABILIZER("a number > 0, or strict") {
    @Override
    Object convert(Object value) {
      return value instanceof CharSequence ? choice(value, "strict") : POSITIVE.convert(value);
    }
  },
  /** A number for all channels, a list of one each, or a tensor. */
  BOUND("a number, a list of numbers or a tensor") {
    @Override
    Object convert(Object value) {
      if (value instanceof CharSequence || value instanceof Boolean) {
        return refuse();
      }
      List<Object> values = list(value);
      if (values != null) {
        return values.isEmpty() ? refuse() : values.stream().map(NUMBER::convert).toList();
      }
      return value instanceof Number ? number(value) : value;
    }
  },
  /** The reference input of a method. */
  BASELINE("a number, black, white or a tensor") {
    @Override
    Object convert(Object value) {
      if (value instanceof CharSequence) {
        return choice(value, "black", "white").equals("white") ? 1.0 : 0.0;
      }
      return BOUND.convert(value);
    }
  },
  /** Which outputs are explained. */
  TARGET("a class, a list of classes, max_activation, all, a tensor or a target") {
    @Override
    Object convert(Object value) {
      if (value instanceof CharSequence) {
        return choice(value, "max_activation", "all");
      }
      if (value instanceof Boolean) {
        return refuse();
      }
      List<Object> values = list(value);
      if (values != null) {
        return values.isEmpty() ? refuse() : values.stream().map(OptionKind::outputClass).toList();
      }
      return value instanceof Number ? outputClass(value) : value;
    }
  },
  /** A list of names or of objects; one alone is a list too. */
  LIST("a list") {
    @Override
    Object convert(Object value) {
      if (value instanceof Number || value instanceof Boolean) {
        return refuse();
      }
      List<Object> values = list(value);
      if (values != null) {
        return values;
      }
      return value.equals("none") ? List.of() : List.of(value);
    }
  },
  /** Anything. */
  OBJECT("an object") {
    @Override
    Object convert(Object value) {
      return value;
    }
  };

  /** A value of the wrong type or out of range; {@link MethodOption} says of which option. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refused() {
      super(null, null, /* enableSuppression= */ false, /* writableStackTrace= */ false);
    }
  }

  private final String description;

  OptionKind(String description) {
    this.description = description;
  }

  /** What values are allowed, to stand after "must be". */
  String description() {
    return description;
  }

  /** The value in the one type that this kind keeps: Double, Integer, Long, String, List... */
  abstract Object convert(Object value);

  /** Converts the value of an option that is called {@code key}. */
  Object convert(String key, Object value) {
    try {
      return convert(value);
    } catch (Refused e) {
      throw new Zennit4jException(
          "option " + key + " must be " + description() + ", not " + Texts.show(value), e);
    }
  }

  /** What is wrong with the value, or null. */
  String problemOf(Object value) {
    try {
      convert(value);
      return null;
    } catch (Refused e) {
      return "must be " + description();
    }
  }

  private static Object refuse() {
    throw new Refused();
  }

  private static double number(Object value) {
    if (!(value instanceof Number number) || !Double.isFinite(number.doubleValue())) {
      throw new Refused();
    }
    return number.doubleValue();
  }

  private static long whole(Object value, long lowest, long highest) {
    double number = number(value);
    if (number != Math.rint(number) || number < lowest || number > highest) {
      throw new Refused();
    }
    return (long) number;
  }

  /** A class; numbers with a decimal point could be meant as seeds and are refused. */
  private static Object outputClass(Object value) {
    return value instanceof Double || value instanceof Float ? refuse() : INDEX.convert(value);
  }

  private static String choice(Object value, String... choices) {
    if (value instanceof CharSequence) {
      String lower = value.toString().toLowerCase(Locale.ROOT);
      if (List.of(choices).contains(lower)) {
        return lower;
      }
    }
    throw new Refused();
  }

  /** An immutable copy of a collection or an array; null for anything else. */
  private static List<Object> list(Object value) {
    if (value instanceof Collection<?> values) {
      if (values.stream().anyMatch(element -> element == null)) {
        throw new Refused();
      }
      return List.copyOf(values);
    }
    if (!value.getClass().isArray()) {
      return null;
    }
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < Array.getLength(value); i++) {
      Object element = Array.get(value, i);
      if (element == null) {
        throw new Refused();
      }
      values.add(element);
    }
    return List.copyOf(values);
  }
}
