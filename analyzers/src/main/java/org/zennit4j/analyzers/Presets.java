/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.zennit4j.bindings.Zennit4jException;

/**
 * Presets of options by name. A preset sets what neither the caller nor the method's name says;
 * methods that it does not know keep their defaults.
 */
public final class Presets {

  /** An option that a preset sets for one method. */
  private record Setting(String method, MethodOption option, Number value) {}

  private static final Map<String, List<Setting>> PRESETS =
      new TreeMap<>(
          Map.of(
              "default",
              List.of(
                  new Setting("smoothgrad", MethodOption.NUM_SAMPLES, 25),
                  new Setting("smoothgrad", MethodOption.NOISE_LEVEL, 0.1),
                  new Setting("vargrad", MethodOption.NUM_SAMPLES, 25),
                  new Setting("vargrad", MethodOption.NOISE_LEVEL, 0.2),
                  new Setting("integrated_gradients", MethodOption.STEPS, 50),
                  new Setting("lrp_epsilon", MethodOption.EPSILON, 0.1)),
              "fast",
              List.of(
                  new Setting("smoothgrad", MethodOption.NUM_SAMPLES, 10),
                  new Setting("smoothgrad", MethodOption.NOISE_LEVEL, 0.15),
                  new Setting("integrated_gradients", MethodOption.STEPS, 20)),
              "high_quality",
              List.of(
                  new Setting("smoothgrad", MethodOption.NUM_SAMPLES, 50),
                  new Setting("smoothgrad", MethodOption.NOISE_LEVEL, 0.05),
                  new Setting("integrated_gradients", MethodOption.STEPS, 100))));

  private Presets() {}

  /**
   * Returns the names of all presets.
   *
   * @return the names, sorted
   */
  public static List<String> names() {
    return List.copyOf(PRESETS.keySet());
  }

  /**
   * Returns the options that a preset sets for a method.
   *
   * @param preset the preset's name
   * @param name the method, whose modifiers and suffix do not matter
   * @return the options, none where the preset does not know the method; never one whose number is
   *     in the name
   */
  public static MethodOptions options(String preset, MethodName name) {
    List<Setting> settings = preset == null ? null : PRESETS.get(preset);
    if (settings == null) {
      throw new Zennit4jException(
          "unknown preset "
              + Texts.quote(String.valueOf(preset))
              + "; there are "
              + String.join(", ", names()));
    }
    MethodOptions options = MethodOptions.none();
    for (Setting setting : settings) {
      boolean inName =
          name.numbers().keySet().stream().anyMatch(number -> number.option() == setting.option());
      if (!inName && isSameMethod(name, MethodName.parse(setting.method()))) {
        options = options.with(setting.option(), setting.value());
      }
    }
    return options;
  }

  /**
   * Returns the options of a preset together with those of the caller, which win.
   *
   * @param preset the preset's name
   * @param name the method
   * @param explicit the caller's options; given noise makes the preset's noise void
   * @return all options
   */
  public static MethodOptions apply(String preset, MethodName name, MethodOptions explicit) {
    MethodOptions options = options(preset, name);
    if (explicit.has(MethodOption.NOISE)) {
      options = options.with(MethodOption.NOISE_LEVEL, null).with(MethodOption.NUM_SAMPLES, null);
    }
    return options.with(explicit);
  }

  private static boolean isSameMethod(MethodName name, MethodName other) {
    return name.base() == other.base()
        && name.inputRule().equals(other.inputRule())
        && name.core().equals(other.core());
  }
}
