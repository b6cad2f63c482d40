/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.broadcast.Broadcast;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.LibTorch;

/**
 * The networks of this JVM: one for each recipe, which its tasks share. A few that nobody uses are
 * kept for the next job; all are closed when the JVM ends.
 */
final class Networks {
  /** How many are kept that no task uses. */
  private static final int IDLE = 2;

  private static final Map<Recipe, Entry> ENTRIES =
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);

  private static boolean hooked;

  private Networks() {}

  private static final class Entry {
    private final Network network;
    private int tasks;

    Entry(Network network) {
      this.network = network;
    }
  }

  /** Hands a network to a task, loading it if this is the first. */
  static synchronized Network lease(Recipe recipe, Broadcast<byte[]> shipped) {
    if (!hooked) {
      LibTorch.load();
      try {
        Runtime.getRuntime()
            .addShutdownHook(new Thread(Networks::closeAll, "zennit4j closes its models"));
      } catch (IllegalStateException e) {
        throw new CancelledException("the process is ending");
      }
      hooked = true;
    }
    Entry entry = ENTRIES.get(recipe);
    if (entry == null) {
      entry = new Entry(Network.load(recipe, shipped));
      ENTRIES.put(recipe, entry);
    }
    entry.tasks++;
    return entry.network;
  }

  /** Takes it back when the task has ended. */
  static synchronized void giveBack(Network network) {
    List<Recipe> idle = new ArrayList<>();
    ENTRIES.forEach(
        (key, entry) -> {
          if (entry.network == network) {
            entry.tasks--;
          }
          if (entry.tasks == 0) {
            idle.add(key);
          }
        });
    Iterator<Recipe> oldest = idle.iterator();
    for (int more = idle.size() - IDLE; more > 0; more--) {
      ENTRIES.remove(oldest.next()).network.close();
    }
  }

  /** How many are loaded. */
  static synchronized int size() {
    return ENTRIES.size();
  }

  /** Closing waits for nobody: a pass that still runs stops, and frees what it uses. */
  private static synchronized void closeAll() {
    ENTRIES.values().forEach(entry -> entry.network.close());
    ENTRIES.clear();
  }
}
