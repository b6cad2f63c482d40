/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Runs each test in a pointer scope of its own, and fails it if native objects are left when that
 * scope is closed. Use it with {@code @ExtendWith(NativeLeaks.class)}.
 */
public final class NativeLeaks implements BeforeEachCallback, AfterEachCallback {
  private static final Namespace NAMESPACE = Namespace.create(NativeLeaks.class);

  private record Opened(PointerScope scope, long count) {}

  /** Something that may throw. */
  @FunctionalInterface
  public interface Action {
    /**
     * Runs.
     *
     * @throws Exception anything
     */
    void run() throws Exception;
  }

  /** Called by JUnit. */
  public NativeLeaks() {}

  @Override
  public void beforeEach(ExtensionContext context) {
    NativeLibraries.load();
    long count = Pointer.totalCount();
    context.getStore(NAMESPACE).put("opened", new Opened(new PointerScope(), count));
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Opened opened = context.getStore(NAMESPACE).remove("opened", Opened.class);
    opened.scope().close();
    long left = Pointer.totalCount() - opened.count();
    if (left > 0 && context.getExecutionException().isEmpty()) {
      throw new AssertionError(left + " native objects were left after the test");
    }
  }

  /**
   * Demands that an action leaves nothing behind, in a scope or out of one.
   *
   * @param action what to run; its own scope is closed afterwards
   * @throws Exception what the action throws
   */
  public static void assertNone(Action action) throws Exception {
    NativeLibraries.load();
    long before = Pointer.totalCount();
    try (PointerScope scope = new PointerScope()) {
      action.run();
    }
    long left = Pointer.totalCount() - before;
    if (left > 0) {
      throw new AssertionError(left + " native objects were left");
    }
  }
}
