/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.List;

/** Several ways to explain, closed together. */
final class Explainers implements AutoCloseable {
  private final List<Explainer> explainers = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  void add(Explainer explainer) {
    explainers.add(explainer);
  }

  void note(String note) {
    notes.add(note);
  }

  /** What is to be said about the choice of explainers. */
  List<String> notes() {
    return notes;
  }

  List<Explainer> list() {
    return explainers;
  }

  @Override
  public void close() {
    explainers.forEach(Explainer::close);
  }
}
