/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.testing.ClosedUnderUse;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;

/** What is closed while other threads use it, and what throws while it is made or closed. */
@ExtendWith(NativeLeaks.class)
class ClosingTests {
  private static final int ROUNDS = Integer.getInteger("zennit4j.rounds", 40);

  private final ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);

  private ScriptModel model() {
    Conv same = Conv.PLAIN.withPadding(1);
    return ScriptModel.of(
        b.sequential(
            b.conv(2, 3, 8, 3, same),
            b.batchNorm(2, 8),
            b.relu(),
            b.conv(2, 8, 8, 3, same),
            b.adaptiveAvgPool(2, 1),
            b.flatten(),
            b.linear(8, 4)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gradient", "smooth_grad", "integrated_gradients", "occlusion"})
  @Timeout(300)
  void aPlanAndItsModelAreClosedWhileFourThreadsAttribute(String name) throws Exception {
    Random random = new Random(name.hashCode());
    Composite composite =
        Composites.epsilonPlusFlat().withCanonizers(List.of(Canonizers.mergeBatchNorm()));
    for (int round = 0; round < ROUNDS; round++) {
      long before = Pointer.totalCount();
      try (PointerScope scope = new PointerScope()) {
        ScriptModel model = model();
        Plan plan = Plan.of(model, composite);
        Attributor attributor =
            switch (name) {
              case "smooth_grad" -> new SmoothGrad(plan);
              case "integrated_gradients" -> new IntegratedGradients(plan);
              case "occlusion" -> new Occlusion(plan);
              default -> new Gradient(plan);
            };
        Tensor x = torch.rand(2, 3, 12, 12);
        ClosedUnderUse.run(
            random,
            ClosedException.class,
            () -> attributor.attribute(x, Target.classes(1)).close(),
            attributor,
            plan,
            model);
      }
      assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }
  }

  @Test
  void aModelWithOpenPlansIsNotClosed() {
    try (ScriptModel model = model()) {
      try (Plan plan = Plan.gradient(model)) {
        assertThat(plan.model()).isSameAs(model);
        assertThatThrownBy(model::close)
            .isInstanceOf(ClosedException.class)
            .hasMessageContaining("1 open plan");
      }
    }
  }

  /** A rule of somebody who makes mistakes. */
  private record Faulty(Throwable thrown, boolean inClose) implements Rule {
    @Override
    public LayerFunction bind(Region region) {
      if (!inClose) {
        throw sneaky(thrown);
      }
      return new LayerFunction() {
        @Override
        public List<Tensor> backward(LayerCall call, List<Tensor> relevances) {
          return call.gradient(relevances);
        }

        @Override
        public void close() {
          throw sneaky(thrown);
        }
      };
    }

    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of();
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Throwable> RuntimeException sneaky(Throwable thrown) throws E {
    throw (E) thrown;
  }

  private static final List<Throwable> THROWABLES =
      List.of(
          new IllegalStateException("a"),
          new AssertionError("b"),
          new StackOverflowError(),
          new OutOfMemoryError("c"),
          new IOException("d"));

  private void failsAndFrees(Throwable thrown, Function<ScriptModel, Plan> make) {
    long before = Pointer.totalCount();
    try (PointerScope scope = new PointerScope()) {
      ScriptModel model = model();
      assertThatThrownBy(() -> make.apply(model).close())
          .satisfiesAnyOf(e -> assertThat(e).isSameAs(thrown), e -> assertThat(e).hasCause(thrown));
      model.close();
    }
    assertThat(Pointer.totalCount()).as(thrown.toString()).isLessThanOrEqualTo(before);
  }

  @Test
  void whateverUserCodeThrowsTheModelCanBeClosed() {
    for (Throwable thrown : THROWABLES) {
      for (boolean inClose : new boolean[] {false, true}) {
        failsAndFrees(
            thrown, model -> Plan.of(model, ruleAt("6", new Faulty(thrown, inClose), List.of())));
      }
      Canonizer faulty =
          new Canonizer() {
            @Override
            public Program apply(Program program) {
              throw sneaky(thrown);
            }

            @Override
            public String name() {
              return "faulty";
            }
          };
      failsAndFrees(
          thrown,
          model ->
              Plan.of(
                  model,
                  ruleAt(
                      "6",
                      new Faulty(thrown, true),
                      List.of(Canonizers.mergeBatchNorm(), faulty))));
      Composite choosing =
          (context, name, layer) -> {
            throw sneaky(thrown);
          };
      failsAndFrees(thrown, model -> Plan.of(model, choosing));
    }
  }

  private static Composite ruleAt(String layer, Rule rule, List<Canonizer> canonizers) {
    Composite plain =
        (context, name, candidate) ->
            name.equals(layer) ? java.util.Optional.of(rule) : java.util.Optional.empty();
    return plain.withCanonizers(canonizers);
  }

  @Test
  void aTimeLimitEndsAnAttributionAndTheNextOneWorks() {
    try (ScriptModel model = model();
        Plan plan = Plan.gradient(model)) {
      Tensor x = torch.rand(2, 3, 24, 24);
      SmoothGrad smooth = new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(100_000));
      assertThatThrownBy(
              () ->
                  smooth.attribute(
                      List.of(x),
                      Target.classes(1),
                      AttributionOptions.defaults().withTimeLimit(Duration.ofMillis(50))))
          .isInstanceOf(CancelledException.class)
          .hasMessageContaining("time limit");
      try (Attribution next = new Gradient(plan).attribute(x, Target.classes(1))) {
        assertThat(next.relevance().isfinite().all().item_bool()).isTrue();
      }
    }
  }
}
