/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** What a method name stands for before its modifiers: the method that makes the base map. */
public enum BaseMethod {
  /** The gradient of the target's score. */
  GRADIENT("gradient", Family.GRADIENT),
  /** Guided backpropagation. */
  GUIDED_BACKPROP("guided_backprop", Family.GRADIENT),
  /** DeconvNet. */
  DECONVNET("deconvnet", Family.GRADIENT),
  /** Deep Taylor decomposition, with w² on the input layers unless bounds are given. */
  DEEP_TAYLOR("deep_taylor", Family.DEEP_TAYLOR),
  /** Deep Taylor decomposition with ZBox on the input layers. */
  DEEP_TAYLOR_BOUNDED("deep_taylor_bounded", Family.DEEP_TAYLOR),
  /** DeepLIFT with the rescale rule. */
  DEEPLIFT("deeplift", Family.DEEPLIFT),
  /** Occlusion by a sliding window. */
  OCCLUSION("occlusion", Family.PERTURBATION),
  /** Uniform noise, a control for comparisons. */
  RANDOM_UNIFORM("random_uniform", Family.PERTURBATION),
  /** Integrated gradients. */
  INTEGRATED_GRADIENTS("integrated_gradients", Family.GRADIENT),
  /** The mean of the gradients at noisy copies of the input. */
  SMOOTHGRAD("smoothgrad", Family.GRADIENT),
  /** The variance of the gradients at noisy copies of the input. */
  VARGRAD("vargrad", Family.GRADIENT),
  /** Grad-CAM. */
  GRAD_CAM("grad_cam", Family.CAM),
  /** Grad-CAM times guided backpropagation. */
  GUIDED_GRAD_CAM("guided_grad_cam", Family.CAM),
  /** LRP with an input rule and a core rule, both part of the name. */
  LRP_RULES("lrp", Family.LRP),
  /** The name {@code lrp} alone: one rule everywhere, chosen by the options. */
  LRP("lrp", Family.LRP),
  /** AlphaBeta everywhere, alpha and beta chosen by the options. */
  LRP_ALPHABETA("lrp_alphabeta", Family.LRP),
  /** LRP with a rule type chosen by the options. */
  LRP_ADVANCED("lrp_advanced", Family.LRP),
  /** LRP with one rule each for the first, the middle and the last layers. */
  LRP_SEQUENTIAL("lrp_sequential", Family.LRP);

  private enum Family {
    GRADIENT,
    CAM,
    LRP,
    DEEP_TAYLOR,
    DEEPLIFT,
    PERTURBATION
  }

  private final String text;
  private final Family family;

  BaseMethod(String text, Family family) {
    this.text = text;
    this.family = family;
  }

  /**
   * The spelling in a canonical name; for {@link #LRP_RULES} the input rule's prefix replaces it.
   */
  String text() {
    return text;
  }

  /**
   * Returns whether this is one of the LRP methods, which start at the logit and take the suffix
   * {@code _IB}.
   *
   * @return true for the five LRP bases
   */
  public boolean isLrp() {
    return family == Family.LRP;
  }

  /**
   * Returns whether this is a Deep Taylor decomposition.
   *
   * @return true for the bounded and the unbounded one
   */
  public boolean isDeepTaylor() {
    return family == Family.DEEP_TAYLOR;
  }

  /**
   * Returns whether this is a class activation map.
   *
   * @return true for Grad-CAM and guided Grad-CAM
   */
  public boolean isCam() {
    return family == Family.CAM;
  }

  /**
   * Returns whether the method averages over noisy copies of the input.
   *
   * @return true for SmoothGrad and VarGrad
   */
  public boolean isNoisy() {
    return this == SMOOTHGRAD || this == VARGRAD;
  }

  /**
   * Returns whether the method refuses a model that ends in a softmax, unless it is allowed.
   *
   * @return true for LRP, Deep Taylor and DeepLIFT
   */
  public boolean refusesSoftmax() {
    return isLrp() || isDeepTaylor() || family == Family.DEEPLIFT;
  }
}
