/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.zennit4j.attribution.ProgressListener;

/** A progress bar on the terminal that stderr is, and nothing where it is none. */
final class Progress implements AutoCloseable {
  /** Set by the launcher, which can tell. */
  static final String PROPERTY = "zennit4j.terminal";

  private final ProgressBar bar;

  private Progress(ProgressBar bar) {
    this.bar = bar;
  }

  static Progress of(String task, long steps) {
    if (steps < 2 || !Boolean.getBoolean(PROPERTY)) {
      return new Progress(null);
    }
    return new Progress(
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .clearDisplayOnFinish()
            .build());
  }

  /** Shows the passes of an attribution. */
  static ProgressListener listener() {
    return new ProgressListener() {
      private Progress progress;

      @Override
      public boolean onProgress(int done, int total) {
        if (progress == null) {
          progress = of("passes", total);
        }
        progress.to(done);
        if (done >= total) {
          progress.close();
          progress = null;
        }
        return true;
      }
    };
  }

  void to(long done) {
    if (bar != null) {
      bar.stepTo(done);
    }
  }

  void step(String what) {
    if (bar != null) {
      bar.step();
      bar.setExtraMessage(what);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
