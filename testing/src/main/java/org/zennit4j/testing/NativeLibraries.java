/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.lang.reflect.InvocationTargetException;

/** Starts LibTorch as the library itself does, where the library is on the class path. */
final class NativeLibraries {
  private static boolean loaded;

  private NativeLibraries() {}

  static synchronized void load() {
    if (loaded) {
      return;
    }
    loaded = true;
    try {
      Class.forName("org.zennit4j.bindings.LibTorch").getMethod("load").invoke(null);
    } catch (ClassNotFoundException e) {
      // The tests of this module run without the library.
      org.bytedeco.javacpp.Loader.load(org.bytedeco.pytorch.global.torch.class);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
