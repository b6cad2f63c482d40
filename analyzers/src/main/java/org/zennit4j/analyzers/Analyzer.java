/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;

/**
 * A method that explains what a network sees in an input.
 *
 * <p>SignXAI's methods are {@link MethodAnalyzer} by name and the other classes of this package by
 * class; a method of one's own implements this interface. The analyzers of this package are
 * immutable and thread-safe; make one and use it for any number of inputs. Owned by who makes it,
 * who closes it before its model.
 */
public interface Analyzer extends AutoCloseable {
  /**
   * Explains the most likely class of each sample, or what the options of the analyzer say.
   *
   * @param input a batch or one sample; neither changed nor closed
   * @return the relevance, to be closed by the caller
   */
  default Tensor analyze(Tensor input) {
    return analyze(input, null);
  }

  /**
   * Explains outputs.
   *
   * @param input a batch or one sample; neither changed nor closed
   * @param target which outputs; null for the most likely class of each sample
   * @return the relevance, to be closed by the caller
   */
  default Tensor analyze(Tensor input, Target target) {
    return attribute(input, target).takeRelevance();
  }

  /**
   * Explains the most likely class of each sample, or what the options of the analyzer say.
   *
   * @param input a batch or one sample; neither changed nor closed
   * @return relevance, output and warnings, to be closed by the caller
   */
  default Attribution attribute(Tensor input) {
    return attribute(input, null);
  }

  /**
   * Explains outputs.
   *
   * @param input a batch or one sample; neither changed nor closed
   * @param target which outputs; null for the most likely class of each sample
   * @return relevance, output and warnings, to be closed by the caller
   */
  Attribution attribute(Tensor input, Target target);

  /** Frees what was prepared; closing twice is harmless. */
  @Override
  void close();
}
