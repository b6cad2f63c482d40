/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.zennit4j.attribution.ProgressListener;

/** A progress bar on the terminal that stderr is, and nothing where it is none. */
final class Progress implements AutoCloseable {
  /** Set by the launcher, which can tell. */
  static final String PROPERTY = "zennit4j.terminal";

  private static final int WIDTH = 79;

  /** Erases the rest of the line: ECMA-48, EL. */
  private static final String ERASE = "\u001b[K";

  private final ProgressBar bar;
  private final Line line;

  private Progress(ProgressBar bar, Line line) {
    this.bar = bar;
    this.line = line;
  }

  /** The bars that are open, the newest last: it alone is shown. Also the lock of the line. */
  private static final Deque<Line> OPEN = new ArrayDeque<>();

  /** The terminal's last line, on which the bars are drawn one over the other. */
  private static final class Line implements Consumer<String> {
    @Override
    @SuppressWarnings("SystemOut")
    public void accept(String bar) {
      synchronized (OPEN) {
        if (OPEN.peekLast() == this) {
          System.err.print("\r" + bar + ERASE);
          System.err.flush();
        }
      }
    }

    @SuppressWarnings("SystemOut")
    void close() {
      synchronized (OPEN) {
        OPEN.remove(this);
        System.err.print("\r" + ERASE);
        System.err.flush();
      }
    }
  }

  /**
   * Prints lines to a terminal that may show a bar: it is erased before, and drawn again below at
   * its next step.
   */
  @SuppressWarnings("SystemOut")
  static void print(Runnable lines) {
    synchronized (OPEN) {
      if (!OPEN.isEmpty()) {
        System.err.print("\r" + ERASE);
        System.err.flush();
      }
      lines.run();
    }
  }

  static Progress of(String task, long steps) {
    return of(task, steps, false);
  }

  /** With the rate. */
  static Progress rated(String task, long steps) {
    return of(task, steps, true);
  }

  private static Progress of(String task, long steps, boolean rated) {
    if (steps < 2 || !Boolean.getBoolean(PROPERTY)) {
      return new Progress(null, null);
    }
    Line line = new Line();
    synchronized (OPEN) {
      OPEN.add(line);
    }
    ProgressBarBuilder builder =
        new ProgressBarBuilder()
            .setConsumer(new DelegatingProgressBarConsumer(line, WIDTH))
            .setTaskName(task)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200);
    return new Progress((rated ? builder.showSpeed() : builder).build(), line);
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
      line.close();
    }
  }
}
