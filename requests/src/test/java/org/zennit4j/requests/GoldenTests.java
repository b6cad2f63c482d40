/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.zennit4j.requests.RequestRunner.Form;

/** Runs every case that Zennit computed, scripted and traced, and holds it to its tolerance. */
class GoldenTests {
  /** The forms that these networks are saved in. */
  private static final List<Form> TORCH_SCRIPT = List.of(Form.SCRIPTED, Form.TRACED);

  private static final String CALLED_TWICE =
      "Zennit gives all calls of a module the input of the last one; here each call has its own";
  private static final String TWO_INPUTS =
      "Zennit hands the first input's relevance to every input; here each input has its own";
  private static final String WRONG_PAIR =
      "Zennit merges the batch normalisation into a layer that it does not follow; refused here";

  /** Behaviours of Zennit that are deliberately not followed. */
  private static final Map<String, String> NOT_FOLLOWED = new LinkedHashMap<>();

  static {
    for (String composite : List.of("epsilon_plus", "epsilon_plus_flat", "excitation_backprop")) {
      NOT_FOLLOWED.put("convs-then-norms/" + composite + "/sequential", WRONG_PAIR);
    }
    for (String composite : List.of("epsilon_plus", "beta_smooth", "excitation_backprop")) {
      NOT_FOLLOWED.put("reused/" + composite, CALLED_TWICE);
    }
    NOT_FOLLOWED.put("two-input-module/norm-on-mix", TWO_INPUTS);
    NOT_FOLLOWED.put("two-input-module/epsilon-on-mix", TWO_INPUTS);
  }

  @TempDir static Path folder;

  private static final GoldenFile GOLDEN = new GoldenFile("/golden/index.json");
  private static final Map<Form, RequestRunner.Summary> RESULTS = new EnumMap<>(Form.class);
  private static long leaked;

  @BeforeAll
  static void run() {
    RequestFile file = RequestFile.read(GOLDEN.path());
    for (Form form : TORCH_SCRIPT) {
      long before = Pointer.totalCount();
      RESULTS.put(form, RequestRunner.of(file).withForm(form).run(output(form)));
      leaked += Math.max(0, Pointer.totalCount() - before);
    }
  }

  private static Path output(Form form) {
    return folder.resolve(form.toString());
  }

  private static List<String> judge(Form form, String id) {
    return GOLDEN.judge(id, RESULTS.get(form).results().get(id), output(form));
  }

  @TestFactory
  Stream<DynamicTest> everyCaseIsWithinItsTolerance() {
    TreeSet<String> groups = new TreeSet<>();
    GOLDEN.cases().values().forEach(c -> groups.add(c.get("group").textValue()));
    return TORCH_SCRIPT.stream()
        .flatMap(
            form ->
                groups.stream()
                    .map(
                        group ->
                            DynamicTest.dynamicTest(
                                group + ", " + form, () -> checkGroup(form, group))));
  }

  private static void checkGroup(Form form, String group) {
    List<String> failures = new ArrayList<>();
    int count = 0;
    for (Map.Entry<String, JsonNode> one : GOLDEN.cases().entrySet()) {
      String id = one.getKey();
      if (one.getValue().get("group").textValue().equals(group) && !NOT_FOLLOWED.containsKey(id)) {
        count++;
        List<String> problems = judge(form, id);
        if (!problems.isEmpty()) {
          failures.add(id + ": " + String.join("; ", problems));
        }
      }
    }
    assertThat(failures).as("%s of %s cases failed", failures.size(), count).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Form.class,
      names = {"SCRIPTED", "TRACED"})
  void onlyWhatIsNotFollowedIsLeftOut(Form form) {
    NOT_FOLLOWED.forEach(
        (id, reason) -> assertThat(judge(form, id)).as("%s: %s", id, reason).isNotEmpty());
  }

  @Test
  void noNativeObjectIsLeft() {
    assertThat(leaked).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Form.class,
      names = {"SCRIPTED", "TRACED"})
  void eachCallOfAModuleIsExplainedOnItsOwn(Form form) {
    for (String composite : List.of("epsilon_plus", "beta_smooth", "excitation_backprop")) {
      JsonNode unrolled = GOLDEN.cases().get("unrolled/" + composite);
      NdArray wanted = GOLDEN.array(unrolled, unrolled.get("expect").get("relevance").get(0));
      NdArray found = Npy.read(output(form).resolve("reused/" + composite + "/relevance.0.npy"));

      double[] x = found.toDoubles();
      double[] y = wanted.toDoubles();
      for (int i = 0; i < y.length; i++) {
        assertThat(Math.abs(x[i] - y[i]))
            .as("%s at %s", composite, i)
            .isLessThanOrEqualTo(1e-11 + 1e-9 * Math.abs(y[i]));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Form.class,
      names = {"SCRIPTED", "TRACED"})
  void eachInputOfAModuleGetsItsOwnRelevance(Form form) {
    for (String rule : List.of("norm", "epsilon")) {
      assertThat(judge(form, "two-input-module/" + rule + "-on-mix"))
          .singleElement()
          .asString()
          .startsWith("relevance.1: ");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Form.class,
      names = {"SCRIPTED", "TRACED"})
  void refusesToMergeAWrongPair(Form form) {
    String id = "convs-then-norms/epsilon_plus/sequential";
    assertThat(RESULTS.get(form).results().get(id))
        .startsWith("sequential_merge_batch_norm: 'bn1' cannot be merged into 'conv2'");
    assertThat(output(form).resolve(id).resolve("error.txt")).exists();
    assertThat(output(form).resolve(id).resolve("output.npy")).doesNotExist();
  }

  @Test
  void bothFormsGiveTheSame() {
    List<String> different = new ArrayList<>();
    for (String id : GOLDEN.cases().keySet()) {
      boolean dense = GOLDEN.cases().get(id).get("dtype").textValue().equals("float64");
      Path scripted = output(Form.SCRIPTED).resolve(id).resolve("output.npy");
      Path traced = output(Form.TRACED).resolve(id).resolve("output.npy");
      if (dense && Files.exists(scripted) && Files.exists(traced)) {
        double[] x = Npy.read(scripted).toDoubles();
        double[] y = Npy.read(traced).toDoubles();
        for (int i = 0; i < x.length; i++) {
          if (Math.abs(x[i] - y[i]) > 1e-12 * Math.max(1, Math.abs(y[i]))) {
            different.add(id);
            break;
          }
        }
      }
    }
    assertThat(different).isEmpty();
  }
}
