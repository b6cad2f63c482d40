/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cpptests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.rules.Attention;
import org.zennit4j.rules.Bilinear;
import org.zennit4j.rules.EpsilonWithoutBias;
import org.zennit4j.rules.LocalResponseNormalization;
import org.zennit4j.rules.Normalization;
import org.zennit4j.rules.Recurrent;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Softmax;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.SeededWeights;

/** The rules of operators in C++ on the same LibTorch: the same bits. */
class OperatorOracleTests {
  private static final double EPSILON = 1e-6;

  /** Operators whose first input alone is one of the network. */
  private static final Set<String> WEIGHTED =
      Set.of("layer_norm", "linear", "lstm", "gru", "rnn_tanh", "rnn_relu");

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private final ArrayNode cases = JSON.createArrayNode();
  private final List<String> results = new ArrayList<>();

  @Test
  void bothSidesComputeTheSameBits() throws IOException, InterruptedException {
    String missing = Programs.missing().orElse(null);
    if (missing != null) {
      System.out.println(missing);
      abort(missing);
    }
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      for (ScalarType dtype : List.of(ScalarType.Float, ScalarType.Double)) {
        cases(dtype);
      }
    }
    JSON.writeValue(folder.resolve("cases.json").toFile(), cases);
    int status =
        new ProcessBuilder(Programs.built("cpp/operator_oracle").toString(), folder.toString())
            .inheritIO()
            .start()
            .waitFor();
    assertThat(status).isZero();
    for (String name : results) {
      double[] java = Npy.read(folder.resolve(name.replace("#", "java") + ".npy")).toDoubles();
      double[] cpp = Npy.read(folder.resolve(name.replace("#", "cpp") + ".npy")).toDoubles();
      assertThat(java).as(name).isEqualTo(cpp);
    }
  }

  private void cases(ScalarType dtype) {
    Stabilizer stabilizer = Stabilizer.of(EPSILON);
    for (int axis = 0; axis < 3; axis++) {
      ObjectNode one =
          run(
              dtype,
              "softmax",
              "x",
              "torch.softmax(x, " + axis + ")",
              new Softmax(),
              shape(2, 3, 4));
      one.put("dim", axis);
      Rule written = new Softmax(stabilizer, OptionalLong.of(axis));
      run(dtype, "exp", "x", "torch.exp(x)", written, shape(2, 3, 4)).put("dim", axis);
    }
    for (int signal = -1; signal < 2; signal++) {
      OptionalInt all = signal < 0 ? OptionalInt.empty() : OptionalInt.of(signal);
      Rule rule = new Bilinear(all, stabilizer);
      ObjectNode product =
          run(dtype, "matmul", "x, y", "torch.matmul(x, y)", rule, shape(2, 3, 4), shape(2, 4, 5));
      ObjectNode gate = run(dtype, "mul", "x, y", "x * y", rule, shape(2, 3, 4), shape(2, 3, 1));
      if (signal >= 0) {
        product.put("signal", signal);
        gate.put("signal", signal);
      }
    }
    for (int axes = 1; axes < 3; axes++) {
      long[] own = axes == 1 ? shape(4) : shape(3, 4);
      for (String weight : List.of("", ", w")) {
        ObjectNode one =
            run(
                dtype,
                "layer_norm",
                "x" + weight,
                "torch.layer_norm(x, "
                    + Arrays.toString(own)
                    + (weight.isEmpty() ? "" : ", w")
                    + ")",
                new Normalization(false, stabilizer),
                weight.isEmpty()
                    ? new long[][] {shape(2, 3, 4)}
                    : new long[][] {shape(2, 3, 4), own});
        one.put("axes", axes).put("eps", 1e-5);
      }
    }
    List<String> cells = List.of("lstm", "gru", "rnn_tanh", "rnn_relu");
    long[] gates = {4, 3, 1, 1};
    for (int kind = 0; kind < gates.length; kind++) {
      for (boolean shares : List.of(false, true)) {
        ZeroParams zero = shares ? ZeroParams.of("bias") : ZeroParams.none();
        Rule rule = new Recurrent(stabilizer, zero);
        recurrent(dtype, cells.get(kind), gates[kind] * 3, rule).put("shares_bias", shares);
      }
    }
    for (long[] shape : List.of(shape(2, 4), shape(2, 3, 4))) {
      ObjectNode one =
          run(
              dtype,
              "linear",
              "x",
              "torch.linear(x, self.p1, self.p2)",
              new EpsilonWithoutBias(stabilizer),
              shape,
              shape(5, 4),
              shape(5));
      one.put("rule", "epsilon_without_bias");
    }
    for (int size = 2; size < 6; size++) {
      localResponse(dtype, size, stabilizer);
    }
    for (boolean causal : List.of(false, true)) {
      for (boolean constant : List.of(false, true)) {
        String flags = causal ? "None, 0.0, True" : "None";
        ObjectNode one =
            run(
                dtype,
                "scaled_dot_product_attention",
                "q, k, v",
                "torch.scaled_dot_product_attention(q, k, v, " + flags + ")",
                new Attention(constant, stabilizer),
                shape(2, 2, 4, 3),
                shape(2, 2, 4, 3),
                shape(2, 2, 4, 3));
        one.put("rule", "attention").put("causal", causal).put("constant", constant);
      }
    }
  }

  private ObjectNode recurrent(ScalarType dtype, String operator, long rows, Rule rule) {
    String state = "torch.zeros([1, 2, 3], dtype=x.dtype)";
    return run(
        dtype,
        operator,
        "x, w, u, b, d",
        "torch."
            + operator
            + "(x, "
            + (operator.equals("lstm") ? "[" + state + ", " + state + "]" : state)
            + ", [w, u, b, d], True, 1, 0.0, False, False, False)[0]",
        rule,
        shape(4, 2, 5),
        shape(rows, 5),
        shape(rows, 3),
        shape(rows),
        shape(rows));
  }

  private void localResponse(ScalarType dtype, int size, Stabilizer stabilizer) {
    JitModule layer =
        new ModelBuilder(dtype, 1)
            .module(
                "torch.nn.modules.normalization.LocalResponseNorm",
                Map.of(),
                """
                def forward(self, x):
                    square = torch.constant_pad_nd((x * x).unsqueeze(1), [0, 0, 0, 0, %d, %d], 0)
                    mean = torch.avg_pool3d(square, [%d, 1, 1], [1, 1, 1], [0, 0, 0]).squeeze(1)
                    return x / (mean * 0.5 + 2.0).pow(0.75)
                """
                    .formatted(size / 2, (size - 1) / 2, size));
    run(
            dtype,
            "local_response_norm",
            Optional.of(layer),
            "x",
            "self.part.forward(x)",
            new LocalResponseNormalization(size, 0.5, 0.75, 2, stabilizer),
            shape(2, 4, 3, 2))
        .put("size", size)
        .put("alpha", 0.5)
        .put("beta", 0.75)
        .put("k", 2.0);
  }

  private static long[] shape(long... shape) {
    return shape;
  }

  private ObjectNode run(
      ScalarType dtype,
      String operator,
      String arguments,
      String expression,
      Rule rule,
      long[]... shapes) {
    return run(dtype, operator, Optional.empty(), arguments, expression, rule, shapes);
  }

  /** The layer is a module of the network, or else its only operator. */
  private ObjectNode run(
      ScalarType dtype,
      String operator,
      Optional<JitModule> part,
      String arguments,
      String expression,
      Rule rule,
      long[]... shapes) {
    String id = operator + cases.size();
    Tensor[] inputs = new Tensor[shapes.length];
    for (int k = 0; k < shapes.length; k++) {
      inputs[k] = SeededWeights.normal(k + 1L, dtype, shapes[k]);
      write(id + ".in." + k, inputs[k]);
    }
    JitModule module = new ModelBuilder(dtype, 1).empty("nets.Net");
    part.ifPresent(layer -> module.register_module("part", layer));
    int given = arguments.split(",").length;
    for (int k = given; k < inputs.length; k++) {
      module.register_parameter("p" + k, inputs[k], false);
    }
    module.define("def forward(self, " + arguments + "):\n    return " + expression + "\n");
    Tensor[] all = inputs.clone();
    inputs = Arrays.copyOf(inputs, given);
    try (ScriptModel model = ScriptModel.of(module)) {
      Tensor out = model.run(inputs).get(0);
      Tensor r = SeededWeights.normal(9, dtype, out.shape());
      write(id + ".out", out);
      write(id + ".r", r);
      String layer = part.isPresent() ? "part" : "/" + operator + "#0";
      Region region = model.program().regions(model.program().layer(layer).orElseThrow()).get(0);
      LayerFunction function = rule.bind(region);
      try (Propagation pass =
          new Propagation(
              model.program(), Map.of(region.id(), function), PropagationOptions.defaults())) {
        pass.record(List.of(inputs));
        List<Tensor> relevances = pass.backward(List.of(r));
        // Weights are parameters in C++, which get nothing; here they are inputs of the model.
        int compared = WEIGHTED.contains(operator) ? 1 : relevances.size();
        for (int k = 0; k < compared; k++) {
          write(id + ".java." + k, relevances.get(k));
          results.add(id + ".#." + k);
        }
      }
      function.close();
    }
    return cases
        .addObject()
        .put("id", id)
        .put("rule", operator)
        .put("inputs", all.length)
        .put("epsilon", EPSILON);
  }

  private static void write(String name, Tensor tensor) {
    Npy.write(folder.resolve(name + ".npy"), NdArray.of(tensor));
  }
}
