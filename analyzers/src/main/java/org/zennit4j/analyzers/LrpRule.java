/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Objects;

/**
 * A rule of a SignXAI method with its parameters, as data.
 *
 * <p>In the formulas x is a kernel layer's input, W and b its parameters, z = Wx + b its output, R
 * the relevance of z, and st(q) = q + d * sgn(q) with the stabilizer d. Immutable.
 */
public sealed interface LrpRule {

  /**
   * Returns the relevance of x that the rule gives.
   *
   * @return a formula
   */
  String formula();

  /**
   * Returns whether the bias has no influence on what the rule gives.
   *
   * @return true for Flat, w², ZBox and the fast z+ rule
   */
  default boolean isFreeOfBias() {
    return false;
  }

  /** Z: the relevance goes by the share of each product in z. */
  record Z() implements LrpRule {
    @Override
    public String formula() {
      return "x * W^T(R / st(z))";
    }
  }

  /**
   * Epsilon: Z with a stabilizer of its own.
   *
   * @param epsilon above 0
   */
  record Epsilon(double epsilon) implements LrpRule {
    @Override
    public String formula() {
      return "x * W^T(R / (z + " + Texts.number(epsilon) + "*sgn(z)))";
    }
  }

  /**
   * Epsilon with an epsilon that follows the spread of each layer's own input, per sample.
   *
   * @param factor what the population standard deviation is multiplied with
   */
  record StdxEpsilon(double factor) implements LrpRule {
    @Override
    public String formula() {
      return "x * W^T(R / (z + e*sgn(z))), e = " + Texts.number(factor) + " * std(x)";
    }
  }

  /** SIGN: the sign of the input in place of the input. */
  record Sign() implements LrpRule {
    @Override
    public String formula() {
      return "sgn(x) * W^T(R / st(z))";
    }
  }

  /**
   * SIGNmu: SIGN with a threshold.
   *
   * @param mu a Double, a list of Doubles or a tensor that broadcasts to the input
   */
  record SignMu(Object mu) implements LrpRule {
    /**
     * Creates the rule.
     *
     * @param mu a Double, a list of Doubles or a tensor that broadcasts to the input
     */
    public SignMu {
      Objects.requireNonNull(mu, "mu");
    }

    @Override
    public String formula() {
      return "sign_mu(x, " + Texts.show(mu) + ") * W^T(R / st(z))";
    }
  }

  /** ZPlus: positive products only. */
  record ZPlus() implements LrpRule {
    @Override
    public String formula() {
      return "x+ * W+^T q + x- * W-^T q, q = R / st(W+ x+ + W- x- + b+)";
    }
  }

  /** ZPlus of a layer whose inputs are not negative, without bias. */
  record ZPlusFast() implements LrpRule {
    @Override
    public String formula() {
      return "x * W+^T(R / st(W+ x))";
    }

    @Override
    public boolean isFreeOfBias() {
      return true;
    }
  }

  /**
   * AlphaBeta: positive and negative products with weights of their own.
   *
   * @param alpha the weight of the positive products
   * @param beta the weight of the negative products, alpha - 1
   */
  record AlphaBeta(double alpha, double beta) implements LrpRule {
    private static final double TOLERANCE = 1e-9;

    static boolean isValid(double alpha, double beta) {
      return beta >= 0 && Math.abs(alpha - beta - 1) <= TOLERANCE;
    }

    @Override
    public String formula() {
      String positive =
          Texts.number(alpha) + " * [x+ * W+^T q + x- * W-^T q], q = R / st(W+ x+ + W- x- + b+)";
      return beta == 0
          ? positive
          : positive
              + ", minus "
              + Texts.number(beta)
              + " * [x+ * W-^T n + x- * W+^T n], n = R / st(W- x+ + W+ x- + b-)";
    }
  }

  /**
   * Gamma: Epsilon that favours positive contributions.
   *
   * @param gamma how much, 0 or above
   */
  record Gamma(double gamma) implements LrpRule {
    @Override
    public String formula() {
      return "P = W + g W+, N = W + g W-, g = "
          + Texts.number(gamma)
          + "; z > 0: x+ * P^T q + x- * N^T q, q = R / st(P x+ + N x- + b + g b+);"
          + " z < 0: x+ * N^T q + x- * P^T q, q = R / st(N x+ + P x- + b + g b-)";
    }
  }

  /** w²: the relevance goes by squared weights, whatever the input. */
  record WSquare() implements LrpRule {
    @Override
    public String formula() {
      return "(W^2)^T(R / st(W^2 1))";
    }

    @Override
    public boolean isFreeOfBias() {
      return true;
    }
  }

  /** Flat: the relevance spreads evenly. */
  record Flat() implements LrpRule {
    @Override
    public String formula() {
      return "J^T(R / st(J 1)), J the layer with all weights 1 and no bias";
    }

    @Override
    public boolean isFreeOfBias() {
      return true;
    }
  }

  /**
   * ZBox: for inputs that lie between bounds.
   *
   * @param low a Double, a list of Doubles for the channels, or a tensor
   * @param high the same
   */
  record ZBox(Object low, Object high) implements LrpRule {
    /**
     * Creates the rule.
     *
     * @param low a Double, a list of Doubles for the channels, or a tensor
     * @param high the same
     */
    public ZBox {
      Objects.requireNonNull(low, "low");
      Objects.requireNonNull(high, "high");
    }

    @Override
    public String formula() {
      return "x * W^T q - l * W+^T q - h * W-^T q, q = R / st(Wx - W+ l - W- h), l = "
          + Texts.show(low)
          + ", h = "
          + Texts.show(high);
    }

    @Override
    public boolean isFreeOfBias() {
      return true;
    }
  }
}
