/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;
import org.zennit4j.graph.Operators;

/**
 * Brings a model's tensors to the dtype in which it runs: floating ones that have the model's own
 * dtype are converted into new tensors, all others stay. Shared tensors stay shared; results never
 * require gradients.
 */
public final class TensorCast {
  private final ScalarType original;
  private final ScalarType wanted;
  private final Map<Long, Tensor> converted = new HashMap<>();
  private final List<Pointer> owned = new ArrayList<>();
  private final Device device;
  private final boolean copies;

  /**
   * Makes a cast.
   *
   * @param original the floating dtype of the stored model, or null if it has none
   * @param wanted the floating dtype to run in
   * @param device where the tensors shall be
   * @param copies whether every tensor is copied, because the program writes into some
   */
  public TensorCast(ScalarType original, ScalarType wanted, Device device, boolean copies) {
    this.original = original;
    this.wanted = wanted;
    this.device = device;
    this.copies = copies;
  }

  public Tensor apply(Tensor tensor) {
    return converted.computeIfAbsent(
        tensor.unsafeGetTensorImpl().address(),
        address -> {
          Tensor result = copies ? tensor.detach().clone() : tensor.detach();
          ScalarType type = tensor.scalar_type().intern();
          if (type == original && original != wanted) {
            result = result.to(wanted);
          }
          if (!result.device().equals(device)) {
            result = result.to(device, result.scalar_type());
          }
          Natives.keep(result);
          owned.add(result);
          return result;
        });
  }

  /** Where the tensors shall be. */
  public Device device() {
    return device;
  }

  /** The dtype code to run with where a literal argument says {@code code}. */
  private long dtypeCode(long code) {
    return original != null && code == original.value ? wanted.value : code;
  }

  /**
   * The dtype that a call has to name instead of the one that it names, or for want of one.
   *
   * @param literals the values of the call's arguments, null where they are computed
   * @return a code for the argument {@code dtype}, or empty if the call stays as it is
   */
  public OptionalLong literalDtype(Operator operator, List<IValue> literals) {
    int dtype = operator.argument("dtype");
    IValue value = dtype >= 0 && dtype < literals.size() ? literals.get(dtype) : null;
    if (value == null) {
      return OptionalLong.empty();
    }
    if (value.isInt()) {
      long wantedCode = dtypeCode(value.toInt());
      return wantedCode == value.toInt() ? OptionalLong.empty() : OptionalLong.of(wantedCode);
    }
    boolean makes = value.isNone() && convertsDefault() && makesFloats(operator, literals);
    return makes ? OptionalLong.of(wanted.value) : OptionalLong.empty();
  }

  /** Whether an operator makes a tensor of the default floating dtype if none is named. */
  private static boolean makesFloats(Operator operator, List<IValue> literals) {
    Operators.Info info = Operators.of(operator.name());
    return info.is(Operators.Trait.FLOAT_FACTORY)
        || (info.is(Operators.Trait.NUMBER_FACTORY)
            && literals.stream().anyMatch(v -> v != null && (v.isDouble() || v.isDoubleList())));
  }

  /** Whether a tensor of the default dtype, float32, has to be made in another one. */
  private boolean convertsDefault() {
    return original == ScalarType.Float && wanted != original;
  }

  /** The dtype to run in where a tensor or an input is of {@code stored} in the file. */
  public ScalarType running(ScalarType stored) {
    return stored == original ? wanted : stored;
  }

  public boolean copies() {
    return copies;
  }

  public List<Pointer> owned() {
    return owned;
  }
}
