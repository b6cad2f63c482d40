/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** The last part of a method name: what the network or its input is, or a variant of the rule. */
public enum MethodSuffix {
  /** VGG16 trained on ILSVRC: the automatic layer of CAM names, bounds of Caffe's preprocessing. */
  VGG16ILSVRC("VGG16ILSVRC", true),
  /** The same as {@link #VGG16ILSVRC}, in short. */
  VGG16("VGG16", true),
  /** VGG16 trained on MIT Places 365: the automatic layer of CAM names. */
  VGG16MITPL365("VGG16MITPL365", false),
  /** The MNIST network of SIGN-XAI: the automatic layer of CAM names. */
  MNISTCNN("MNISTCNN", false),
  /** A CAM name whose input must be a series. */
  TIMESERIES("timeseries", false),
  /** An LRP name whose rules ignore the bias. */
  IB("IB", false);

  /** The lowest value of an input of Caffe's preprocessing, one for all channels. */
  static final double CAFFE_LOW = -123.68;

  /** The highest value of an input of Caffe's preprocessing, one for all channels. */
  static final double CAFFE_HIGH = 151.061;

  private final String text;
  private final boolean bounds;

  MethodSuffix(String text, boolean bounds) {
    this.text = text;
    this.bounds = bounds;
  }

  /**
   * Returns the spelling in a canonical name, without the underscore.
   *
   * @return for instance {@code "VGG16ILSVRC"}
   */
  public String text() {
    return text;
  }

  /**
   * Returns whether the suffix brings bounds for ZBox.
   *
   * @return true for the two spellings of VGG16 on ILSVRC
   */
  public boolean hasBounds() {
    return bounds;
  }

  /** Whether the suffix means something on this method; {@code inputRule} is null outside LRP. */
  boolean appliesTo(BaseMethod base, InputRule inputRule) {
    if (this == IB) {
      return base.isLrp();
    }
    if (base.isCam()) {
      return true;
    }
    return bounds && (base == BaseMethod.DEEP_TAYLOR_BOUNDED || inputRule == InputRule.Z_BOX);
  }
}
