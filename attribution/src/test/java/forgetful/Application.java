/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package forgetful;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.SeededWeights;

/** An application of the library that forgets to close things, or uses them afterwards. */
public final class Application {
  /** What is open until the end. */
  private static final List<AutoCloseable> OPEN = new ArrayList<>();

  private Application() {}

  /** Each object is forgotten in a frame of its own, so that the collector may have it. */
  private static void forgetPlan(ScriptModel model) {
    Plan.of(model, Composites.epsilonPlus());
  }

  private static void forgetAttribution(Plan plan, Tensor x) {
    new Gradient(plan).attribute(x);
  }

  private static void closeRightly(Plan plan, Tensor x) {
    try (Gradient gradient = new Gradient(plan);
        Attribution attribution = gradient.attribute(x)) {
      attribution.relevance();
    }
  }

  private static void useAfterClose(ScriptModel model, Tensor x) {
    Plan plan = Plan.of(model, Composites.epsilonPlus());
    plan.close();
    try {
      new Gradient(plan).attribute(x).close();
      System.out.println("no refusal");
    } catch (ClosedException e) {
      System.out.println("refused: " + e.getMessage());
      System.out.println("cause: " + e.getCause());
    }
  }

  /**
   * Forgets things.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) throws Exception {
    ScriptModel model;
    Tensor x;
    try (PointerScope scope = new PointerScope()) {
      ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
      model = ScriptModel.of(b.sequential(b.linear(3, 2)).retainReference());
      x = SeededWeights.normal(1, ScalarType.Float, 1, 3).retainReference();
    }
    Plan plan = Plan.of(model, Composites.epsilonPlus());
    OPEN.add(model);
    OPEN.add(plan);
    closeRightly(plan, x);
    useAfterClose(model, x);
    forgetPlan(model);
    forgetAttribution(plan, x);
    for (int i = 0; i < 10; i++) {
      System.gc();
      TimeUnit.MILLISECONDS.sleep(50);
    }
    System.out.println("end");
  }
}
