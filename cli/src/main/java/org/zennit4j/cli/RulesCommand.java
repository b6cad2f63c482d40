/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.zennit4j.requests.CompositeReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the rules. */
@Command(
    name = "rules",
    description = "Lists the rules that a composite written as JSON can use, with their arguments.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j rules"})
final class RulesCommand implements Callable<Integer> {
  private static final Map<String, String> MEANINGS = new LinkedHashMap<>();

  static {
    MEANINGS.put("epsilon", "share in the output, damped (epsilon, zero_params)");
    MEANINGS.put("zplus", "share in the positive part (stabilizer, zero_params)");
    MEANINGS.put(
        "alpha_beta",
        "alpha times the positive part less beta times the negative part"
            + " (alpha, beta, stabilizer, zero_params)");
    MEANINGS.put("gamma", "positive weights favoured (gamma, stabilizer, zero_params)");
    MEANINGS.put("zbox", "for inputs with bounds (low, high, stabilizer, zero_params)");
    MEANINGS.put("wsquare", "by squared weights, whatever the input (stabilizer, zero_params)");
    MEANINGS.put("flat", "evenly over the receptive field (stabilizer, zero_params)");
    MEANINGS.put("norm", "share in a sum or average (stabilizer)");
    MEANINGS.put("pass", "unchanged");
    MEANINGS.put("relu_deconvnet", "what arrives positive");
    MEANINGS.put("relu_guided_backprop", "the gradient where it arrives positive");
    MEANINGS.put("z", "share in the output (stabilizer, zero_params)");
    MEANINGS.put("sign", "sign of the input instead of its value (stabilizer, zero_params)");
    MEANINGS.put("sign_mu", "sign of the input against a threshold (mu, stabilizer, zero_params)");
    MEANINGS.put(
        "stdx_epsilon",
        "epsilon as a share of the input's deviation (factor, stabilizer, zero_params)");
    MEANINGS.put("zplus_fast", "positive weights on the input as it is, no bias (stabilizer)");
    MEANINGS.put("softmax", "first-order expansion of a softmax (stabilizer)");
    MEANINGS.put(
        "bilinear", "equal parts to the factors of a product, or all to one (signal, stabilizer)");
    MEANINGS.put("normalization", "layer norm and the like, scale constant (identity, stabilizer)");
    MEANINGS.put("attention", "fused scaled dot product attention (constant_weights, stabilizer)");
    MEANINGS.put(
        "multi_head_attention",
        "self-attention with its projections as one operator (constant_weights, stabilizer)");
    MEANINGS.put("relu_beta_smooth", "the gradient of a softplus (beta_smooth)");
  }

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table();
    for (String name : CompositeReader.ruleNames()) {
      table.row(name, MEANINGS.getOrDefault(name, ""));
    }
    table.lines().forEach(out::println);
    return 0;
  }
}
