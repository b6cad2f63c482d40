/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.Storage;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TupleElements;
import org.zennit4j.bindings.ModelLoadException;

/**
 * Checks that the tensors of a model file lie within the memory that the file fills. LibTorch
 * believes the shapes in a file: in a damaged one they reach into foreign memory.
 */
public final class StoredTensors {
  private StoredTensors() {}

  /**
   * Checks a tensor, or those in a list, tuple or dictionary.
   *
   * @param value any value
   * @throws ModelLoadException if a tensor is larger than its memory
   */
  public static void check(IValue value) {
    try (PointerScope scope = new PointerScope()) {
      if (value.isTensor()) {
        check(value.toTensor());
      } else if (value.isTensorList() || (value.isList() && holdsMore(value))) {
        IValueArrayRef list = value.toListRef();
        for (long i = 0; i < list.size(); i++) {
          check(list.at(i));
        }
      } else if (value.isTuple()) {
        TupleElements tuple = value.toTupleRef().elements();
        for (long i = 0; i < tuple.size(); i++) {
          check(tuple.at(i));
        }
      } else if (value.isGenericDict()) {
        Dictionaries.entries(value).forEach(entry -> check(entry[1]));
      }
    }
  }

  /** Lists of numbers and texts may be long and hold no tensors. */
  private static boolean holdsMore(IValue list) {
    IValueArrayRef elements = list.toListRef();
    return elements.size() > 0
        && (elements.at(0).isTensor()
            || elements.at(0).isList()
            || elements.at(0).isTuple()
            || elements.at(0).isGenericDict());
  }

  private static void check(Tensor tensor) {
    if (!tensor.defined() || !tensor.has_storage()) {
      return;
    }
    long[] shape = tensor.shape();
    if (Arrays.stream(shape).anyMatch(size -> size == 0)) {
      return;
    }
    Storage storage = tensor.storage();
    boolean fits;
    try {
      long last = tensor.storage_offset();
      fits = last >= 0;
      for (int i = 0; i < shape.length; i++) {
        long stride = tensor.stride(i);
        fits &= shape[i] > 0 && stride >= 0;
        last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, stride));
      }
      long bytes = Math.multiplyExact(Math.addExact(last, 1), tensor.element_size());
      fits &= bytes <= storage.nbytes();
    } catch (ArithmeticException e) {
      fits = false;
    }
    if (!fits || storage.data() == null) {
      throw new ModelLoadException(
          "the file is damaged: a tensor of shape "
              + Arrays.toString(shape)
              + " is larger than the values that are stored for it; copy it again from where it was"
              + " saved");
    }
  }
}
