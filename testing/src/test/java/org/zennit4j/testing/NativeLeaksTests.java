/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The extension that fails a test for what it leaves behind does so. */
class NativeLeaksTests {
  private static final List<LongPointer> KEPT = new java.util.ArrayList<>();

  /** Not found by the build's patterns: run by the tests below alone. */
  @ExtendWith(NativeLeaks.class)
  static class Cases {
    @Test
    void tidy() {
      Tensor x = torch.ones(3);
      assertThat(x.numel()).isEqualTo(3);
    }

    @Test
    void leaking() {
      LongPointer kept = new LongPointer(4).retainReference();
      KEPT.add(kept);
      assertThat(kept.isNull()).isFalse();
    }

    @Test
    void failing() {
      KEPT.add(new LongPointer(4).retainReference());
      throw new IllegalStateException("its own");
    }
  }

  private static Map<String, TestExecutionResult> run() {
    Map<String, TestExecutionResult> results = new TreeMap<>();
    Launcher launcher = LauncherFactory.create();
    launcher.execute(
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Cases.class))
            .build(),
        new TestExecutionListener() {
          @Override
          public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
              results.put(test.getDisplayName(), result);
            }
          }
        });
    KEPT.forEach(LongPointer::close);
    KEPT.clear();
    return results;
  }

  @Test
  void aTestThatLeavesSomethingFails() {
    Map<String, TestExecutionResult> results = run();
    assertThat(results).containsOnlyKeys("tidy()", "leaking()", "failing()");
    assertThat(results.get("tidy()").getStatus()).isEqualTo(TestExecutionResult.Status.SUCCESSFUL);
    assertThat(results.get("leaking()").getThrowable())
        .hasValueSatisfying(
            e ->
                assertThat(e)
                    .isInstanceOf(AssertionError.class)
                    .hasMessage("1 native objects were left after the test"));
    assertThat(results.get("failing()").getThrowable())
        .hasValueSatisfying(e -> assertThat(e).hasMessage("its own"));
  }

  @Test
  void anActionThatLeavesSomethingFails() throws Exception {
    assertThatThrownBy(
            () -> NativeLeaks.assertNone(() -> KEPT.add(new LongPointer(4).retainReference())))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("1 native objects were left");
    KEPT.forEach(LongPointer::close);
    KEPT.clear();
    NativeLeaks.assertNone(() -> torch.ones(3));
  }
}
