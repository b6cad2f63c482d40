/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.AliasInfo;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.Operation;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.TypeKind;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.ir.Derivatives;
import org.zennit4j.graph.ir.Operator;
import org.zennit4j.graph.ir.OperatorMode;

/** Finds LibTorch's operators by the names that a torch.export archive gives them. */
final class ExportedOperators {
  private static final String OPS = "torch.ops.";

  /**
   * An argument of a schema.
   *
   * @param kind what it must be, None aside
   * @param optional whether None may stand there
   * @param element the elements of a list, or null
   * @param byDefault what stands there if nothing is given, or null
   * @param aliased whether results may share its memory
   * @param written whether the operator writes into it
   */
  record Formal(
      String name,
      TypeKind kind,
      boolean optional,
      Type.TypePtr element,
      IValue byDefault,
      boolean aliased,
      boolean written) {
    boolean isList() {
      return element != null;
    }

    /** Whether an argument is of the kind that stands here. */
    boolean takes(ExportedArgument argument) {
      if (argument.equals(ExportedArgument.NONE)) {
        return optional || kind == TypeKind.GeneratorType;
      }
      if (!isList()) {
        return isKind(argument, kind);
      }
      TypeKind each = element.get().kind().intern();
      boolean orNone = each == TypeKind.OptionalType;
      TypeKind wanted = orNone ? element.get().containedType(0).get().kind().intern() : each;
      return argument instanceof ExportedArgument.Items items
          ? items.elements().stream()
              .allMatch(e -> e.equals(ExportedArgument.NONE) ? orNone : isKind(e, wanted))
          : isKind(argument, wanted);
    }
  }

  /**
   * An operator and what its schema says.
   *
   * @param returns the kinds of the results
   * @param views whether a result may be a view of an argument
   */
  record Found(
      Operator operator,
      String overload,
      List<Formal> formals,
      List<TypeKind> returns,
      boolean views) {
    boolean writes() {
      return formals.stream().anyMatch(Formal::written);
    }

    /** The same, which may also run as an operator that works in place does. */
    Found orOverwriting(Operator inPlace) {
      return new Found(operator.orOverwriting(inPlace), overload, formals, returns, views);
    }
  }

  /** What Python computes with sizes: the operator and how its overloads are called. */
  private static final Map<String, String> NUMBERS =
      Map.ofEntries(
          Map.entry("_operator.add", "aten::add"),
          Map.entry("_operator.sub", "aten::sub"),
          Map.entry("_operator.mul", "aten::mul"),
          Map.entry("_operator.floordiv", "aten::floordiv"),
          Map.entry("_operator.truediv", "aten::div"),
          Map.entry("_operator.mod", "aten::remainder"),
          Map.entry("_operator.pow", "aten::pow"),
          Map.entry("_operator.neg", "aten::neg"),
          Map.entry("_operator.eq", "aten::eq"),
          Map.entry("_operator.ne", "aten::ne"),
          Map.entry("_operator.lt", "aten::lt"),
          Map.entry("_operator.le", "aten::le"),
          Map.entry("_operator.gt", "aten::gt"),
          Map.entry("_operator.ge", "aten::ge"),
          Map.entry("_operator.and_", "aten::__and__"),
          Map.entry("_operator.or_", "aten::__or__"),
          Map.entry("_operator.abs", "prim::abs"),
          Map.entry("torch.sym_not", "aten::__not__"),
          Map.entry("torch.sym_float", "aten::Float"),
          Map.entry("torch.sym_int", "aten::Int"),
          Map.entry("torch.sym_max", "prim::max"),
          Map.entry("torch.sym_min", "prim::min"),
          Map.entry("torch.sym_sum", "aten::sum"),
          Map.entry("torch._sym_sqrt", "aten::sqrt"),
          Map.entry("math.sqrt", "aten::sqrt"),
          Map.entry("math.ceil", "aten::ceil"),
          Map.entry("math.floor", "aten::floor"));

  /** Operators on symbolic sizes have twins on numbers. */
  private static final Map<String, String> SIZES =
      Map.of(
          "torch.ops.aten.sym_size.int", "aten::size.int",
          "torch.ops.aten.sym_size.default", "aten::size",
          "torch.ops.aten.sym_numel.default", "aten::numel",
          "torch.ops.aten.sym_stride.int", "aten::stride.int",
          "torch.ops.aten.sym_storage_offset.default", "aten::storage_offset",
          "torch.ops.aten._local_scalar_dense.default", "aten::item");

  /** The overloads that take numbers where one was asked for that takes tensors. */
  private static final Map<String, List<String>> WITH_NUMBERS =
      Map.of(
          "Tensor", List.of("Scalar", "Scalar_Tensor", "Tensor_Scalar"),
          "Tensor_mode", List.of("Scalar_mode"),
          "Tensor_Tensor", List.of("Tensor_Scalar", "Scalar"),
          "self", List.of("ScalarOther", "ScalarSelf", "Scalar"),
          "", List.of("Scalar"));

  private final List<Pointer> owned;
  private final Map<String, Found> found = new HashMap<>();

  /**
   * Makes a finder.
   *
   * @param owned receives the native objects that the program needs
   */
  ExportedOperators(List<Pointer> owned) {
    this.owned = owned;
  }

  /** Whether an operator writes into its first argument, by its name. */
  static boolean writes(String target) {
    if (!target.startsWith(OPS)) {
      return false;
    }
    String[] parts = target.split("\\.", -1);
    return parts.length == 5 && Operators.isInPlace(parts[3]);
  }

  /**
   * Finds the operator of a call.
   *
   * @throws UnsupportedOperatorException if this LibTorch does not have it
   */
  Found find(ExportedStep step) {
    String target = step.target();
    if (NUMBERS.containsKey(target)) {
      return number(step, NUMBERS.get(target));
    }
    if (SIZES.containsKey(target)) {
      String[] name = SIZES.get(target).split("\\.", -1);
      return need(step, name[0], name.length > 1 ? name[1] : "");
    }
    String[] parts = target.split("\\.", -1);
    if (!target.startsWith(OPS) || parts.length != 5) {
      throw new UnsupportedOperatorException(
          where(step) + "calls " + target + ", which this library cannot run");
    }
    return need(step, parts[2] + "::" + parts[3], parts[4].equals("default") ? "" : parts[4]);
  }

  /** The out-of-place twin of an in-place operator, or null. */
  Found twin(ExportedStep step, Found inPlace) {
    String name = inPlace.operator().name();
    Found twin =
        Operators.isInPlace(name)
            ? find(name.substring(0, name.length() - 1), inPlace.overload(), step.mode())
            : null;
    return twin == null ? null : twin.orOverwriting(inPlace.operator());
  }

  /** An operator that is known to exist. */
  Found builtIn(ExportedStep step, String name, String overload) {
    return need(step, name, overload);
  }

  private Found number(ExportedStep step, String name) {
    List<String> kinds = new ArrayList<>();
    for (ExportedStep.Argument argument : step.arguments()) {
      kinds.add(kind(argument.value()));
    }
    Set<String> distinct = Set.copyOf(kinds);
    String overload = distinct.size() == 1 ? kinds.get(0) : String.join("_", kinds);
    List<String> candidates =
        name.equals("aten::pow") && overload.equals("int")
            ? List.of("int_to_int")
            : List.of(overload, "Scalar", "");
    for (String candidate : candidates) {
      Found operator = find(name, candidate, step.mode());
      if (operator != null && operator.formals().size() == kinds.size()) {
        return operator;
      }
    }
    throw new UnsupportedOperatorException(
        where(step) + "computes " + step.target() + " of " + kinds + ", which is not supported");
  }

  private static String kind(ExportedArgument argument) {
    if (argument instanceof ExportedArgument.Ref ref) {
      return switch (ref.kind()) {
        case INT -> "int";
        case FLOAT -> "float";
        case BOOL -> "bool";
        case TENSOR -> "Tensor";
      };
    }
    if (argument instanceof ExportedArgument.Literal literal) {
      Object value = literal.value();
      return value instanceof Long ? "int" : value instanceof Double ? "float" : "bool";
    }
    return "int";
  }

  private Found need(ExportedStep step, String name, String overload) {
    Found operator = find(name, overload, step.mode());
    if (operator != null) {
      return takes(operator, step) ? operator : withNumbers(operator, step);
    }
    String called = name + (overload.isEmpty() ? "" : "." + overload);
    boolean own = name.startsWith("aten::");
    throw new UnsupportedOperatorException(
        where(step)
            + "calls "
            + called
            + (own
                ? ", which this LibTorch does not have; the file may be of a newer torch: export the model with torch 2.10"
                : ", an operator of another library, which this LibTorch does not have; export the part of the model"
                    + " before it, or the model with operators of torch in its place"));
  }

  /** Python lets a number stand for a tensor: the overload for numbers is what runs then. */
  private Found withNumbers(Found operator, ExportedStep step) {
    for (String overload : WITH_NUMBERS.getOrDefault(operator.overload(), List.of())) {
      Found other = find(operator.operator().name(), overload, step.mode());
      if (other != null && takes(other, step)) {
        return other;
      }
    }
    return operator;
  }

  private static boolean takes(Found operator, ExportedStep step) {
    for (ExportedStep.Argument argument : step.arguments()) {
      int k = operator.operator().argument(argument.name());
      if (k < 0 || !operator.formals().get(k).takes(argument.value())) {
        return false;
      }
    }
    return true;
  }

  /** Whether an argument is one value of a kind. */
  static boolean isKind(ExportedArgument argument, TypeKind kind) {
    if (argument instanceof ExportedArgument.Ref ref) {
      return switch (ref.kind()) {
        case TENSOR -> kind == TypeKind.TensorType;
        case INT ->
            kind == TypeKind.IntType || kind == TypeKind.NumberType || kind == TypeKind.FloatType;
        case FLOAT -> kind == TypeKind.FloatType || kind == TypeKind.NumberType;
        case BOOL -> kind == TypeKind.BoolType || kind == TypeKind.NumberType;
      };
    }
    if (!(argument instanceof ExportedArgument.Literal literal)) {
      return false;
    }
    Object value = literal.value();
    return switch (kind) {
      case IntType -> value instanceof Long || value instanceof Boolean;
      case FloatType -> value instanceof Double || value instanceof Long;
      case NumberType ->
          value instanceof Double || value instanceof Long || value instanceof Boolean;
      case BoolType -> value instanceof Boolean;
      case StringType -> value instanceof String;
      case DeviceObjType -> value == ExportedArgument.DEVICE;
      default -> false;
    };
  }

  static String where(ExportedStep step) {
    return "module '" + step.path() + "' ";
  }

  private Found find(String name, String overload, OperatorMode mode) {
    String key = name + "." + overload + mode;
    Found known = found.get(key);
    if (known == null) {
      known = lookUp(name, overload, mode);
      if (known != null) {
        found.put(key, known);
      }
    }
    return known;
  }

  private Found lookUp(String name, String overload, OperatorMode mode) {
    if (!name.matches("\\w+::\\w+") || !overload.matches("\\w*")) {
      return null;
    }
    org.bytedeco.pytorch.Operator registered =
        torch.findOperatorFor(new OperatorName(name, overload));
    if (registered == null || registered.isNull() || !registered.hasOperation()) {
      return null;
    }
    FunctionSchema schema = registered.schema();
    if (schema.is_vararg() || schema.is_varret()) {
      return null;
    }
    Operation operation = own(registered.getOperation());
    List<Formal> formals = new ArrayList<>();
    Argument arguments = schema.arguments();
    for (long i = 0; arguments != null && i < arguments.limit(); i++) {
      formals.add(formal(arguments.getPointer(i)));
    }
    List<TypeKind> returns = new ArrayList<>();
    boolean views = false;
    Argument results = schema.returns();
    for (long i = 0; results != null && i < results.limit(); i++) {
      Argument result = results.getPointer(i);
      returns.add(result.type().get().kind().intern());
      views |= alias(result) != null;
    }
    Operator operator =
        new Operator(
            name,
            formals.stream().map(Formal::name).toList(),
            false,
            operation,
            Derivatives.isMissing(name, overload),
            mode,
            null);
    return new Found(operator, overload, formals, returns, views);
  }

  private Formal formal(Argument argument) {
    Type type = argument.type().get();
    boolean optional = type.kind().intern() == TypeKind.OptionalType;
    if (optional) {
      type = type.containedType(0).get();
    }
    TypeKind kind = type.kind().intern();
    Type.TypePtr element =
        kind == TypeKind.ListType ? own(new Type.TypePtr(type.containedType(0))) : null;
    IValueOptional value = argument.default_value();
    AliasInfo alias = alias(argument);
    return new Formal(
        text(argument.name()),
        kind,
        optional,
        element,
        value.has_value() ? own(new IValue(value.get())) : null,
        alias != null,
        alias != null && alias.isWrite());
  }

  private static AliasInfo alias(Argument argument) {
    AliasInfo alias = argument.alias_info();
    return alias == null || alias.isNull() ? null : alias;
  }

  private <P extends Pointer> P own(P pointer) {
    owned.add(Natives.keep(pointer));
    return pointer;
  }

  private static String text(BytePointer pointer) {
    return pointer == null || pointer.isNull() ? "" : pointer.getString();
  }
}
