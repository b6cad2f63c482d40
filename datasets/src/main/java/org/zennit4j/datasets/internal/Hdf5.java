/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import org.bytedeco.hdf5.H5E_error2_t;
import org.bytedeco.hdf5.H5E_walk2_t;
import org.bytedeco.hdf5.global.hdf5;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.datasets.DatasetException;

/** The HDF5 library: loaded once, used by one thread at a time, its errors as exceptions. */
final class Hdf5 {
  /** The library keeps global state and is built without threads. */
  static final Object LOCK = new Object();

  private static final String MISMATCH = "Warning: Versions of org.bytedeco:javacpp";

  private static boolean loaded;

  private Hdf5() {}

  /** Loads the library; to be called with the lock. */
  static void load() {
    if (loaded) {
      return;
    }
    // Settles where JavaCPP unpacks natives.
    LibTorch.load();
    try {
      withoutMismatch(() -> Loader.load(hdf5.class));
    } catch (LinkageError e) {
      throw new DatasetException(
          "the HDF5 library cannot be loaded; is org.bytedeco:hdf5 with the classifier "
              + Loader.getPlatform()
              + " on the class path? ("
              + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
              + ")",
          e);
    }
    if (hdf5.H5open() < 0 || hdf5.H5Eset_auto2(hdf5.H5E_DEFAULT, null, null) < 0) {
      throw new DatasetException("the HDF5 library cannot be started");
    }
    loaded = true;
  }

  /**
   * The newest binding of HDF5 was made for an older JavaCPP, which works (the tests run it) and
   * would be said on stderr at each start.
   */
  @SuppressWarnings("SystemOut")
  private static void withoutMismatch(Runnable load) {
    PrintStream err = System.err;
    try (PrintStream filtered =
        new PrintStream(new WithoutLine(err, MISMATCH), true, Charset.defaultCharset())) {
      System.setErr(filtered);
      load.run();
      filtered.flush();
    } finally {
      System.setErr(err);
    }
  }

  /** Passes everything on, a line at a time, but for lines that begin with a text. */
  private static final class WithoutLine extends OutputStream {
    private final PrintStream out;
    private final String dropped;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    WithoutLine(PrintStream out, String dropped) {
      this.out = out;
      this.dropped = dropped;
    }

    @Override
    public synchronized void write(int b) throws IOException {
      line.write(b);
      if (b == '\n') {
        pass();
      }
    }

    private void pass() throws IOException {
      if (!line.toString(Charset.defaultCharset()).startsWith(dropped)) {
        line.writeTo(out);
        out.flush();
      }
      line.reset();
    }

    @Override
    public synchronized void close() throws IOException {
      pass();
    }
  }

  /** Passes a result on, or throws what the library says about a negative one. */
  static long check(long result, String what) {
    if (result < 0) {
      throw new DatasetException(what + ": " + reason());
    }
    return result;
  }

  /** The innermost entry of the library's stack of errors. */
  private static String reason() {
    StringBuilder first = new StringBuilder();
    try (H5E_walk2_t walk =
        new H5E_walk2_t() {
          @Override
          public int call(int n, H5E_error2_t error, Pointer data) {
            BytePointer text = error.desc();
            if (first.length() == 0 && text != null) {
              first.append(text.getString());
            }
            return 0;
          }
        }) {
      hdf5.H5Ewalk2(hdf5.H5E_DEFAULT, hdf5.H5E_WALK_UPWARD, walk, null);
    }
    hdf5.H5Eclear2(hdf5.H5E_DEFAULT);
    return first.length() == 0 ? "the HDF5 library refuses" : first.toString();
  }
}
