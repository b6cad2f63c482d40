/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.bindings.ExportedBuilder.FLOAT64;
import static org.zennit4j.bindings.ExportedBuilder.arg;
import static org.zennit4j.bindings.ExportedBuilder.asInts;
import static org.zennit4j.bindings.ExportedBuilder.doubles;
import static org.zennit4j.bindings.ExportedBuilder.meta;
import static org.zennit4j.bindings.ExportedBuilder.node;
import static org.zennit4j.bindings.ExportedBuilder.number;
import static org.zennit4j.bindings.ExportedBuilder.stack;
import static org.zennit4j.bindings.ExportedBuilder.tensor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.model.Model;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.NativeLeaks;

/** Files that are no model, or a bad one: one clear line each, whatever stands in them. */
@ExtendWith(NativeLeaks.class)
class ExportedErrorsTests {
  private static final Path VGG = Models.RESOURCES.resolve("pt2/models/vgg.pt2");
  private static final String PYTHON =
      "torch.export.save(torch.export.export(model.eval(), (example,)), \"model.pt2\")";

  @TempDir Path folder;

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  private static ExportedBuilder net(String node) {
    return new ExportedBuilder().input("x", FLOAT64, 2, 3).raw(node).output(tensor("y"));
  }

  private static ExportedBuilder call(String target, String... args) {
    return net(node(target, stack("m=activation.ReLU"), tensor("y"), args));
  }

  private static ExportedBuilder weight(String meta) {
    return new ExportedBuilder()
        .entry("data/weights/w", doubles(1, 2, 3, 4, 5, 6))
        .parameter("p", "fc.weight", "w", meta)
        .input("x", FLOAT64, 2, 3)
        .raw(
            node(
                "torch.ops.aten.add.Tensor",
                stack(),
                tensor("y"),
                arg("self", tensor("x")),
                arg("other", tensor("p"))))
        .output(tensor("y"));
  }

  private static ExportedBuilder good() {
    return weight(meta(FLOAT64, asInts(2, 3), asInts(3, 1), 0));
  }

  private static byte[] zip(Map<String, byte[]> entries) {
    return ExportedBuilder.zip(entries);
  }

  private static byte[] changed(ExportedBuilder builder, String entry, String content) {
    Map<String, byte[]> entries = builder.build();
    if (content == null) {
      entries.remove(entry);
    } else {
      entries.put(entry, content.getBytes(StandardCharsets.UTF_8));
    }
    return zip(entries);
  }

  private static byte[] replaced(ExportedBuilder builder, String from, String to) {
    String program = builder.program();
    assertThat(program).contains(from);
    return changed(builder, "m/models/model.json", program.replace(from, to));
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Arguments row(String name, byte[] bytes, String... words) {
    return Arguments.of(name, bytes, List.of(words));
  }

  private static Arguments row(String name, ExportedBuilder builder, String... words) {
    return row(name, zip(builder.build()), words);
  }

  static Stream<Arguments> files() {
    List<Arguments> rows = new ArrayList<>();
    byte[] whole = zip(good().build());
    rows.add(
        row("truncated", Arrays.copyOf(whole, whole.length / 2), "truncated", "torch.export.save"));
    rows.add(row("empty", new byte[0], "truncated", "torch.export.save"));
    // Other formats.
    rows.add(row("onnx", text("\u0008\n\u0012\u0007pytorch\u001a\u00052.10"), "ONNX", PYTHON));
    rows.add(
        row(
            "safetensors",
            text("@\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\"}}"),
            "safetensors",
            PYTHON));
    rows.add(row("executorch", text("0\0\0\0ET12\0\0\0\0"), "ExecuTorch", PYTHON));
    rows.add(row("gguf", text("GGUF\3\0\0\0"), "GGUF", PYTHON));
    rows.add(row("old pickle", text("\u0080\u0002\u008a\nl\u00fc"), "old torch.save", PYTHON));
    rows.add(row("git lfs", text("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"));
    rows.add(
        row(
            "state dict",
            zip(Map.of("w/data.pkl", text("\u0080\u0002ccollections\nOrderedDict\nq\0)Rq\1."))),
            "state dict",
            PYTHON));
    rows.add(
        row(
            "pickled module",
            zip(Map.of("w/data.pkl", text("\u0080\u0002c__main__\nNet\nq\0)\u0081q\1."))),
            "pickled module",
            PYTHON));
    rows.add(
        row(
            "aotinductor",
            zip(
                Map.of(
                    "m/archive_format", text("pt2"),
                    "m/data/aotinductor/model/c.wrapper.so", text("elf"))),
            "AOTInductor",
            "compiled code",
            PYTHON));
    rows.add(row("other zip", zip(Map.of("a.npy", text("x"))), "no model of PyTorch", PYTHON));
    // Parts that are missing.
    rows.add(row("no program", changed(good(), "m/models/model.json", null), "incomplete", PYTHON));
    rows.add(
        row(
            "no weights",
            changed(good(), "m/data/weights/model_weights_config.json", null),
            "incomplete",
            "no weights"));
    rows.add(row("no entry", changed(good(), "m/data/weights/w", null), "data/weights/w"));
    rows.add(
        row(
            "no tensor",
            changed(good(), "m/data/weights/model_weights_config.json", "{\"config\":{}}"),
            "fc.weight"));
    rows.add(row("no json", changed(good(), "m/models/model.json", "{\"a\":"), "no JSON"));
    rows.add(row("a list", changed(good(), "m/models/model.json", "[]"), "no JSON object"));
    rows.add(row("nothing", changed(good(), "m/models/model.json", "{}"), "'graph_module'"));
    rows.add(
        row(
            "nested json",
            changed(good(), "m/models/model.json", "[".repeat(10_000) + "]".repeat(10_000)),
            "no JSON",
            "1000"));
    // Sizes.
    rows.add(row("entry too small", changed(good(), "m/data/weights/w", "1234567"), "7 bytes"));
    rows.add(
        row(
            "offset beyond",
            weight(meta(FLOAT64, asInts(2, 3), asInts(3, 1), 1)),
            "'fc.weight'",
            "offset 1",
            "48 bytes"));
    rows.add(
        row("offset below", weight(meta(FLOAT64, asInts(2, 3), asInts(3, 1), -1)), "offset -1"));
    rows.add(
        row(
            "stride beyond",
            weight(meta(FLOAT64, asInts(2, 3), asInts(4, 1), 0)),
            "strides [4, 1]"));
    rows.add(
        row(
            "stride below",
            weight(meta(FLOAT64, asInts(2, 3), asInts(-3, 1), 3)),
            "strides [-3, 1]"));
    rows.add(row("size below", weight(meta(FLOAT64, asInts(-2, 3), asInts(3, 1), 0)), "[-2, 3]"));
    rows.add(row("huge", weight(meta(FLOAT64, asInts(1L << 60, 3), asInts(3, 1), 0)), "cannot be"));
    rows.add(
        row(
            "huge without memory",
            weight(meta(FLOAT64, asInts(1L << 60), asInts(0), 0)),
            "48 bytes"));
    rows.add(row("ranks", weight(meta(FLOAT64, asInts(2, 3), asInts(3), 0)), "1 strides"));
    rows.add(row("dtype", weight(meta(99, asInts(2, 3), asInts(3, 1), 0)), "99", "no dtype"));
    rows.add(
        row(
            "sparse",
            weight(
                meta(FLOAT64, asInts(2, 3), asInts(3, 1), 0)
                    .replace("\"layout\":7", "\"layout\":1")),
            "sparse"));
    rows.add(
        row(
            "pickled",
            changed(
                good(),
                "m/data/weights/model_weights_config.json",
                new String(
                        good().build().get("m/data/weights/model_weights_config.json"),
                        StandardCharsets.UTF_8)
                    .replace("\"use_pickle\":false", "\"use_pickle\":true")),
            "pickled"));
    // The program.
    String x = arg("self", tensor("x"));
    rows.add(
        row(
            "unknown operator",
            call("torch.ops.aten.frobnicate.default", x),
            "module 'm'",
            "aten::frobnicate",
            "torch 2.10"));
    rows.add(
        row(
            "custom operator",
            call("torch.ops.disc.twice.default", x),
            "disc::twice",
            "operator of another library"));
    rows.add(row("no operator", call("math.sqrt2", x), "math.sqrt2"));
    rows.add(
        row(
            "unknown kind",
            call("torch.ops.aten.relu.default", arg("self", "{\"as_nested_tensors\":[]}")),
            "as_nested_tensors"));
    rows.add(
        row(
            "two kinds",
            call("torch.ops.aten.relu.default", arg("self", "{\"as_int\":1,\"as_float\":1}")),
            "as_int",
            "as_float"));
    rows.add(
        row(
            "unknown argument",
            call("torch.ops.aten.relu.default", x, arg("beta", number(1))),
            "'beta'",
            "newer torch"));
    rows.add(
        row(
            "missing argument",
            call("torch.ops.aten.relu.default"),
            "without its argument 'self'"));
    rows.add(
        row(
            "wrong argument",
            call("torch.ops.aten.view.default", x, arg("size", "{\"as_string\":\"a\"}")),
            "'size'"));
    rows.add(
        row(
            "number for a list of tensors",
            call("torch.ops.aten.cat.default", arg("tensors", number(1))),
            "'tensors'"));
    rows.add(
        row("undefined", call("torch.ops.aten.relu.default", arg("self", tensor("z"))), "'z'"));
    rows.add(
        row(
            "twice",
            call("torch.ops.aten.relu.default", x)
                .raw(node("torch.ops.aten.neg.default", stack(), tensor("y"), x)),
            "a second time"));
    rows.add(
        row(
            "too many results",
            net(node("torch.ops.aten.relu.default", stack(), tensor("y") + "," + tensor("z"), x)),
            "than it returns"));
    rows.add(
        row(
            "a list for one",
            net(node("torch.ops.aten.relu.default", stack(), ExportedBuilder.tensors("y"), x)),
            "than it returns"));
    rows.add(
        row(
            "cond",
            call("torch.ops.higher_order.cond", arg("", tensor("x"))),
            "higher-order operator 'cond'"));
    rows.add(
        row(
            "number input",
            replaced(
                good(),
                "{\"user_input\":{\"arg\":{\"as_tensor\":{\"name\":\"x\"}}}}",
                "{\"user_input\":{\"arg\":{\"as_sym_int\":{\"as_name\":\"x\"}}}}"),
            "number that may vary"));
    rows.add(row("odd input", replaced(good(), "\"user_input\"", "\"token\""), "kind 'token'"));
    return rows.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void oneClearLine(String name, byte[] bytes, List<String> words) throws IOException {
    Path file = Files.write(folder.resolve("bad.pt2"), bytes);
    assertThatThrownBy(() -> Model.load(file).close())
        .isInstanceOfAny(ModelLoadException.class, UnsupportedOperatorException.class)
        .satisfies(
            e -> {
              assertThat(e.getMessage()).startsWith(file + ": ").doesNotContain("\n");
              assertThat(e.getMessage()).contains(words);
            });
  }

  @Test
  void aFlippedBitInAWeightIsNoticed() throws IOException {
    byte[] bytes = Files.readAllBytes(VGG);
    bytes[100] ^= 4;
    Path file = Files.write(folder.resolve("flipped.pt2"), bytes);
    assertThatThrownBy(() -> Model.load(file).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("checksum");
    // Without checksums it is another number, and nothing else.
    Model.load(file, LoadOptions.defaults().withChecksums(false)).close();
  }

  private static void loadAndRun(Path file) {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = Model.load(file, LoadOptions.defaults().withChecksums(false))) {
      model.run(torch.ones(new long[] {2, 3, 8, 8}, new TensorOptions(ScalarType.Double)));
    } catch (Zennit4jException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void damagedBytesNeverCrash() throws IOException {
    byte[] whole = Files.readAllBytes(VGG);
    Random random = new Random(16);
    for (int i = 0; i < 150; i++) {
      byte[] bytes = whole.clone();
      for (int k = 0; k <= random.nextInt(8); k++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      if (i % 5 == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      loadAndRun(Files.write(folder.resolve("damaged.pt2"), bytes));
    }
  }

  @Test
  void changedProgramsNeverCrash() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(VGG.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        try (InputStream in = zip.getInputStream(entry)) {
          entries.put(entry.getName(), in.readAllBytes());
        }
      }
    }
    List<String> files = entries.keySet().stream().filter(n -> n.endsWith(".json")).toList();
    Random random = new Random(17);
    for (int i = 0; i < 200; i++) {
      String name = files.get(random.nextInt(files.size()));
      JsonNode json = mapper.readTree(entries.get(name));
      mutate(json, random);
      Map<String, byte[]> changed = new LinkedHashMap<>(entries);
      changed.put(name, mapper.writeValueAsBytes(json));
      loadAndRun(ExportedBuilder.zip(folder.resolve("changed.pt2"), changed));
    }
  }

  /** Changes a value at a random place. */
  private static void mutate(JsonNode root, Random random) throws JsonProcessingException {
    JsonNode node = root;
    while (true) {
      int size = node.size();
      if (size == 0) {
        return;
      }
      int k = random.nextInt(size);
      JsonNode child;
      String field = null;
      if (node.isObject()) {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        field = names.get(k);
        child = node.get(field);
      } else {
        child = node.get(k);
      }
      if (child.isContainerNode() && child.size() > 0 && random.nextInt(12) > 0) {
        node = child;
        continue;
      }
      JsonNode other = other(child, random);
      if (node instanceof ObjectNode object) {
        if (random.nextInt(8) == 0) {
          object.remove(field);
        } else {
          object.set(field, other);
        }
      } else {
        ((ArrayNode) node).set(k, other);
      }
      return;
    }
  }

  private static JsonNode other(JsonNode child, Random random) throws JsonProcessingException {
    String[] values = {
      "0",
      "-1",
      "1",
      "3",
      "1152921504606846976",
      "2.5",
      "true",
      "null",
      "\"x\"",
      "[]",
      "{}",
      "[7]",
      "{\"as_int\":-5}",
      "{\"as_tensor\":{\"name\":\"linear\"}}",
      "{\"as_none\":true}"
    };
    if (child.isIntegralNumber() && random.nextBoolean()) {
      return new ObjectMapper().readTree(Long.toString(child.longValue() + random.nextInt(5) - 2));
    }
    return new ObjectMapper().readTree(values[random.nextInt(values.length)]);
  }
}
