/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Entry;

/**
 * One pass: the gradient, as the plan's rules change it. With an LRP composite this is LRP; without
 * rules it is the plain gradient of the target.
 *
 * <p>K. Simonyan et al., Deep inside convolutional networks, 2013; S. Bach et al., 2015.
 */
public final class Gradient extends Attributor {
  /** There is nothing to set. */
  record Settings() implements AttributorSettings {
    @Override
    public String name() {
      return "gradient";
    }

    @Override
    public Attributor on(Plan plan) {
      return new Gradient(plan);
    }
  }

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   */
  public Gradient(Plan plan) {
    super(plan);
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers and rules
   */
  public Gradient(ScriptModel model, Composite composite) {
    super(model, composite);
  }

  @Override
  public Attribution attribute(List<Tensor> inputs, Target target, AttributionOptions options) {
    Pass pass = passWithTokens(inputs, target::apply, options, deadline(options));
    try {
      progress(options, 1, 1);
    } catch (CancelledException e) {
      pass.release();
      throw e;
    }
    return result(pass, inputs, options);
  }

  /**
   * The settings, of which there are none.
   *
   * @return named {@code gradient}
   */
  public static AttributorSettings settings() {
    return new Settings();
  }

  /** The attributor by name. */
  static Entry<AttributorSettings> entry() {
    return Entry.of("gradient", Settings.class, "one pass: LRP, or the gradient", v -> settings());
  }
}
