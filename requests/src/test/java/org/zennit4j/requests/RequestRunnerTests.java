/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.requests.RequestRunner.Form;

class RequestRunnerTests {
  private static final GoldenFile GOLDEN = new GoldenFile("/golden/index.json");

  @TempDir Path folder;
  private Path output;

  /** A network of two convolutions; an input of shape (2, 3, 16, 16) and five classes. */
  @BeforeEach
  void copyAModel() throws IOException {
    output = folder.resolve("out");
    Path models = Files.createDirectories(folder.resolve("models"));
    Path golden = GOLDEN.path().resolveSibling("models");
    Files.copy(golden.resolve("lenet.scripted.pt"), models.resolve("lenet.pt"));
    Files.copy(golden.resolve("resnet-basic.traced.pt"), models.resolve("resnet.pt"));
    Files.copy(
        GOLDEN.path().resolveSibling("data/lenet.npz"),
        Files.createDirectories(folder.resolve("data")).resolve("lenet.npz"));
    Files.copy(
        GOLDEN.path().resolveSibling("data/resnet-basic.npz"),
        folder.resolve("data/resnet-basic.npz"));
    Files.writeString(models.resolve("text.pt"), "no model at all");
  }

  /** A case that is well; {@code more} comes after its other keys. */
  private static String one(String id, String more) {
    return """
        {"id": "%s", "model": "lenet", "data": "data/lenet.npz", "dtype": "float64",
         "inputs": ["input"]%s}"""
        .formatted(id, more.isEmpty() ? "" : ", " + more);
  }

  private RequestFile file(String... cases) {
    return RequestFile.read(
        write(
            """
            {"format": 1, "title": "ignored", "models": {
              "lenet": {"scripted": "models/lenet.pt", "traced": null, "modules": {}},
              "resnet": {"scripted": null, "traced": "models/resnet.pt"},
              "gone": {"scripted": "models/gone.pt", "traced": null},
              "text": {"scripted": "models/text.pt", "traced": null},
              "neither": {"scripted": null, "traced": null}},
             "cases": [%s]}
            """
                .formatted(String.join(",\n", cases))));
  }

  private Path write(String json) {
    try {
      return Files.writeString(folder.resolve("requests.json"), json);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private String run(String id, String more) {
    return RequestRunner.of(file(one(id, more))).run(output).results().get(id);
  }

  private List<String> files(String id) throws IOException {
    try (Stream<Path> found = Files.list(output.resolve(id))) {
      return found.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void writesOutputRelevanceAndRules() throws IOException {
    RequestRunner.Summary summary =
        RequestRunner.of(
                file(
                    one(
                        "a/b",
                        "\"target\": {\"classes\": [1, 2, 3]}, \"attributor\": {\"type\":"
                            + " \"gradient\"}, \"composite\": {\"type\": \"named\", \"name\":"
                            + " \"epsilon_plus\"}, \"group\": \"mine\", \"unknown\": 1"),
                    one("c", "\"dtype2\": 0")))
            .run(output);

    assertThat(summary.exitStatus()).isZero();
    assertThat(files("a/b")).containsExactly("output.npy", "relevance.0.npy", "rules.json");
    assertThat(Npy.read(output.resolve("a/b/output.npy")).dtype()).isEqualTo(NdArray.DType.FLOAT64);
    assertThat(JsonObject.parse(output.resolve("a/b/rules.json")).get("conv1").textValue())
        .isEqualTo("zplus");
    assertThat(JsonObject.parse(output.resolve("c/rules.json"))).isEmpty();
    JsonNode written = JsonObject.parse(output.resolve("summary.json"));
    assertThat(written.fieldNames()).toIterable().containsExactly("a/b", "c");
    assertThat(written.get("c").textValue()).isEqualTo("ok");
  }

  @Test
  void runsInTheDtypeThatIsAskedFor() {
    assertThat(run("a", "\"layers\": [\"conv1\"]").equals("ok")).isTrue();
    String single = one("b", "\"layers\": [\"conv1\"]").replace("float64", "float32");
    RequestRunner.of(file(single)).run(output);

    for (String name : List.of("output", "relevance.0", "layer.conv1.input")) {
      NdArray x = Npy.read(output.resolve("a/" + name + ".npy"));
      NdArray y = Npy.read(output.resolve("b/" + name + ".npy"));
      assertThat(x.dtype()).isEqualTo(NdArray.DType.FLOAT64);
      assertThat(y.dtype()).isEqualTo(NdArray.DType.FLOAT32);
      assertThat(y.shape()).isEqualTo(x.shape());
    }
  }

  @Test
  void aFailedCaseLeavesOneLineAndTheNextOneRuns() throws IOException {
    RequestRunner.Summary summary =
        RequestRunner.of(file(one("bad", "\"composite\": {\"type\": \"nmed\"}"), one("good", "")))
            .run(output);

    assertThat(summary.exitStatus()).isEqualTo(1);
    assertThat(files("bad")).containsExactly("error.txt");
    assertThat(Files.readAllLines(output.resolve("bad/error.txt")))
        .singleElement()
        .asString()
        .startsWith("composite: there is no composite of type 'nmed'; the nearest: named, ");
    assertThat(summary.results())
        .containsEntry("good", "ok")
        .containsEntry("bad", Files.readString(output.resolve("bad/error.txt")).strip());
  }

  @Test
  void aSecondRunReplacesTheFirst() throws IOException {
    run("a", "\"layers\": [\"conv1\"]");
    RequestRunner.of(file(one("a/layer.sub.npy", ""))).run(output);
    Files.writeString(output.resolve("a/notes.txt"), "mine");

    assertThat(run("a", "\"target\": {\"classes\": [99]}")).contains("class 99 is out of range");
    assertThat(files("a")).containsExactly("error.txt", "layer.sub.npy", "notes.txt");
    assertThat(files("a/layer.sub.npy")).contains("output.npy");

    assertThat(run("a", "")).isEqualTo("ok");
    assertThat(files("a"))
        .containsExactly(
            "layer.sub.npy", "notes.txt", "output.npy", "relevance.0.npy", "rules.json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"target\": {\"classes\": [1, 2]} | 2 classes are given for a batch of 3",
        "\"target\": {\"classes\": [-1]} | target.classes[0] must be a whole number from 0",
        "\"target\": {\"clases\": [1]} | target: there is no key 'clases' here; the nearest: classes",
        "\"target\": {\"seed\": \"nothing\"} | has no array 'nothing'",
        "\"target\": {\"seed\": \"input\"} | the target has shape",
        "\"target\": {\"top\": 2} | target.top must be 1",
        "\"target\": {} | target must have one of the keys",
        "\"attributor\": {\"type\": \"gradent\"} | there is no attributor 'gradent'; the nearest:"
            + " gradient",
        "\"attributor\": {\"type\": \"smooth_grad\", \"n_iter\": 0} | attributor.n_iter must be",
        "\"attributor\": {\"type\": \"occlusion\", \"windows\": 1} | there is no key 'windows' here;"
            + " the nearest: window",
        "\"layers\": [\"conv9\"] | case.layers: there is no layer 'conv9'; the nearest: conv1, conv2",
        "\"layers\": [\"conv1#3\"] | case.layers: 'conv1' is called 1 times only",
        "\"layers\": \"conv1\" | case.layers must be a list in brackets",
        "\"composite\": {\"type\": \"name_map\", \"strict\": true, \"name_map\": [[[\"conv9\"],"
            + " {\"rule\": \"pass\"}]]} | there is no layer 'conv9'; the nearest: conv1, conv2",
        "\"method\": \"lrp_epsilonn\", \"options\": {} | lrp_epsilonn",
      })
  void namesWhatIsWrongWithinACase(String more, String message) {
    assertThat(run("a", more)).contains(message).doesNotContain("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"model\": \"lenet\" | \"model\": \"lnet\" | there is no model 'lnet'; the nearest: lenet",
        "\"model\": \"lenet\" | \"model\": \"gone\" | gone.pt: no such file",
        "\"model\": \"lenet\" | \"model\": \"text\" | text.pt: not a torch.export or TorchScript archive",
        "\"model\": \"lenet\" | \"model\": \"neither\" | model 'neither' has no file",
        "\"model\": \"lenet\", | `` | case: the key 'model' is missing",
        "lenet.npz | nothing.npz | nothing.npz: no such file",
        "float64 | float16 | case.dtype: unknown dtype 'float16'",
        "[\"input\"] | [\"inpt\"] | has no array 'inpt'; it has",
        "[\"input\"] | [] | input",
        "[\"input\"] | [\"nothing.npy\"] | nothing.npy: no such file",
        "[\"input\"] | \"input\" | case.inputs must be a list in brackets",
        "[\"input\"] | [\"lenet.gradient.output\"] | in layer 'conv1': ",
      })
  void namesWhatIsWrongWithACase(String right, String wrong, String message) throws IOException {
    RequestRunner.Summary summary =
        RequestRunner.of(file(one("a", "").replace(right, wrong == null ? "" : wrong))).run(output);

    assertThat(summary.exitStatus()).isEqualTo(1);
    assertThat(summary.results().get("a")).contains(message).doesNotContain("\n");
    assertThat(files("a")).containsExactly("error.txt");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | requests.json is empty",
        "[1] | requests.json must be an object",
        "{\"cases\": []} | the key 'models' is missing",
        "{\"models\": {}} | the key 'cases' is missing",
        "{\"models\": [], \"cases\": []} | models must be an object",
        "{\"models\": {\"a\": 1}, \"cases\": []} | models.a must be an object",
        "{\"models\": {\"a\": {\"scripted\": 1}}, \"cases\": []} | models.a.scripted must be a text",
        "{\"models\": {}, \"cases\": {}} | cases must be a list",
        "{\"models\": {}, \"cases\": [1]} | cases[0] must be an object",
        "{\"models\": {}, \"cases\": [{}]} | cases[0]: the key 'id' is missing",
        "{\"models\": {}, \"cases\": [{\"id\": 1}]} | cases[0].id must be a text",
        "{\"models\": {}, \"cases\": [{\"id\": \"a\"}, {\"id\": \"a\"}]} | two cases have the id 'a'",
        "{\"models\": {}, | is not JSON at line 1",
      })
  void refusesFilesWithABadSchema(String json, String message) {
    Path path = write(json == null ? "" : json);

    assertThatThrownBy(() -> RequestFile.read(path))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("requests.json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "..", "a/../b", "/a", "a//b", "a/", "a\\\\b", "summary.json", "a\\nb"})
  void refusesIdsThatAreNoFolders(String id) {
    assertThatThrownBy(() -> file(one(id, "")))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("cannot be an id");
  }

  @Test
  void refusesAFileThatIsNotThere() {
    assertThatThrownBy(() -> RequestFile.read(folder.resolve("no.json")))
        .isInstanceOf(RequestException.class)
        .hasMessageEndingWith("no.json: no such file or folder");
  }

  @Test
  void globsChooseCasesAndMatchSlashes() throws IOException {
    RequestFile file = file(one("a/x/1", ""), one("a/y.1", ""), one("b", ""));

    assertThat(file.ids()).containsExactly("a/x/1", "a/y.1", "b");
    assertThat(RequestRunner.of(file).withCases(List.of("a*1")).run(output).results())
        .containsOnlyKeys("a/x/1", "a/y.1");
    assertThat(
            RequestRunner.of(file).withCases(List.of("b", "*/y.?", "a/x/*")).run(output).results())
        .containsOnlyKeys("a/x/1", "b");
    assertThatThrownBy(() -> RequestRunner.of(file).withCases(List.of("c*", "A*")).run(output))
        .isInstanceOf(RequestException.class)
        .hasMessageEndingWith("no case matches c*, A*");
  }

  @Test
  void aFormThatIsAskedForHasToBeThere() {
    String resnet =
        one("r", "").replace("\"lenet\"", "\"resnet\"").replace("lenet.npz", "resnet-basic.npz");
    RequestFile file = file(one("l", ""), resnet);

    assertThat(RequestRunner.of(file).run(output).ok()).isTrue();
    assertThat(RequestRunner.of(file).withForm(Form.SCRIPTED).run(output).results())
        .containsEntry("l", "ok")
        .containsEntry("r", "model 'resnet' has no scripted file");
    assertThat(RequestRunner.of(file).withForm(Form.TRACED).run(output).results())
        .containsEntry("l", "model 'lenet' has no traced file")
        .containsEntry("r", "ok");
  }

  @Test
  void layersAreNamedByTheirCalls() throws IOException {
    String resnet =
        one(
                "r",
                "\"layers\": [\"layer1.0.relu\", \"layer2.0.relu#1\", \"layer3.0.bn*\","
                    + " \"layer1.0.canonizer_sum\", \"\"], \"composite\": {\"type\": \"named\","
                    + " \"name\": \"epsilon_plus\", \"canonizers\": [{\"type\": \"resnet\"}]}")
            .replace("\"lenet\"", "\"resnet\"")
            .replace("lenet.npz", "resnet-basic.npz");

    assertThat(RequestRunner.of(file(resnet)).run(output).results()).containsEntry("r", "ok");
    assertThat(files("r"))
        .contains(
            "layer..input.npy",
            "layer..output.npy",
            "layer.layer1.0.relu#0.input.npy",
            "layer.layer1.0.relu#1.output.npy",
            "layer.layer2.0.relu#1.input.npy",
            "layer.layer3.0.bn1.input.npy",
            "layer.layer3.0.bn2.output.npy",
            "layer.layer1.0.canonizer_sum.input.npy")
        .doesNotContain("layer.layer2.0.relu#0.input.npy");
    long[] sum = Npy.read(output.resolve("r/layer.layer1.0.canonizer_sum.input.npy")).shape();
    assertThat(sum).hasSize(5);
    assertThat(sum[4]).isEqualTo(2);
  }

  @Test
  void npyFilesAreInputsToo() {
    NdArray input = Npz.read(folder.resolve("data/lenet.npz")).get("input");
    Npy.write(folder.resolve("data/x.npy"), input);
    String plain =
        one("a", "")
            .replace("\"data\": \"data/lenet.npz\", ", "")
            .replace("[\"input\"]", "[\"data/x.npy\"]");

    RequestRunner.of(file(plain, one("b", ""))).run(output);

    assertThat(Npy.read(output.resolve("a/relevance.0.npy")))
        .isEqualTo(Npy.read(output.resolve("b/relevance.0.npy")));
  }

  @Test
  void targetsAreTopOneUnlessTheySayOtherwise() {
    RequestRunner.of(
            file(
                one("absent", ""),
                one("null", "\"target\": null"),
                one("top", "\"target\": {\"top\": 1}"),
                one("logit", "\"target\": {\"logit_of_top\": 1}"),
                one("all", "\"target\": {\"all\": true}")))
        .run(output);

    NdArray top = Npy.read(output.resolve("top/relevance.0.npy"));
    assertThat(Npy.read(output.resolve("absent/relevance.0.npy"))).isEqualTo(top);
    assertThat(Npy.read(output.resolve("null/relevance.0.npy"))).isEqualTo(top);
    assertThat(Npy.read(output.resolve("logit/relevance.0.npy"))).isNotEqualTo(top);
    assertThat(Npy.read(output.resolve("all/relevance.0.npy"))).isNotEqualTo(top);
  }

  @Test
  void aCheckNamesTheFirstLayerThatIsNotFinite() throws IOException {
    double[] seed = new double[18];
    Arrays.fill(seed, 1.7e308);
    Npy.write(folder.resolve("large.npy"), NdArray.ofDoubles(seed, 3, 6));
    Arrays.fill(seed, Double.POSITIVE_INFINITY);
    Npy.write(folder.resolve("inf.npy"), NdArray.ofDoubles(seed, 3, 6));
    String overflow =
        """
        "target": {"seed": "large.npy"}, "composite": {"type": "layer_map", "layer_map": [
          [["Linear"], {"rule": "epsilon", "epsilon": 0.0001}]]}""";

    assertThat(run("broken", overflow)).isEqualTo("ok");
    assertThat(run("broken", overflow + ", \"check\": true"))
        .contains("NaN or infinity", "first in the relevance that layer 'fc2' passes on");
    assertThat(files("broken")).containsExactly("error.txt");
    assertThat(run("seed", "\"target\": {\"seed\": \"inf.npy\"}, \"check\": true"))
        .contains("first in the output's relevance, where it starts");
    assertThat(run("fine", "\"check\": true")).isEqualTo("ok");
  }

  @Test
  void theOutputHasToBeAFolder() throws IOException {
    Path taken = Files.writeString(folder.resolve("taken"), "a file");
    RequestFile file = file(one("a", ""));

    assertThatThrownBy(() -> RequestRunner.of(file).run(taken))
        .isInstanceOf(RequestException.class)
        .hasMessageStartingWith("cannot write into " + taken);
  }

  @Test
  void aCaseThatCannotBeWrittenFailsAlone() throws IOException {
    Files.createDirectories(output);
    Files.writeString(output.resolve("a"), "in the way");

    RequestRunner.Summary summary =
        RequestRunner.of(file(one("a/b", ""), one("c", ""))).run(output);

    assertThat(summary.results()).containsEntry("c", "ok");
    assertThat(summary.results().get("a/b")).startsWith("cannot write into ");
  }

  @Test
  void tellsHowFarItIs() {
    List<String> heard = new ArrayList<>();
    RequestRunner.of(file(one("a", ""), one("b", "\"target\": 1")))
        .withListener((id, result, done, total) -> heard.add(id + " " + done + "/" + total))
        .run(output);

    assertThat(heard).containsExactly("a 1/2", "b 2/2");
  }

  @Test
  void leavesNoNativeObjects() {
    RequestFile file =
        file(
            one(
                "a",
                "\"layers\": [\"*\"], \"composite\": {\"type\": \"named\", \"name\": \"epsilon_plus\"}"),
            one("b", "\"attributor\": {\"type\": \"occlusion\", \"fill\": 1, \"window\": [8, 8]}"),
            one("c", "\"target\": {\"classes\": [99]}"));
    RequestRunner.of(file).run(output);
    long before = Pointer.totalCount();

    RequestRunner.of(file).run(output);

    assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
  }

  /** Half a character cannot be written as the name of a file. */
  @Test
  void pathsThatAreNoneAreRefusedByName() {
    String odd = "x\\ud800.npz";
    RequestRunner.Summary summary =
        RequestRunner.of(
                RequestFile.read(
                    write(
                        "{\"format\": 1, \"models\": {\"odd\": {\"scripted\": \"m\\u0000.pt\", \"traced\": null},"
                            + " \"lenet\": {\"scripted\": \"models/lenet.pt\", \"traced\": null}}, \"cases\": ["
                            + one("a\\udc00", "")
                            + ", "
                            + one("b", "").replace("data/lenet.npz", odd)
                            + ", "
                            + one("c", "").replace("\"lenet\"", "\"odd\"")
                            + "]}")))
            .run(output);
    assertThat(summary.results().values())
        .hasSize(3)
        .allMatch(text -> text.contains("is no path") || text.contains("is no name for a folder"))
        .noneMatch(text -> text.contains("Exception"));
  }

  @Test
  void resultsNeverOverwriteWhatCasesStartFrom() throws IOException {
    // A result of one run is the input of the next, which has the same id and folder.
    Path folderOfCase = Files.createDirectories(output.resolve("again"));
    Path input = folderOfCase.resolve("relevance.0.npy");
    NdArray x = Npz.read(folder.resolve("data/lenet.npz")).get("input");
    Npy.write(input, x);
    String case1 =
        "{\"id\": \"again\", \"model\": \"lenet\", \"dtype\": \"float64\", \"inputs\":"
            + " [\"out/again/relevance.0.npy\"]}";
    assertThat(RequestRunner.of(file(case1)).run(output).results().get("again"))
        .contains("the results would overwrite")
        .contains("relevance.0.npy")
        .contains("choose another folder or id");
    assertThat(Npy.read(input)).isEqualTo(x);

    Path summary = output.resolve("summary.json");
    Files.copy(folder.resolve("requests.json"), summary, StandardCopyOption.REPLACE_EXISTING);
    byte[] before = Files.readAllBytes(summary);
    assertThatThrownBy(() -> RequestRunner.of(RequestFile.read(summary)).run(output))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("the summary would overwrite");
    assertThat(Files.readAllBytes(summary)).isEqualTo(before);
  }
}
