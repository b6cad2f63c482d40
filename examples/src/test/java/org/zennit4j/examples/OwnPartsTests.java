/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Attributors;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.ArraySource;
import org.zennit4j.requests.AttributorReader;
import org.zennit4j.requests.CompositeWriter;
import org.zennit4j.rules.Rules;

/** What a service file names is known by its name, without anything else being done. */
class OwnPartsTests {
  @Test
  void ownPartsAreListed() {
    assertThat(Rules.registry().names()).contains("own_gamma");
    assertThat(Canonizers.registry().names()).contains("without");
    assertThat(AttributorReader.names()).contains("own_powers");
    assertThat(AttributorReader.options("own_powers")).containsExactly("powers");
  }

  @Test
  void anOwnAttributorIsWrittenReadAndRun() {
    JsonNode json = new CompositeWriter().write(new OwnParts.Powers(List.of(1)));
    assertThat(json).hasToString("{\"type\":\"own_powers\",\"powers\":[1]}");
    AttributorSettings settings =
        AttributorReader.readSettings(json, ArraySource.none(), Attributors.registry());
    assertThat(settings).isEqualTo(new OwnParts.Powers(List.of(1)));
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of("models/fashion_cnn.pt"));
        Plan plan = Plan.gradient(model);
        Attributor own = AttributorReader.read(json, plan, ArraySource.none())) {
      Tensor x = torch.ones(1, 1, 28, 28);
      try (Attribution found = own.attribute(x);
          Attribution gradient = new Gradient(plan).attribute(x, Target.top1())) {
        assertThat(found.relevance().equal(gradient.relevance())).isTrue();
        assertThat(found.output().equal(gradient.output())).isTrue();
      }
    }
  }
}
