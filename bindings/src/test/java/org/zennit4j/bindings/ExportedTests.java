/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.bindings.ExportedBuilder.FLOAT32;
import static org.zennit4j.bindings.ExportedBuilder.FLOAT64;
import static org.zennit4j.bindings.ExportedBuilder.INT64;
import static org.zennit4j.bindings.ExportedBuilder.arg;
import static org.zennit4j.bindings.ExportedBuilder.asInts;
import static org.zennit4j.bindings.ExportedBuilder.doubles;
import static org.zennit4j.bindings.ExportedBuilder.flag;
import static org.zennit4j.bindings.ExportedBuilder.graph;
import static org.zennit4j.bindings.ExportedBuilder.ints;
import static org.zennit4j.bindings.ExportedBuilder.meta;
import static org.zennit4j.bindings.ExportedBuilder.node;
import static org.zennit4j.bindings.ExportedBuilder.number;
import static org.zennit4j.bindings.ExportedBuilder.real;
import static org.zennit4j.bindings.ExportedBuilder.saved;
import static org.zennit4j.bindings.ExportedBuilder.stack;
import static org.zennit4j.bindings.ExportedBuilder.symbol;
import static org.zennit4j.bindings.ExportedBuilder.tensor;
import static org.zennit4j.bindings.ExportedBuilder.tensors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.ModelInput;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.Model;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** torch.export archives, made here with what was seen in real ones. */
@ExtendWith(NativeLeaks.class)
class ExportedTests {
  private static final String ROOT = stack();
  private static final double[] SIX = {1, -2, 3, -4, 5, -6};

  @TempDir Path folder;

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  private static Tensor of(double[] values, long... shape) {
    Tensor tensor = torch.empty(shape, new TensorOptions(ScalarType.Double), null);
    new org.bytedeco.javacpp.DoublePointer(tensor.data_ptr()).put(values, 0, values.length);
    return tensor;
  }

  private static Tensor six() {
    return of(SIX, 2, 3);
  }

  private static void assertValues(Tensor tensor, double... wanted) {
    assertThat(TensorSubject.values(tensor)).containsExactly(wanted);
  }

  private ScriptModel model(ExportedBuilder builder) {
    return Model.load(builder.write(folder.resolve("m.pt2")));
  }

  /** Output and the gradient of its sum. */
  private static List<double[]> gradient(ScriptModel model, Tensor x) {
    try (Propagation pass =
        new Propagation(model.program(), Map.of(), PropagationOptions.defaults())) {
      Tensor y = pass.record(List.of(x)).get(0);
      double[] output = TensorSubject.values(y);
      Tensor relevance = pass.backward(List.of(torch.ones_like(y))).get(0);
      return List.of(output, TensorSubject.values(relevance));
    }
  }

  private static String self(String name) {
    return arg("self", tensor(name));
  }

  // ---- Writes.

  @Test
  void aWriteThroughAViewReachesItsBase() {
    // y = 2 * x; y[:, 0] = 7: nobody reads what fill_ returns, and mul's name is read again.
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten("mul.Tensor", ROOT, "mul", self("x"), arg("other", number(2)))
            .aten(
                "select.int",
                ROOT,
                "s",
                self("mul"),
                arg("dim", number(1)),
                arg("index", number(0)))
            .aten("fill_.Scalar", ROOT, "f", self("s"), arg("value", real("7.0")))
            .aten("mul.Tensor", ROOT, "y", self("mul"), arg("other", number(3)))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      List<double[]> found = gradient(model, six());
      assertThat(found.get(0)).containsExactly(21, -12, 18, 21, 30, -36);
      assertThat(found.get(1)).containsExactly(0, 6, 6, 0, 6, 6);
    }
  }

  @Test
  void aViewThatIsReadLaterSeesTheWriteIntoItsBase() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten("add.Tensor", ROOT, "a", self("x"), arg("other", number(1)))
            .aten("view.default", ROOT, "v", self("a"), arg("size", ints(6)))
            .aten("relu_.default", ROOT, "r", self("a"))
            .output(tensor("v"));
    try (ScriptModel model = model(net)) {
      List<double[]> found = gradient(model, six());
      assertThat(found.get(0)).containsExactly(2, 0, 4, 0, 6, 0);
      assertThat(found.get(1)).containsExactly(1, 0, 1, 0, 1, 0);
    }
  }

  @Test
  void anInPlaceOperatorThatNobodyElseSeesIsItsTwin() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten("neg.default", ROOT, "n", self("x"))
            .aten("relu_.default", stack("act=activation.ReLU"), "r", self("n"))
            .aten("add_.Tensor", ROOT, "a", self("r"), arg("other", tensor("x")))
            // The old name means the same memory, and so the new values.
            .aten("mul.Tensor", ROOT, "y", self("n"), arg("other", number(2)))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      Region act = model.program().regions(model.program().layer("act").orElseThrow()).get(0);
      assertThat(act.operators()).containsExactly("aten::relu");
      assertThat(act.overwritesInput()).isTrue();
      assertThat(model.program().definition().writesInPlace()).isFalse();
      assertValues(model.run(six()).get(0), 2, 0, 6, 0, 10, 0);
    }
  }

  @Test
  void aResultKeepsItsDtypeWhereTheTwinsWouldNot() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten("_to_copy.default", ROOT, "f", self("x"), arg("dtype", "{\"as_scalar_type\":7}"))
            .meta("f", FLOAT32, 2, 3)
            .aten("add_.Tensor", ROOT, "a", self("f"), arg("other", tensor("x")))
            .meta("a", FLOAT32, 2, 3)
            .output(tensor("a"));
    // Nothing stored: the input says that the model is a float64 one, and float32 stays.
    try (ScriptModel model = model(net)) {
      assertThat(model.run(six()).get(0).scalar_type().intern()).isEqualTo(ScalarType.Float);
    }
  }

  @Test
  void inputsAndBuffersAreTheSameAfterwards() {
    ExportedBuilder net =
        new ExportedBuilder()
            .buffer("b_count", "count", true, new double[] {1}, 1)
            .input("x", FLOAT64, 2, 3)
            .aten("mul_.Tensor", ROOT, "m", self("x"), arg("other", number(2)))
            .aten("view.default", ROOT, "v", self("b_count"), arg("size", ints(1)))
            .aten("add_.Tensor", ROOT, "c", self("b_count"), arg("other", number(1)))
            .aten("mul.Tensor", ROOT, "y", self("x"), arg("other", tensor("v")))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      Tensor x = six();
      for (int i = 0; i < 2; i++) {
        assertValues(model.run(x).get(0), 4, -8, 12, -16, 20, -24);
        assertValues(x, SIX);
      }
    }
  }

  @Test
  void outputsAreTakenByTheirSpecNotByTheirPlace() {
    ExportedBuilder net =
        new ExportedBuilder()
            .buffer("b_count", "count", true, new double[] {1}, 1)
            .input("x", FLOAT64, 2, 3)
            .aten("add.Tensor", ROOT, "c", self("b_count"), arg("other", number(1)))
            .aten("neg.default", ROOT, "y", self("x"))
            .mutation(tensor("c"), "count")
            .output("{\"as_none\":true}")
            .output(tensor("y"))
            .output(tensor("x"))
            .output(number(3));
    try (ScriptModel model = model(net)) {
      List<Tensor> outputs = model.run(six());
      assertThat(outputs).hasSize(2);
      assertValues(outputs.get(0), -1, 2, -3, 4, -5, 6);
      assertValues(outputs.get(1), SIX);
    }
  }

  // ---- Stored tensors.

  private static ExportedBuilder sum(String meta) {
    return new ExportedBuilder()
        .entry("data/weights/w", doubles(0, 1, 2, 3, 4, 5, 6, 7))
        .parameter("p_w", "w", "w", meta)
        .input("x", FLOAT64, 2, 3)
        .aten("add.Tensor", ROOT, "y", self("x"), arg("other", tensor("p_w")))
        .output(tensor("y"));
  }

  private double[] stored(String meta) {
    try (ScriptModel model = model(sum(meta))) {
      return TensorSubject.values(model.run(torch.zeros_like(six())).get(0));
    }
  }

  @Test
  void anEntryIsAStorageAndATensorAWayToLookAtIt() {
    assertThat(stored(meta(FLOAT64, asInts(2, 3), asInts(1, 2), 0)))
        .containsExactly(0, 2, 4, 1, 3, 5);
    assertThat(stored(meta(FLOAT64, asInts(2, 3), asInts(3, 1), 2)))
        .containsExactly(2, 3, 4, 5, 6, 7);
    assertThat(stored(meta(FLOAT64, asInts(2, 3), asInts(0, 0), 7)))
        .containsExactly(7, 7, 7, 7, 7, 7);
    assertThat(stored(meta(FLOAT64, "", "", 5))).containsExactly(5, 5, 5, 5, 5, 5);
  }

  @Test
  void tiedWeightsBelongToTheModuleThatRuns() {
    String weight = meta(FLOAT64, asInts(3, 3), asInts(3, 1), 0);
    ExportedBuilder net =
        new ExportedBuilder()
            .entry("data/weights/w", doubles(1, 0, 0, 0, 2, 0, 0, 0, 3))
            .parameter("p_a_weight", "a.weight", "w", weight)
            .parameter("p_b_weight", "b.weight", "w", weight)
            .input("x", FLOAT64, 2, 3)
            // Both read the placeholder of the last name.
            .aten(
                "linear.default",
                stack("a=linear.Linear"),
                "h",
                arg("input", tensor("x")),
                arg("weight", tensor("p_b_weight")))
            .aten(
                "linear.default",
                stack("b=linear.Linear"),
                "y",
                arg("input", tensor("h")),
                arg("weight", tensor("p_b_weight")))
            .output(tensor("y"))
            .modules("a", "b");
    try (ScriptModel model = model(net)) {
      Program program = model.program();
      for (String name : List.of("a", "b")) {
        Layer layer = program.layer(name).orElseThrow();
        Region call = program.regions(layer).get(0);
        assertThat(layer.parameters()).containsExactly("weight");
        assertThat(layer.types()).contains("Linear");
        assertThat(call.parameters()).containsOnlyKeys("weight");
        assertThat(call.linearMap()).isPresent();
      }
      assertValues(model.run(six()).get(0), 1, -8, 27, -4, 20, -54);
    }
  }

  @Test
  void buffersThatAreNotPersistentAreConstants() {
    ExportedBuilder net =
        new ExportedBuilder()
            .buffer("b_off", "off", false, new double[] {1, 2, 3}, 3)
            .input("x", FLOAT64, 2, 3)
            .aten("add.Tensor", ROOT, "y", self("x"), arg("other", tensor("b_off")))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      assertValues(model.run(six()).get(0), 2, 0, 6, -3, 7, -3);
    }
  }

  @Test
  void pickledTensorsOfOlderFilesAreReadWithoutRunningThem() throws IOException {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten("add.Tensor", ROOT, "h", self("x"), arg("other", tensor("p_w")))
            .aten("add.Tensor", ROOT, "y", self("h"), arg("other", tensor("p_v")))
            .output(tensor("y"));
    String specs =
        "\"input_specs\":[{\"parameter\":{\"arg\":{\"name\":\"p_w\"},\"parameter_name\":\"w\"}},"
            + "{\"parameter\":{\"arg\":{\"name\":\"p_v\"},\"parameter_name\":\"m.v\"}},";
    String program = net.program().replace("\"input_specs\":[", specs);
    Map<String, double[]> values = new LinkedHashMap<>();
    values.put("w", new double[] {1, 2, 3});
    values.put("m.v", new double[] {10, 20, 30, 40, 50, 60});
    byte[] pickled = saved(values, Map.of("w", new long[] {3}, "m.v", new long[] {2, 3}));
    byte[] none = saved(Map.of(), Map.of());
    Map<String, byte[]> old = new LinkedHashMap<>();
    old.put("serialized_exported_program.json", program.getBytes(StandardCharsets.UTF_8));
    old.put("serialized_state_dict.pt", pickled);
    old.put("serialized_constants.pt", none);
    old.put("version", "8.2".getBytes(StandardCharsets.UTF_8));
    Map<String, byte[]> between = new LinkedHashMap<>();
    between.put("m/data/weights/model.pt", pickled);
    between.put("m/data/constants/model.pt", none);
    between.put("m/models/model.json", program.getBytes(StandardCharsets.UTF_8));
    for (Map<String, byte[]> entries : List.of(old, between)) {
      try (ScriptModel model =
          Model.load(ExportedBuilder.zip(folder.resolve("old.pt2"), entries))) {
        assertValues(model.run(six()).get(0), 12, 20, 36, 37, 57, 57);
        assertThat(model.program().layer("m").orElseThrow().parameters()).containsExactly("v");
      }
    }
    byte[] evil =
        new String(pickled, StandardCharsets.ISO_8859_1)
            .replace("torch._utils\n_rebuild_parameter", "evils._utils\n_rebuild_parameter")
            .getBytes(StandardCharsets.ISO_8859_1);
    old.put("serialized_state_dict.pt", evil);
    Path file = ExportedBuilder.zip(folder.resolve("evil.pt2"), old);
    assertThatThrownBy(() -> Model.load(file).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("calls evils._utils._rebuild_parameter");
  }

  // ---- Arguments.

  private static ExportedBuilder masked(String infinity) {
    return new ExportedBuilder()
        .input("x", FLOAT64, 2, 3)
        .aten("gt.Scalar", ROOT, "m", self("x"), arg("other", number(0)))
        .aten(
            "masked_fill.Scalar",
            ROOT,
            "y",
            self("x"),
            arg("mask", tensor("m")),
            arg("value", real(infinity)))
        .output(tensor("y"));
  }

  @Test
  void infinityIsAStringOrBare() {
    double inf = Double.NEGATIVE_INFINITY;
    for (String text : List.of("\"-Infinity\"", "-Infinity")) {
      try (ScriptModel model = model(masked(text))) {
        assertValues(model.run(six()).get(0), inf, -2, inf, -4, inf, -6);
      }
    }
  }

  @Test
  void listsSymbolsAndSeveralResults() {
    String batch =
        "{\"as_expr\":{\"expr_str\":\"Symbol('s0', positive=True, integer=True)\"}}," + number(3);
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, batch)
            .raw(
                node(
                    "torch.ops.aten.sym_size.int",
                    null,
                    symbol("n"),
                    self("x"),
                    arg("dim", number(0))))
            .raw(
                node(
                    "_operator.mul", null, symbol("k"), arg("a", symbol("n")), arg("b", number(3))))
            .raw(
                node(
                    "_operator.ge",
                    null,
                    "{\"as_sym_bool\":{\"as_name\":\"ge\"}}",
                    arg("a", symbol("n")),
                    arg("b", number(0))))
            .raw(
                node(
                    "torch.ops.aten._assert_scalar.default",
                    null,
                    "",
                    arg("self", "{\"as_sym_bool\":{\"as_name\":\"ge\"}}"),
                    arg("assert_msg", "{\"as_string\":\"bad\"}")))
            .aten(
                "view.default",
                ROOT,
                "v",
                self("x"),
                arg("size", "{\"as_sym_ints\":[{\"as_name\":\"k\"}]}"))
            .raw(
                node(
                    "torch.ops.aten.max.dim",
                    ROOT,
                    tensor("m") + "," + tensor("i"),
                    self("x"),
                    arg("dim", number(1)),
                    arg("keepdim", flag(true))))
            .raw(
                node(
                    "torch.ops.aten.unbind.int",
                    ROOT,
                    tensors("u0", "u1", "u2"),
                    self("x"),
                    arg("dim", number(1))))
            .aten(
                "index.Tensor",
                ROOT,
                "p",
                self("x"),
                arg(
                    "indices",
                    "{\"as_optional_tensors\":[{\"as_none\":true}," + tensor("flat") + "]}"))
            .aten(
                "cat.default", ROOT, "c", arg("tensors", tensors("x", "m")), arg("dim", number(1)))
            .output(tensor("c"))
            .output(tensor("v"))
            .output(tensor("u2"))
            .output(tensor("p"))
            .ranges("{\"s0\":{\"min_val\":0,\"max_val\":4}}");
    String flat =
        node(
            "torch.ops.aten.arange.default",
            ROOT,
            tensor("flat"),
            arg("end", number(2)),
            arg("dtype", "{\"as_scalar_type\":5}"),
            arg("device", "{\"as_device\":{\"type\":\"cuda\",\"index\":0}}"));
    // Nodes stand in execution order.
    Map<String, byte[]> entries = net.build();
    String program = net.program();
    int place = program.indexOf("{\"target\":\"torch.ops.aten.max.dim");
    entries.put(
        "m/models/model.json",
        (program.substring(0, place) + flat + "," + program.substring(place))
            .getBytes(StandardCharsets.UTF_8));
    Path file = ExportedBuilder.zip(folder.resolve("lists.pt2"), entries);
    try (ScriptModel model = Model.load(file)) {
      List<Tensor> y = model.run(six());
      assertValues(y.get(0), 1, -2, 3, 3, -4, 5, -6, 5);
      assertValues(y.get(1), SIX);
      assertValues(y.get(2), 3, -6);
      assertValues(y.get(3), 1, -2, -4, 5);
      assertThat(model.run(torch.zeros_like(six()).narrow(0, 0, 1)).get(1).shape())
          .containsExactly(3);
      assertThat(model.inputs())
          .containsExactly(
              new ModelInput("x", Optional.of(ScalarType.Double), Optional.of(List.of(-1L, 3L))));
      assertThat(model.program().functionalLayers().stream().map(Layer::name))
          .noneMatch(name -> name.endsWith("/ge#0"));
      assertThatThrownBy(() -> model.run(of(new double[15], 5, 3)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("'x'")
          .hasMessageContaining("[5, 3]")
          .hasMessageContaining("s0 up to 4");
    }
  }

  @Test
  void fixedSizesAndDtypesAreDemanded() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .baked("flag")
            .aten("neg.default", ROOT, "y", self("x"))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      assertThat(model.program().inputs()).isEqualTo(1);
      assertThatThrownBy(() -> model.run(of(new double[9], 3, 3)))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "input 0 ('x') has shape [3, 3], but the model was exported for [2, 3]; give that shape, or export the"
                  + " model with dynamic_shapes");
      assertThatThrownBy(() -> model.run(six().to(ScalarType.Float)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("of dtype Float, but the model needs Double");
    }
  }

  @Test
  void integersStayIntegersAndFloatsAreConverted() {
    ExportedBuilder net =
        new ExportedBuilder()
            .parameter("p_w", "w", new double[] {0.5, 1, 2, 4}, 4)
            .input("i", INT64, 2)
            .input("x", FLOAT64, 2)
            .aten(
                "index_select.default",
                ROOT,
                "s",
                self("p_w"),
                arg("dim", number(0)),
                arg("index", tensor("i")))
            .aten(
                "zeros.default",
                ROOT,
                "z",
                arg("size", ints(2)),
                arg("dtype", "{\"as_scalar_type\":8}"))
            .aten("add.Tensor", ROOT, "a", self("s"), arg("other", tensor("z")))
            .aten("mul.Tensor", ROOT, "y", self("a"), arg("other", tensor("x")))
            .output(tensor("y"));
    try (ScriptModel model = model(net);
        ScriptModel half = model.to(Dtype.FLOAT32)) {
      Tensor index = of(new double[] {3, 0}, 2).to(ScalarType.Long);
      assertThat(half.inputDtype(0)).isEqualTo(ScalarType.Long);
      assertThat(half.inputDtype(1)).isEqualTo(ScalarType.Float);
      assertValues(model.run(index, of(new double[] {1, 2}, 2)).get(0), 4, 1);
      Tensor y = half.run(index, of(new double[] {1, 2}, 2).to(ScalarType.Float)).get(0);
      assertThat(y.scalar_type().intern()).isEqualTo(ScalarType.Float);
      assertValues(y, 4, 1);
    }
  }

  // ---- Blocks.

  private static String block(String graph, String... operands) {
    String[] args = new String[2 + operands.length];
    args[0] = arg("", flag(false));
    args[1] = arg("", "{\"as_graph\":{\"name\":\"g\",\"graph\":" + graph + "}}");
    for (int i = 0; i < operands.length; i++) {
      args[2 + i] = arg("", tensor(operands[i]));
    }
    return node("torch.ops.higher_order.wrap_with_set_grad_enabled", ROOT, tensor("g0"), args);
  }

  @Test
  void noGradientLeavesABlockWithout() {
    String inner =
        graph(
            List.of(tensor("a")),
            List.of(tensor("b")),
            List.of(
                node(
                    "torch.ops.aten.mul.Tensor",
                    stack("frozen=activation.ReLU"),
                    tensor("b"),
                    self("a"),
                    arg("other", number(5)))));
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .raw(block(inner, "x"))
            .aten("add.Tensor", ROOT, "y", self("g0"), arg("other", tensor("x")))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      List<double[]> found = gradient(model, six());
      assertThat(found.get(0)).containsExactly(6, -12, 18, -24, 30, -36);
      assertThat(found.get(1)).containsExactly(1, 1, 1, 1, 1, 1);
      // A rule at the module in the block gets nothing either.
      Program program = model.program();
      Region frozen = program.regions(program.layer("frozen").orElseThrow()).get(0);
      LayerFunction rule =
          (call, gradients) -> List.of(gradients.get(0).mul(new org.bytedeco.pytorch.Scalar(100)));
      try (Propagation pass =
          new Propagation(program, Map.of(frozen.id(), rule), PropagationOptions.defaults())) {
        Tensor y = pass.record(List.of(six())).get(0);
        assertValues(pass.backward(List.of(torch.ones_like(y))).get(0), 1, 1, 1, 1, 1, 1);
      }
    }
  }

  @Test
  void aBlockMayBeEmptyOrNested() {
    String nested =
        graph(
            List.of(tensor("a")),
            List.of(tensor("g0")),
            List.of(block(graph(List.of(tensor("b")), List.of(tensor("b")), List.of()), "a")));
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .raw(block(nested, "x"))
            .aten("neg.default", ROOT, "y", self("g0"))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      assertValues(model.run(six()).get(0), -1, 2, -3, 4, -5, 6);
    }
  }

  @Test
  void autocastLowersThePrecisionInsideOnly() {
    String inner =
        graph(
            List.of(tensor("a")),
            List.of(tensor("b")),
            List.of(
                node(
                    "torch.ops.aten.mm.default",
                    ROOT,
                    tensor("b"),
                    self("a"),
                    arg("mat2", tensor("a")))));
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT32, 2, 2)
            .raw(
                node(
                    "torch.ops.higher_order.wrap_with_autocast",
                    ROOT,
                    tensor("low"),
                    arg("", "{\"as_string\":\"cpu\"}"),
                    arg("", "{\"as_scalar_type\":13}"),
                    arg("", flag(true)),
                    arg("", flag(true)),
                    arg("", "{\"as_graph\":{\"name\":\"g\",\"graph\":" + inner + "}}"),
                    arg("", tensor("x"))))
            .aten("mm.default", ROOT, "high", self("x"), arg("mat2", tensor("x")))
            .output(tensor("low"))
            .output(tensor("high"));
    try (ScriptModel model = model(net)) {
      List<Tensor> y = model.run(of(new double[] {1, 2, 3, 4}, 2, 2).to(ScalarType.Float));
      assertThat(y.get(0).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      assertThat(y.get(1).scalar_type().intern()).isEqualTo(ScalarType.Float);
      assertThat(torch.is_autocast_enabled(torch.DeviceType.CPU)).isFalse();
    }
  }

  // ---- Modules.

  @Test
  void aModuleThatIsCalledTwiceHasTwoCalls() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten(
                "relu.default",
                stack("b=container.Sequential", "b.act=activation.ReLU"),
                "r",
                self("x"))
            .aten("neg.default", stack("b=container.Sequential"), "n", self("r"))
            .aten(
                "relu.default",
                stack("b=container.Sequential", "b.act@1=activation.ReLU"),
                "s",
                self("n"))
            .aten("relu.default", stack("b=container.Sequential"), "t", self("s"))
            .output(tensor("t"))
            .modules("b", "b.unused", "b.act");
    try (ScriptModel model = model(net)) {
      Program program = model.program();
      assertThat(program.layers().stream().map(Layer::name))
          .containsExactly("", "b", "b.unused", "b.act");
      Layer act = program.layer("b.act").orElseThrow();
      assertThat(act.className()).isEqualTo("torch.nn.modules.activation.ReLU");
      assertThat(act.types()).contains("Activation");
      assertThat(program.regions(act)).hasSize(2);
      assertThat(program.functionalLayers().stream().map(Layer::name))
          .containsExactly("b/neg#0", "b/relu#0");
      assertThat(program.layer("").orElseThrow().className()).isEqualTo("nets.Net");
    }
  }

  @Test
  void aNodeWithoutAModuleDoesNotTearOneApart() {
    String linear = stack("m=linear.Linear");
    ExportedBuilder net =
        new ExportedBuilder()
            .parameter("p", "m.weight", new double[] {1, 0, 0, 1, 1, 1}, 2, 3)
            .input("x", FLOAT64, 2, 3)
            .aten("neg.default", linear, "n", self("x"))
            .raw(
                node(
                    "torch.ops.aten.sym_size.int",
                    null,
                    symbol("k"),
                    self("n"),
                    arg("dim", number(0))))
            .aten(
                "view.default",
                linear,
                "v",
                self("n"),
                arg("size", "{\"as_sym_ints\":[{\"as_name\":\"k\"},{\"as_int\":3}]}"))
            .aten(
                "linear.default",
                linear,
                "y",
                arg("input", tensor("v")),
                arg("weight", tensor("p")))
            .output(tensor("y"));
    try (ScriptModel model = model(net)) {
      Program program = model.program();
      assertThat(program.regions(program.layer("m").orElseThrow())).hasSize(1);
      assertValues(model.run(six()).get(0), -1, -2, 4, 5);
    }
  }

  @Test
  void decomposedLayersAreWhatTheyWere() {
    String fc = stack("fc=linear.Linear");
    String bn = stack("bn=batchnorm.BatchNorm1d");
    ExportedBuilder net =
        new ExportedBuilder()
            .parameter("w", "fc.weight", new double[] {1, 2, 3, 4, 5, 6}, 2, 3)
            .parameter("b", "fc.bias", new double[] {0.5, -0.5}, 2)
            .parameter("g", "bn.weight", new double[] {1, 2}, 2)
            .parameter("o", "bn.bias", new double[] {0, 1}, 2)
            .buffer("mean", "bn.running_mean", true, new double[] {1, 1}, 2)
            .buffer("var", "bn.running_var", true, new double[] {4, 9}, 2)
            .input("x", FLOAT64, 1, 2, 3)
            .aten("permute.default", fc, "t", self("w"), arg("dims", ints(1, 0)))
            .aten("view.default", fc, "rows", self("x"), arg("size", ints(2, 3)))
            .meta("rows", FLOAT64, 2, 3)
            .aten(
                "addmm.default",
                fc,
                "mm",
                self("b"),
                arg("mat1", tensor("rows")),
                arg("mat2", tensor("t")))
            .meta("mm", FLOAT64, 2, 2)
            .aten("view.default", fc, "back", self("mm"), arg("size", ints(1, 2, 2)))
            .meta("back", FLOAT64, 1, 2, 2)
            .raw(
                node(
                    "torch.ops.aten._native_batch_norm_legit_no_training.default",
                    bn,
                    tensor("y") + "," + tensor("y_unused_1") + "," + tensor("y_unused_2"),
                    arg("input", tensor("back")),
                    arg("weight", tensor("g")),
                    arg("bias", tensor("o")),
                    arg("running_mean", tensor("mean")),
                    arg("running_var", tensor("var")),
                    arg("momentum", real("0.1")),
                    arg("eps", real("0.0001"))))
            .raw(
                node(
                    "torch.ops.aten._softmax.default",
                    ROOT,
                    tensor("s"),
                    self("y"),
                    arg("dim", number(-1)),
                    arg("half_to_float", flag(false))))
            .output(tensor("y"))
            .output(tensor("s"));
    try (ScriptModel model = model(net)) {
      Program program = model.program();
      Region linear = program.regions(program.layer("fc").orElseThrow()).get(0);
      assertThat(linear.operators()).containsExactly("aten::linear");
      assertThat(linear.linearMap()).isPresent();
      assertThat(linear.parameters()).containsOnlyKeys("weight", "bias");
      assertThat(program.regions(program.layer("bn").orElseThrow()).get(0).batchNorm()).isPresent();
      assertThat(program.functionalLayers().stream().map(Layer::name))
          .containsExactly("/softmax#0");
      Tensor x = of(SIX, 1, 2, 3);
      Tensor wanted =
          torch.linear(
              x,
              of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3),
              new org.bytedeco.pytorch.TensorOptional(of(new double[] {0.5, -0.5}, 2)));
      double[] y = TensorSubject.values(wanted);
      double[] found = TensorSubject.values(model.run(x).get(0));
      double[] variance = {4.0001, 9.0001};
      for (int i = 0; i < y.length; i++) {
        int c = i / 2;
        double normal = (y[i] - 1) / Math.sqrt(variance[c]) * (c + 1) + c;
        assertThat(found[i]).isCloseTo(normal, org.assertj.core.data.Offset.offset(1e-13));
      }
    }
  }

  @Test
  void namesOfTheResult() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten("neg.default", ROOT, "h", self("x"))
            .aten("abs.default", ROOT, "l", self("x"))
            .output(tensor("h"))
            .output(tensor("l"))
            .outSpec(
                "[1, {\"type\": \"builtins.dict\", \"context\": \"[\\\"hidden\\\", \\\"logits\\\"]\","
                    + " \"children_spec\": [{\"type\": null, \"context\": null, \"children_spec\": []},"
                    + " {\"type\": null, \"context\": null, \"children_spec\": []}]}]");
    try (ScriptModel model = model(net)) {
      // Logits are what is explained.
      assertThat(model.outputNames()).containsExactly("logits", "hidden");
      assertValues(model.run(six()).get(0), 1, 2, 3, 4, 5, 6);
    }
  }

  @Test
  void trainingIsRefusedUnlessAllowed() {
    ExportedBuilder net =
        new ExportedBuilder()
            .input("x", FLOAT64, 2, 3)
            .aten(
                "dropout.default",
                stack("drop=dropout.Dropout"),
                "y",
                arg("input", tensor("x")),
                arg("p", real("0.5")),
                arg("train", flag(true)))
            .output(tensor("y"));
    Path file = net.write(folder.resolve("train.pt2"));
    assertThatThrownBy(() -> Model.load(file).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("module 'drop' always drops values at random")
        .hasMessageContaining("eval()");
    try (ScriptModel model = Model.load(file, LoadOptions.defaults().withAllowTraining(true))) {
      assertThat(model.findings()).anyMatch(f -> f.contains("'drop'"));
    }
  }

  // ---- The whole.

  @Test
  void pathAndStreamGiveTheSameModelAndTheNameDoesNotMatter() throws IOException {
    Path file = sum(meta(FLOAT64, asInts(2, 3), asInts(3, 1), 0)).write(folder.resolve("model.pt"));
    try (ScriptModel model = Model.load(file);
        InputStream stream = Files.newInputStream(file);
        ScriptModel streamed = ScriptModel.load(stream, LoadOptions.defaults())) {
      assertThat(model.format()).isEqualTo("torch.export");
      assertThat(model.dtype()).isEqualTo(ScalarType.Double);
      TensorSubject.assertThat(streamed.run(six()).get(0)).isBitEqualTo(model.run(six()).get(0));
    }
  }

  @Test
  void anArchiveThatWasPackedAgainIsTheSame() throws IOException {
    Path file = folder.resolve("packed.pt2");
    ExportedBuilder net = sum(meta(FLOAT64, asInts(2, 3), asInts(3, 1), 0));
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (Map.Entry<String, byte[]> entry : net.build().entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    }
    try (ScriptModel model = Model.load(file)) {
      assertValues(model.run(six()).get(0), 1, -1, 5, -1, 9, -1);
    }
  }

  @Test
  void torchScriptIsLoadedByTheSameCall() {
    Path file = Models.RESOURCES.resolve("pt2/models/residual.traced.pt");
    try (ScriptModel traced = Model.load(file);
        ScriptModel exported = Model.load(Models.RESOURCES.resolve("pt2/models/residual.pt2"))) {
      assertThat(traced.format()).isEqualTo("TorchScript");
      assertThat(traced.inputs()).hasSize(1).allMatch(input -> input.dtype().isEmpty());
      // The root's class is __main__.Res; TorchScript drops __main__.
      assertThat(exported.program().layers().stream().skip(1).map(Layer::toString))
          .containsExactlyElementsOf(
              traced.program().layers().stream().skip(1).map(Layer::toString).toList());
      assertThat(exported.program().functionalLayers().stream().map(Layer::name))
          .containsExactlyElementsOf(
              traced.program().functionalLayers().stream().map(Layer::name).toList());
    }
  }

  @Test
  void aRealArchiveWithAnyBatchSize() {
    Path file = Models.RESOURCES.resolve("pt2/models/vgg.pt2");
    try (PointerScope scope = new PointerScope();
        ScriptModel model = Model.load(file)) {
      Tensor x = torch.randn(new long[] {5, 3, 8, 8}, new TensorOptions(ScalarType.Double));
      Tensor all = model.run(x).get(0);
      for (int i = 0; i < 5; i++) {
        Tensor one = model.run(x.narrow(0, i, 1)).get(0);
        double[] a = TensorSubject.values(all.narrow(0, i, 1).contiguous());
        double[] b = TensorSubject.values(one);
        for (int k = 0; k < a.length; k++) {
          assertThat(b[k]).isCloseTo(a[k], org.assertj.core.data.Offset.offset(1e-14));
        }
      }
      assertThatThrownBy(() -> model.run(torch.zeros_like(x).repeat(13, 1, 1, 1)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("up to 64");
      assertThat(Arrays.asList(model.device(), model.source()))
          .containsExactly("cpu", file.toString());
    }
  }
}
