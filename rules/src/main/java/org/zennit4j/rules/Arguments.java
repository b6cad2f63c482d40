/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.zennit4j.registry.Argument;

/** Rule arguments as data, in the spelling of requests. */
final class Arguments {
  static final Argument STABILIZER =
      Argument.of("stabilizer", Argument.Kind.STABILIZER, Stabilizer.standard());
  static final Argument ZERO_PARAMS =
      Argument.of("zero_params", Argument.Kind.ZERO_PARAMS, ZeroParams.none());

  private final Map<String, Object> values = new LinkedHashMap<>();

  Arguments with(String key, Object value) {
    values.put(key, value);
    return this;
  }

  Arguments with(ZeroParams zeroParams) {
    if (!zeroParams.names().isEmpty()) {
      values.put("zero_params", zeroParams);
    }
    return this;
  }

  Arguments withFlag(String key, boolean value) {
    if (value) {
      values.put(key, true);
    }
    return this;
  }

  Map<String, Object> map() {
    return Collections.unmodifiableMap(values);
  }
}
