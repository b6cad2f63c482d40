/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Context;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * What layers' rules lose, and to what: each rule is asked twice, the second time with biases that
 * count as zero. The difference is what the biases took; what is lost all the same, its stabilizer
 * took, or the rule is none that keeps sums.
 */
final class Losses implements Composite {
  private final Composite composite;
  private final Map<Integer, Loss> losses = new ConcurrentHashMap<>();

  /** Watches the rules of a composite. */
  Losses(Composite composite) {
    this.composite = composite;
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    return composite.rule(context, name, layer).map(Watched::new);
  }

  @Override
  public List<Canonizer> canonizers() {
    return composite.canonizers();
  }

  @Override
  public boolean functional() {
    return composite.functional();
  }

  @Override
  public boolean looksInside() {
    return composite.looksInside();
  }

  @Override
  public List<String> check(Program program) {
    return composite.check(program);
  }

  /** What a layer's call lost; empty if it has no rule, or nothing arrived there. */
  Optional<Loss> of(Program program, String layer, int call) {
    return program
        .layer(layer)
        .map(program::regions)
        .filter(sites -> call < sites.size())
        .map(sites -> losses.get(sites.get(call).id()));
  }

  static double sum(List<Tensor> tensors) {
    double sum = 0;
    try (PointerScope scope = new PointerScope()) {
      for (Tensor tensor : tensors) {
        if (tensor != null) {
          sum += tensor.to(ScalarType.Double).sum().item_double();
        }
      }
    }
    return sum;
  }

  private final class Watched implements Rule {
    private final Rule rule;

    Watched(Rule rule) {
      this.rule = rule;
    }

    @Override
    public String name() {
      return rule.name();
    }

    @Override
    public Map<String, Object> arguments() {
      return rule.arguments();
    }

    @Override
    public LayerFunction bind(Region region) {
      LayerFunction function = rule.bind(region);
      LayerFunction biasless = rule.withoutBias().bind(region);
      return new LayerFunction() {
        @Override
        public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
          List<Tensor> result = function.backward(call, relevance);
          double arrives = sum(relevance);
          double passes = sum(result);
          double unbiased = sum(biasless.backward(call, relevance));
          double rest = arrives - unbiased;
          boolean keeps = rule.keepsSums();
          Loss loss = new Loss(unbiased - passes, keeps ? rest : 0, keeps ? 0 : rest);
          losses.merge(region.id(), loss, Loss::plus);
          return result;
        }

        @Override
        public void close() {
          function.close();
          biasless.close();
        }
      };
    }
  }
}
