/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.Operators;

/**
 * Which of Zennit's types a module's class belongs to. Whole class names are compared: {@code
 * nets.Linear} is not {@code torch.nn.Linear}.
 */
public final class LayerTypes {
  public static final String LINEAR = "Linear";
  public static final String CONVOLUTION = "Convolution";
  public static final String STANDARD = "ConvolutionStandard";
  public static final String TRANSPOSE = "ConvolutionTranspose";
  public static final String BATCH_NORM = "BatchNorm";
  public static final String AVG_POOL = "AvgPool";
  public static final String MAX_POOL = "MaxPool";
  public static final String ACTIVATION = "Activation";
  public static final String SUM = "Sum";

  /** The names that a map may use beside those of PyTorch's classes. */
  public static final List<String> NAMES =
      List.of(
          LINEAR,
          CONVOLUTION,
          STANDARD,
          TRANSPOSE,
          BATCH_NORM,
          AVG_POOL,
          MAX_POOL,
          ACTIVATION,
          SUM);

  private static final String NN = "torch.nn.modules.";
  private static final String PARAMETRIZED = "torch.nn.utils.parametrize.Parametrized";

  private static final Map<String, List<String>> MODULES =
      Map.of(
          "activation",
              List.of(
                  "CELU",
                  "ELU",
                  "GELU",
                  "Hardshrink",
                  "Hardsigmoid",
                  "Hardswish",
                  "Hardtanh",
                  "LeakyReLU",
                  "LogSigmoid",
                  "PReLU",
                  "RReLU",
                  "ReLU",
                  "ReLU6",
                  "SELU",
                  "SiLU",
                  "Sigmoid",
                  "Softplus",
                  "Softshrink",
                  "Softsign",
                  "Tanh",
                  "Tanhshrink",
                  "Threshold"),
          "batchnorm", List.of("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"),
          "conv",
              List.of(
                  "Conv1d",
                  "Conv2d",
                  "Conv3d",
                  "LazyConv1d",
                  "LazyConv2d",
                  "LazyConv3d",
                  "ConvTranspose1d",
                  "ConvTranspose2d",
                  "ConvTranspose3d",
                  "LazyConvTranspose1d",
                  "LazyConvTranspose2d",
                  "LazyConvTranspose3d"),
          "linear", List.of("Linear", "LazyLinear", "NonDynamicallyQuantizableLinear"),
          "pooling",
              List.of(
                  "AdaptiveAvgPool1d",
                  "AdaptiveAvgPool2d",
                  "AdaptiveAvgPool3d",
                  "AvgPool1d",
                  "AvgPool2d",
                  "AvgPool3d",
                  "AdaptiveMaxPool1d",
                  "AdaptiveMaxPool2d",
                  "AdaptiveMaxPool3d",
                  "MaxPool1d",
                  "MaxPool2d",
                  "MaxPool3d"));

  private static final Set<String> DENSE = Set.of(LINEAR, "torch.nn.Linear");
  private static final Set<String> CONVOLVED = Set.of(LINEAR, CONVOLUTION, STANDARD);

  /** The classes of timm that are subclasses of PyTorch's typed ones. */
  private static final Map<String, Set<String>> TIMM =
      Map.ofEntries(
          Map.entry("Linear", DENSE),
          Map.entry("Conv2dSame", CONVOLVED),
          Map.entry("Conv2dSameExport", CONVOLVED),
          Map.entry("StdConv2d", CONVOLVED),
          Map.entry("StdConv2dSame", CONVOLVED),
          Map.entry("ScaledStdConv2d", CONVOLVED),
          Map.entry("ScaledStdConv2dSame", CONVOLVED),
          Map.entry("BatchNormAct2d", Set.of(BATCH_NORM)),
          Map.entry("SplitBatchNorm2d", Set.of(BATCH_NORM)),
          Map.entry("AvgPool2dSame", Set.of(AVG_POOL)),
          Map.entry("MaxPool2dSame", Set.of(MAX_POOL)),
          Map.entry("PReLU", Set.of(ACTIVATION)));

  private LayerTypes() {}

  /**
   * A type with those that Zennit holds it to belong to.
   *
   * @param type one of {@link #NAMES}, or {@code torch.nn.Linear} or {@code torch.nn.ReLU}
   * @return such as {@code Linear}, {@code Convolution} and {@code ConvolutionStandard} for {@code
   *     Convolution}
   */
  public static Set<String> withParents(String type) {
    return switch (type) {
      case LINEAR, "torch.nn.Linear" -> DENSE;
      case CONVOLUTION, STANDARD -> CONVOLVED;
      case TRANSPOSE -> Set.of(LINEAR, CONVOLUTION, TRANSPOSE);
      case "torch.nn.ReLU" -> Set.of(ACTIVATION, type);
      default -> Set.of(type);
    };
  }

  /**
   * The class without TorchScript's prefix and without the segments that tell equal names apart.
   */
  public static String className(String qualified) {
    StringBuilder name = new StringBuilder();
    for (String segment : qualified.split("\\.", -1)) {
      if (segment.equals("__torch__") || segment.startsWith("___torch_mangle_")) {
        continue;
      }
      if (name.length() > 0) {
        name.append('.');
      }
      name.append(segment);
    }
    return name.indexOf(PARAMETRIZED) == 0
        ? original(name.substring(PARAMETRIZED.length()), name.toString())
        : name.toString();
  }

  /** The class that a parametrization stands for: PyTorch derives a class from it. */
  private static String original(String simpleName, String otherwise) {
    return MODULES.entrySet().stream()
        .filter(module -> module.getValue().contains(simpleName))
        .map(module -> NN + module.getKey() + "." + simpleName)
        .findFirst()
        .orElse(otherwise);
  }

  /**
   * The name under which PyTorch exports a class: {@code torch.nn.modules.x.Y} is {@code
   * torch.nn.Y}.
   */
  public static String publicName(String className) {
    return className.startsWith(NN)
        ? "torch.nn." + className.substring(className.lastIndexOf('.') + 1)
        : className;
  }

  public static boolean isTorch(String className) {
    return className.startsWith(NN);
  }

  /** The types of a class that golden data name; null for a class that is not known. */
  public static Set<String> ofClass(String className) {
    if (className.equals("zennit.layer.Sum")) {
      return Set.of(SUM);
    }
    if (className.equals("torchvision.ops.misc.FrozenBatchNorm2d")) {
      return Set.of(BATCH_NORM);
    }
    if (className.startsWith("timm.layers.") || className.startsWith("timm.models.layers.")) {
      return TIMM.get(className.substring(className.lastIndexOf('.') + 1));
    }
    if (!className.startsWith(NN)) {
      return className.startsWith("torchvision.ops.misc.") ? Set.of() : null;
    }
    String[] parts = className.substring(NN.length()).split("\\.", -1);
    if (parts.length != 2 || !MODULES.getOrDefault(parts[0], List.of()).contains(parts[1])) {
      return Set.of();
    }
    Set<String> types = new LinkedHashSet<>();
    switch (parts[0]) {
      case "activation" -> {
        types.add(ACTIVATION);
        if (parts[1].equals("ReLU")) {
          types.add("torch.nn.ReLU");
        }
      }
      case "batchnorm" -> types.add(BATCH_NORM);
      case "conv" -> {
        types.add(LINEAR);
        types.add(CONVOLUTION);
        types.add(parts[1].contains("Transpose") ? TRANSPOSE : STANDARD);
      }
      case "linear" -> {
        types.add(LINEAR);
        types.add("torch.nn.Linear");
      }
      default -> types.add(parts[1].contains("Max") ? MAX_POOL : AVG_POOL);
    }
    return types;
  }

  public static Set<String> ofOperator(String operator) {
    return Operators.of(operator).types();
  }
}
