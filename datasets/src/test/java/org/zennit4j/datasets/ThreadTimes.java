/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Which threads the CPU's time went to, by the kernel's names of them; Linux only. */
final class ThreadTimes {
  private final Map<String, Double> first = new ConcurrentHashMap<>();
  private final Map<String, Double> last = new ConcurrentHashMap<>();

  private ThreadTimes() {}

  /** Runs something; returns hundredths of a second and more. */
  static Map<String, Double> during(Runnable work) {
    ThreadTimes times = new ThreadTimes();
    times.look(times.first);
    Thread looking =
        new Thread(
            () -> {
              // Threads that end take their times with them.
              while (!Thread.currentThread().isInterrupted()) {
                times.look(times.last);
                try {
                  Thread.sleep(50);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            });
    looking.setDaemon(true);
    looking.start();
    try {
      work.run();
    } finally {
      looking.interrupt();
    }
    times.look(times.last);
    Map<String, Double> seconds = new TreeMap<>();
    times.last.forEach(
        (thread, now) ->
            seconds.merge(
                thread.substring(thread.indexOf(' ') + 1),
                Math.round(100 * (now - times.first.getOrDefault(thread, 0.0))) / 100.0,
                Double::sum));
    seconds.values().removeIf(one -> one < 0.03);
    return seconds;
  }

  private void look(Map<String, Double> to) {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      tasks.forEach(task -> look(task, to));
    } catch (IOException | UncheckedIOException e) {
      // Another system.
      return;
    }
  }

  private static void look(Path task, Map<String, Double> to) {
    try {
      String stat = Files.readString(task.resolve("stat"));
      String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      List<String> fields = List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1));
      double ticks = Double.parseDouble(fields.get(11)) + Double.parseDouble(fields.get(12));
      to.put(task.getFileName() + " " + name, ticks / 100);
    } catch (IOException e) {
      // It has just ended.
      return;
    }
  }
}
