/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.Iterator;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Ownership of native objects: how they leave the scope in which they were made, and how they are
 * given back.
 *
 * <p>JavaCPP counts references: an open {@link PointerScope} holds one on whatever is created in
 * it. {@link #keep} adds one, so that the object outlives the scope; {@link #release} takes it
 * back.
 */
public final class Natives {
  private Natives() {}

  /**
   * Keeps a native object beyond the innermost scope.
   *
   * @param pointer the object, may be null
   * @param <P> its class
   * @return the same object; {@link #release} gives it back
   */
  public static <P extends Pointer> P keep(P pointer) {
    if (pointer != null) {
      pointer.retainReference();
    }
    return pointer;
  }

  /**
   * Gives a kept object back; it is freed when no scope holds it any more.
   *
   * @param pointer what {@link #keep} returned, may be null
   */
  public static void release(Pointer pointer) {
    if (pointer != null) {
      pointer.releaseReference();
    }
  }

  /**
   * Hands a kept tensor to the caller of the library: it now belongs to the caller's innermost
   * scope, if there is one, and is freed by {@code close()} in any case.
   *
   * @param tensor a tensor that was kept; every internal scope must be closed by now
   * @return the same tensor
   */
  public static Tensor handOver(Tensor tensor) {
    Iterator<PointerScope> scopes = PointerScope.getScopeIterator();
    while (tensor != null && scopes != null && scopes.hasNext()) {
      try {
        scopes.next().attach(tensor);
        tensor.releaseReference();
        return tensor;
      } catch (IllegalArgumentException e) {
        // That scope takes other classes only: JavaCPP then asks the next one, and so do we.
      }
    }
    return tensor;
  }

  /**
   * Frees several objects that were kept.
   *
   * @param pointers the objects; null and closed ones are passed over
   */
  public static void releaseAll(List<? extends Pointer> pointers) {
    for (Pointer pointer : pointers) {
      release(pointer);
    }
  }
}
