/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(NativeLeaks.class)
class FixturesTests {
  private static Tensor forward(JitModule module, Tensor x) {
    return new Tensor(module.forward(new IValueVector(new IValue(x))).toTensor());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void everyBuilderRuns(int dimensions) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    ModelBuilder.Conv padded = ModelBuilder.Conv.PLAIN.withPadding(1);
    JitModule net =
        b.sequential(
            b.conv(dimensions, 4, 6, 3, padded.withGroups(2)),
            b.batchNorm(dimensions, 6),
            b.reluInPlace(),
            b.maxPool(dimensions, 2, 2),
            b.convTranspose(dimensions, 6, 2, 2, ModelBuilder.Conv.PLAIN.withStride(2)),
            b.avgPool(dimensions, 2, 1),
            b.relu(),
            b.adaptiveAvgPool(dimensions, 1),
            b.flatten(),
            b.linear(2, 3));
    long[] shape = new long[2 + dimensions];
    java.util.Arrays.fill(shape, 6);
    shape[0] = 2;
    shape[1] = 4;
    Tensor x = SeededWeights.normal(5, ScalarType.Double, shape);
    TensorSubject.assertThat(forward(net, x)).hasShape(2, 3);
    TensorSubject.assertThat(forward(net, x)).isFinite();
  }

  @Test
  void twinOfConvolutionIsTheConvolution() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule conv = b.conv(2, 2, 3, 3, ModelBuilder.Conv.PLAIN.withStride(2).withPadding(1));
    DenseTwin twin = DenseTwin.of(x -> forward(conv, x), 2, 5, 4);
    assertThat(twin.outputShape()).containsExactly(3, 3, 2);
    assertThat(twin.weight()).hasDimensions(18, 40);
  }

  @Test
  void twinOfReluIsRefused() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule relu = b.relu();
    assertThatThrownBy(() -> DenseTwin.of(x -> forward(relu, x), 6))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void comparisonTellsWhereAndHowMuch() {
    Tensor a = Tensor.create(new double[] {1, 2, 3, 4}, 2, 2);
    Tensor e = Tensor.create(new double[] {1, 2, 3.5, 4}, 2, 2);
    TensorSubject.assertThat(a).within(0, 0.5).of(e);
    assertThatThrownBy(() -> TensorSubject.assertThat(a).within(0, 0.1).of(e))
        .hasMessageContaining("[1, 0]")
        .hasMessageContaining("3.0, expected 3.5")
        .hasMessageContaining("largest absolute error 0.5");
    assertThatThrownBy(() -> TensorSubject.assertThat(a).isBitEqualTo(e))
        .isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> TensorSubject.assertThat(a).within(1, 1).of(torch.zeros(4)))
        .hasMessageContaining("shape");
  }

  @Test
  void nanAndInfinityEqualThemselvesOnly() {
    Tensor a = Tensor.create(Double.NaN, Double.POSITIVE_INFINITY);
    TensorSubject.assertThat(a).within(0, 0).of(Double.NaN, Double.POSITIVE_INFINITY);
    assertThatThrownBy(
            () -> TensorSubject.assertThat(a).within(1, 1).of(0, Double.POSITIVE_INFINITY))
        .hasMessageContaining("[0]");
    assertThatThrownBy(() -> TensorSubject.assertThat(a).within(1, 1).of(Double.NaN, 1))
        .hasMessageContaining("[1]");
  }

  @Test
  void aLeakIsSeen() {
    assertThatThrownBy(
            () ->
                NativeLeaks.assertNone(() -> LEAKED.set((Tensor) torch.zeros(3).retainReference())))
        .hasMessageContaining("1 native objects");
    LEAKED.get().releaseReference();
  }

  private static final ThreadLocal<Tensor> LEAKED = new ThreadLocal<>();

  @Test
  void weightsAreSeededAndContiguous() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    JitModule one = b.sequential(b.conv(2, 2, 3, 3, ModelBuilder.Conv.PLAIN), b.batchNorm(2, 3));
    JitModule two = b.sequential(b.conv(2, 2, 3, 3, ModelBuilder.Conv.PLAIN), b.batchNorm(2, 3));
    SeededWeights.fill(one, 7);
    SeededWeights.fill(two, 7);
    Tensor x = SeededWeights.normal(5, ScalarType.Float, 2, 2, 5, 5);
    TensorSubject.assertThat(forward(one, x)).isBitEqualTo(forward(two, x));
    SeededWeights.fill(two, 8);
    assertThat(forward(one, x).equal(forward(two, x))).isFalse();
  }
}
