/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import forgetful.Application;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.zennit4j.testing.ForkedJvm;

/** What an application forgets to close is reported with the line that made it. */
class LeaksTests {
  private static String run(String mode) throws Exception {
    Process process =
        ForkedJvm.of(
                Application.class,
                List.of(
                    "-Dorg.zennit4j.leaks=" + mode, "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"))
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output).contains("end");
    return output;
  }

  @Test
  void nothingIsReportedUnlessAskedFor() throws Exception {
    assertThat(run("off"))
        .doesNotContain("never closed", "Application.java")
        .contains("refused: the plan was closed\n", "cause: null");
  }

  @Test
  void forgottenObjectsAreReportedWithTheLineThatMadeThem() throws Exception {
    assertThat(run("simple"))
        .containsPattern(
            "a plan of the model module was never closed; it was made at .*forgetPlan\\(Application.java:\\d+\\)")
        .containsPattern(
            "an attribution was never closed; it was made at .*forgetAttribution\\(Application.java:\\d+\\)")
        .containsPattern(
            "refused: the plan was closed; it was closed at .*useAfterClose\\(Application.java:\\d+\\)")
        .contains("cause: null")
        .doesNotContain("closeRightly", "still open", "\tat ");
  }

  @Test
  void wholeStacksAndWhatIsOpenAtTheEndAreReportedOnRequest() throws Exception {
    assertThat(run("paranoid"))
        .containsPattern("was never closed; it was made at .*forgetPlan")
        .containsPattern("made here\\R\\tat org.zennit4j")
        .contains("cause: java.lang.Throwable: closed here")
        .containsPattern("the model module is still open at the end of the process; .*main")
        .doesNotContain("closeRightly");
  }

  @Test
  void anotherWordIsAWarning() throws Exception {
    assertThat(run("loud"))
        .contains("the property org.zennit4j.leaks must be off, simple or paranoid, not 'loud'");
  }
}
