/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;
import static org.zennit4j.testing.TestDevices.on;

import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** What one pass over memory gives are the bits that LibTorch's operators give one by one. */
@ExtendWith(NativeLeaks.class)
class OnePassTests {
  private static final Stabilizer EPSILON = Stabilizer.standard();

  /** Large enough for several tasks, and no whole number of blocks. */
  private static final long[] SHAPE = {2, 7, 111, 101};

  private static Tensor numbers(long seed) {
    return SeededWeights.normal(seed, ScalarType.Float, SHAPE);
  }

  /** Zeros of both signs, the smallest numbers, the largest, none. */
  private static Tensor awkward(long seed) {
    Tensor result = numbers(seed);
    float[] values = {
      0f,
      -0f,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      Float.MIN_NORMAL,
      1e-6f,
      -1e-6f,
      3e38f,
      -3e38f,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN
    };
    for (int i = 0; i < values.length; i++) {
      result.select(0, 1).select(0, 3).select(0, 50).select(0, i).fill_(new Scalar(values[i]));
    }
    return result;
  }

  private static Tensor known(Tensor t) {
    return t.nan_to_num();
  }

  static Stream<String> layouts() {
    return Stream.of("contiguous", "channels last", "turned", "apart");
  }

  private static Tensor laid(Tensor tensor, String layout, boolean second) {
    return switch (layout) {
      case "channels last" -> tensor.contiguous(MemoryFormat.ChannelsLast);
      case "turned" -> tensor.transpose(2, 3).contiguous().transpose(2, 3);
      case "apart" -> second ? tensor.contiguous(MemoryFormat.ChannelsLast) : tensor;
      default -> tensor;
    };
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void sharesAreThoseOfTheOperators(String layout) {
    Tensor r = laid(awkward(1), layout, false);
    Tensor z = laid(awkward(2).flip(3), layout, true);
    z.select(0, 0).select(0, 0).select(0, 0).zero_();
    assertThat(OnePass.fits(r, z)).isEqualTo(!layout.equals("apart"));
    Tensor expected = r.div(EPSILON.apply(z));
    Tensor before = z.clone();
    assertThat(known(OnePass.share(r, z, EPSILON, false))).isBitEqualTo(known(expected));
    assertThat(known(z)).isBitEqualTo(known(before));
    assertThat(known(OnePass.share(r, z, EPSILON, true))).isBitEqualTo(known(expected));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void productsAreThoseOfTheOperators(String layout) {
    Tensor x = laid(awkward(3), layout, false);
    Tensor a = laid(numbers(4), layout, true);
    Tensor b = laid(numbers(5), layout, false);
    Tensor plus = LinearFunction.positive(x).mul(a);
    assertThat(known(OnePass.bySign(x, a.clone(), b)))
        .isBitEqualTo(known(plus.add(LinearFunction.negative(x).mul(b))));
    assertThat(known(OnePass.sum(x, a.clone(), b))).isBitEqualTo(known(x.mul(a).add(x.mul(b))));
    assertThat(known(OnePass.difference(x, a.clone(), b)))
        .isBitEqualTo(known(x.mul(a).sub(x.mul(b))));
    assertThat(known(OnePass.product(x, a.clone()))).isBitEqualTo(known(x.mul(a)));
  }

  @Test
  void theNumberOfThreadsDoesNotMatter() {
    int before = torch.get_num_threads();
    try {
      torch.set_num_threads(1);
      Tensor one = OnePass.share(numbers(1), numbers(2), EPSILON, true);
      torch.set_num_threads(3);
      assertThat(OnePass.share(numbers(1), numbers(2), EPSILON, true)).isBitEqualTo(one);
    } finally {
      torch.set_num_threads(before);
    }
  }

  @Test
  void otherTensorsAreLeftToTheOperators() {
    Tensor x = numbers(1);
    assertThat(OnePass.fits(x, x.to(ScalarType.Double))).isFalse();
    assertThat(OnePass.fits(x, x.narrow(1, 0, 1).expand_as(x))).isFalse();
    assertThat(OnePass.fits(x, x.narrow(0, 0, 1))).isFalse();
    assertThat(OnePass.fits(x.narrow(1, 0, 2))).isFalse();
    assertThat(OnePass.fits(x.narrow(0, 0, 0))).isFalse();
    assertThat(OnePass.fits(on(x, "meta"))).isFalse();
    assertThat(OnePass.isPlain(new SignedStabilizer(1, true, false, null))).isFalse();
    assertThat(OnePass.isPlain(new StrictStabilizer())).isFalse();
  }

  @Test
  void anAverageOfRelevanceGetsRoom() {
    Tensor z = numbers(1).contiguous(MemoryFormat.ChannelsLast);
    Tensor r = torch.ones(2, 7, 1, 1).expand_as(z);
    Tensor made = OnePass.alike(r, Optional.of(z.strides().vec().get()));
    assertThat(made).isBitEqualTo(r);
    assertThat(OnePass.fits(made, z)).isTrue();
    assertThat((Object) OnePass.alike(made, Optional.of(z.strides().vec().get()))).isSameAs(made);
  }
}
