/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Builds TorchScript models from text, with the class names of PyTorch and seeded weights: no
 * Python, no files. Modules belong to the scope in which they are made; forward methods call others
 * as {@code self.name.forward(x)}.
 */
public final class ModelBuilder {
  private final CompilationUnit unit;
  private final ScalarType dtype;
  private long seed;

  /**
   * Makes a builder.
   *
   * @param dtype the dtype of the weights
   * @param seed of the weights
   */
  public ModelBuilder(ScalarType dtype, long seed) {
    NativeLibraries.load();
    this.unit = new CompilationUnit();
    this.dtype = dtype;
    this.seed = seed;
  }

  /**
   * The options of a convolution; one number stands for all dimensions.
   *
   * @param stride the stride
   * @param padding zeros on each side
   * @param dilation the gap between taps
   * @param groups groups of channels
   * @param bias whether there is a bias
   * @param outputPadding of a transposed convolution
   */
  public record Conv(
      long stride, long padding, long dilation, long groups, boolean bias, long outputPadding) {
    /** Stride 1, no padding, with bias. */
    public static final Conv PLAIN = new Conv(1, 0, 1, 1, true, 0);

    /**
     * Changes the stride.
     *
     * @param value the stride
     * @return a copy
     */
    public Conv withStride(long value) {
      return new Conv(value, padding, dilation, groups, bias, outputPadding);
    }

    /**
     * Changes the padding.
     *
     * @param value zeros on each side
     * @return a copy
     */
    public Conv withPadding(long value) {
      return new Conv(stride, value, dilation, groups, bias, outputPadding);
    }

    /**
     * Changes the dilation.
     *
     * @param value the gap between taps
     * @return a copy
     */
    public Conv withDilation(long value) {
      return new Conv(stride, padding, value, groups, bias, outputPadding);
    }

    /**
     * Changes the groups.
     *
     * @param value groups of channels
     * @return a copy
     */
    public Conv withGroups(long value) {
      return new Conv(stride, padding, dilation, value, bias, outputPadding);
    }

    /**
     * Changes whether there is a bias.
     *
     * @param value true for a bias
     * @return a copy
     */
    public Conv withBias(boolean value) {
      return new Conv(stride, padding, dilation, groups, value, outputPadding);
    }

    /**
     * Changes the output padding.
     *
     * @param value of a transposed convolution
     * @return a copy
     */
    public Conv withOutputPadding(long value) {
      return new Conv(stride, padding, dilation, groups, bias, value);
    }
  }

  /**
   * Makes an empty module.
   *
   * @param className such as {@code torch.nn.modules.linear.Linear} or {@code nets.Net}
   * @return a module in evaluation mode
   */
  public JitModule empty(String className) {
    JitModule module = new JitModule(new QualifiedName("__torch__." + className), unit, true);
    module.register_attribute("training", type("bool"), new IValue(false));
    return module;
  }

  /**
   * A type of TorchScript, for attributes.
   *
   * @param name as in an operator's schema: {@code bool}, {@code int[]}, {@code Dict(str, Tensor)}
   * @return the type
   */
  public static Type.TypePtr type(String name) {
    return new Type.TypePtr(
        torch.parseSchema("f(" + name + " a) -> ()").arguments().getPointer(0).type());
  }

  /**
   * Makes a module from text.
   *
   * @param className its class
   * @param children its submodules
   * @param text its methods: {@code def forward(self, x): ...}
   * @return the module
   */
  public JitModule module(String className, Map<String, JitModule> children, String text) {
    JitModule module = empty(className);
    children.forEach(module::register_module);
    module.define(text);
    return module;
  }

  /**
   * Makes a leaf module whose forward is one expression.
   *
   * @param className its class
   * @param expression of {@code input}
   * @return the module
   */
  public JitModule expression(String className, String expression) {
    return module(
        className, Map.of(), "def forward(self, input):\n    return " + expression + "\n");
  }

  /**
   * Seeded numbers, scaled like a layer's weights.
   *
   * @param scale the standard deviation
   * @param shape the shape
   * @return a tensor
   */
  public Tensor numbers(double scale, long... shape) {
    return SeededWeights.normal(++seed, dtype, shape).mul(new org.bytedeco.pytorch.Scalar(scale));
  }

  /**
   * A linear layer with bias.
   *
   * @param in inputs
   * @param out outputs
   * @return the module
   */
  public JitModule linear(long in, long out) {
    return linear(in, out, true);
  }

  /**
   * A linear layer.
   *
   * @param in inputs
   * @param out outputs
   * @param bias whether there is a bias
   * @return the module
   */
  public JitModule linear(long in, long out, boolean bias) {
    JitModule module = empty("torch.nn.modules.linear.Linear");
    module.register_parameter("weight", numbers(Math.sqrt(2.0 / in), out, in), false);
    if (bias) {
      module.register_parameter("bias", numbers(0.1, out), false);
    }
    module.define(
        "def forward(self, input):\n    return torch.linear(input, self.weight, "
            + (bias ? "self.bias" : "None")
            + ")\n");
    return module;
  }

  /**
   * A convolution.
   *
   * @param dimensions 1, 2 or 3
   * @param in channels
   * @param out channels
   * @param kernel its size in every dimension
   * @param options stride, padding...
   * @return the module
   */
  public JitModule conv(int dimensions, long in, long out, long kernel, Conv options) {
    JitModule module = empty("torch.nn.modules.conv.Conv" + dimensions + "d");
    weight(module, kernelShape(dimensions, out, in / options.groups(), kernel));
    String bias = bias(module, out, options);
    module.define(
        String.format(
            "def forward(self, input):%n    return torch.conv%dd(input, self.weight, %s, %s, %s, %s, %d)%n",
            dimensions,
            bias,
            list(dimensions, options.stride()),
            list(dimensions, options.padding()),
            list(dimensions, options.dilation()),
            options.groups()));
    return module;
  }

  /**
   * A transposed convolution.
   *
   * @param dimensions 1, 2 or 3
   * @param in channels
   * @param out channels
   * @param kernel its size in every dimension
   * @param options stride, padding...
   * @return the module
   */
  public JitModule convTranspose(int dimensions, long in, long out, long kernel, Conv options) {
    JitModule module = empty("torch.nn.modules.conv.ConvTranspose" + dimensions + "d");
    weight(module, kernelShape(dimensions, in, out / options.groups(), kernel));
    String bias = bias(module, out, options);
    module.define(
        String.format(
            "def forward(self, input):%n    return torch.conv_transpose%dd(input, self.weight, %s, %s, %s, %s, %d, %s)%n",
            dimensions,
            bias,
            list(dimensions, options.stride()),
            list(dimensions, options.padding()),
            list(dimensions, options.outputPadding()),
            options.groups(),
            list(dimensions, options.dilation())));
    return module;
  }

  private void weight(JitModule module, long[] shape) {
    long fan = 1;
    for (int i = 1; i < shape.length; i++) {
      fan *= shape[i];
    }
    module.register_parameter("weight", numbers(Math.sqrt(2.0 / fan), shape), false);
  }

  private String bias(JitModule module, long out, Conv options) {
    if (!options.bias()) {
      return "None";
    }
    module.register_parameter("bias", numbers(0.1, out), false);
    return "self.bias";
  }

  private static long[] kernelShape(int dimensions, long first, long second, long kernel) {
    long[] shape = new long[2 + dimensions];
    Arrays.fill(shape, kernel);
    shape[0] = first;
    shape[1] = second;
    return shape;
  }

  private static String list(int dimensions, long value) {
    return java.util.Collections.nCopies(dimensions, Long.toString(value)).stream()
        .collect(Collectors.joining(", ", "[", "]"));
  }

  /**
   * Batch normalisation in evaluation mode.
   *
   * @param dimensions 1, 2 or 3
   * @param channels channels
   * @return the module
   */
  public JitModule batchNorm(int dimensions, long channels) {
    JitModule module = empty("torch.nn.modules.batchnorm.BatchNorm" + dimensions + "d");
    Tensor one = torch.ones(1).to(dtype);
    module.register_parameter("weight", numbers(0.1, channels).add(one), false);
    module.register_parameter("bias", numbers(0.1, channels), false);
    module.register_buffer("running_mean", numbers(0.1, channels));
    module.register_buffer("running_var", numbers(0.1, channels).abs().add(one));
    module.define(
        "def forward(self, input):\n    return torch.batch_norm(input, self.weight, self.bias, self.running_mean,"
            + " self.running_var, False, 0.1, 1e-05, True)\n");
    return module;
  }

  /**
   * A ReLU.
   *
   * @return the module
   */
  public JitModule relu() {
    return expression("torch.nn.modules.activation.ReLU", "torch.relu(input)");
  }

  /**
   * A ReLU that writes into its input.
   *
   * @return the module
   */
  public JitModule reluInPlace() {
    return expression("torch.nn.modules.activation.ReLU", "torch.relu_(input)");
  }

  /**
   * Maximum pooling without padding.
   *
   * @param dimensions 1, 2 or 3
   * @param kernel its size
   * @param stride the stride
   * @return the module
   */
  public JitModule maxPool(int dimensions, long kernel, long stride) {
    return expression(
        "torch.nn.modules.pooling.MaxPool" + dimensions + "d",
        String.format(
            "torch.max_pool%dd(input, %s, %s, %s, %s, False)",
            dimensions,
            list(dimensions, kernel),
            list(dimensions, stride),
            list(dimensions, 0),
            list(dimensions, 1)));
  }

  /**
   * Average pooling without padding.
   *
   * @param dimensions 1, 2 or 3
   * @param kernel its size
   * @param stride the stride
   * @return the module
   */
  public JitModule avgPool(int dimensions, long kernel, long stride) {
    return expression(
        "torch.nn.modules.pooling.AvgPool" + dimensions + "d",
        String.format(
            "torch.avg_pool%dd(input, %s, %s, %s, False, True)",
            dimensions, list(dimensions, kernel), list(dimensions, stride), list(dimensions, 0)));
  }

  /**
   * Average pooling to a size.
   *
   * @param dimensions 1, 2 or 3
   * @param size the size in every dimension
   * @return the module
   */
  public JitModule adaptiveAvgPool(int dimensions, long size) {
    return expression(
        "torch.nn.modules.pooling.AdaptiveAvgPool" + dimensions + "d",
        String.format("torch.adaptive_avg_pool%dd(input, %s)", dimensions, list(dimensions, size)));
  }

  /**
   * A module that makes one dimension of all but the batch.
   *
   * @return the module
   */
  public JitModule flatten() {
    return expression("torch.nn.modules.flatten.Flatten", "torch.flatten(input, 1, -1)");
  }

  /**
   * A chain of modules, named 0, 1, ...
   *
   * @param children the modules, in order
   * @return the module
   */
  public JitModule sequential(JitModule... children) {
    Map<String, JitModule> named = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder("def forward(self, input):\n");
    for (int i = 0; i < children.length; i++) {
      named.put(Integer.toString(i), children[i]);
      text.append("    input = getattr(self, \"").append(i).append("\").forward(input)\n");
    }
    text.append("    return input\n");
    return module("torch.nn.modules.container.Sequential", named, text.toString());
  }

  /**
   * Writes a module as an archive.
   *
   * @param module the module
   * @param file where to
   * @return the file
   */
  public static Path save(JitModule module, Path file) {
    module.save(file.toString());
    return file;
  }
}
