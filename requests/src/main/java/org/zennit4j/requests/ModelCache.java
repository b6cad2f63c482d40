/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.model.ScriptModel;

/**
 * Models that stay loaded for the next case, the least recently used of which are closed first. Not
 * thread-safe; a model that was handed out is valid until the next call.
 */
final class ModelCache implements AutoCloseable {
  /** What the files of all loaded models may measure together; one larger model is loaded alone. */
  private static final long LIMIT = 1L << 30;

  private static final int MOST = 64;

  private record Key(Path file, LoadOptions options) {}

  private record Entry(ScriptModel model, long size) {}

  private final Map<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);

  private long size;

  ScriptModel get(Path file, LoadOptions options) {
    Key key = new Key(file.normalize(), options);
    Entry entry = entries.get(key);
    if (entry != null) {
      return entry.model();
    }
    long needed = sizeOf(file) * (options.dtype() == Dtype.FLOAT64 ? 2 : 1);
    Iterator<Entry> oldest = entries.values().iterator();
    while (oldest.hasNext() && (size + needed > LIMIT || entries.size() >= MOST)) {
      Entry evicted = oldest.next();
      oldest.remove();
      size -= evicted.size();
      evicted.model().close();
    }
    ScriptModel model = ScriptModel.load(file, options);
    entries.put(key, new Entry(model, needed));
    size += needed;
    return model;
  }

  private static long sizeOf(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0; // loading it says what is wrong
    }
  }

  @Override
  public void close() {
    entries.values().forEach(entry -> entry.model().close());
    entries.clear();
    size = 0;
  }
}
