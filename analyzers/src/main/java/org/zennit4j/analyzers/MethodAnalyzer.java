/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * Any method by its name, for instance {@code lrpz_epsilon_0_1} or {@code gradient_x_input_x_sign};
 * {@link MethodName#listed()} has the usual ones.
 */
public final class MethodAnalyzer extends BuiltInAnalyzer {
  /**
   * The method with its defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param methodName the method's name
   * @throws MethodNameException if there is no such method
   */
  public MethodAnalyzer(ScriptModel model, String methodName) {
    this(model, methodName, MethodOptions.none());
  }

  /**
   * The method with options.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param methodName the method's name
   * @param options the options, which win over numbers in the name
   * @throws MethodNameException if there is no such method
   * @throws org.zennit4j.bindings.Zennit4jException if the method does not use an option, or does
   *     not fit the model
   */
  public MethodAnalyzer(ScriptModel model, String methodName, MethodOptions options) {
    super(model, methodName, options);
  }

  /**
   * The method with options.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param method name and options
   */
  public MethodAnalyzer(ScriptModel model, ResolvedMethod method) {
    super(model, method);
  }
}
