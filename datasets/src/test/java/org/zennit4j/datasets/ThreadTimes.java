/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What threads did with their time, by the kernel's names and counts of them; Linux only, nothing
 * elsewhere. Threads that end take their counts with them, so that they are looked at now and then.
 */
final class ThreadTimes {
  /** Seconds that a thread computed, and that it could have but others had the processor. */
  record Seconds(double computing, double queued) {
    private Seconds plus(Seconds other) {
      return new Seconds(computing + other.computing, queued + other.queued);
    }

    private Seconds minus(Seconds other) {
      return new Seconds(computing - other.computing, queued - other.queued);
    }
  }

  private static final int LOOK_MILLIS = 200;
  private static final Seconds NONE = new Seconds(0, 0);

  private ThreadTimes() {}

  /** Runs something; returns what each thread did, those of equal names together. */
  static Map<String, Seconds> during(Runnable work) {
    Map<String, Seconds> first = look();
    Map<String, Seconds> last = new HashMap<>();
    Thread looking =
        new Thread(
            () -> {
              while (!Thread.currentThread().isInterrupted()) {
                Map<String, Seconds> now = look();
                synchronized (last) {
                  last.putAll(now);
                }
                try {
                  Thread.sleep(LOOK_MILLIS);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            },
            "looks");
    looking.setDaemon(true);
    looking.start();
    try {
      work.run();
    } finally {
      looking.interrupt();
    }
    Map<String, Seconds> seconds = new TreeMap<>();
    synchronized (last) {
      last.putAll(look());
      last.forEach(
          (thread, now) ->
              seconds.merge(
                  thread.substring(thread.indexOf(' ') + 1),
                  now.minus(first.getOrDefault(thread, NONE)),
                  Seconds::plus));
    }
    return seconds;
  }

  /** The counts of the threads that are there, by number and name. */
  private static Map<String, Seconds> look() {
    Map<String, Seconds> found = new HashMap<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      tasks.forEach(task -> look(task, found));
    } catch (IOException | UncheckedIOException e) {
      // Another system.
      return found;
    }
    return found;
  }

  private static void look(Path task, Map<String, Seconds> to) {
    try {
      String name = Files.readString(task.resolve("comm")).strip();
      List<String> counts = List.of(Files.readString(task.resolve("schedstat")).split(" ", -1));
      to.put(
          task.getFileName() + " " + name,
          new Seconds(Long.parseLong(counts.get(0)) * 1e-9, Long.parseLong(counts.get(1)) * 1e-9));
    } catch (IOException e) {
      // It has just ended.
      return;
    }
  }
}
