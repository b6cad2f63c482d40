/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.MergeBatchNorm;
import org.zennit4j.composites.MixedComposite;
import org.zennit4j.composites.NameMapComposite;
import org.zennit4j.composites.NamedMergeBatchNorm;
import org.zennit4j.composites.PresetArguments;
import org.zennit4j.composites.ResidualSum;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.ReLUBetaSmooth;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.SignedStabilizer;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZeroParams;

class CompositeReaderTests {
  @TempDir Path folder;

  private final CompositeReader reader = new CompositeReader();

  private Rule rule(String json) {
    return reader.readRule(JsonObject.parse("test", json));
  }

  @Test
  void absentArgumentsHaveZennitsDefaults() {
    assertThat(rule("{\"rule\": \"epsilon\"}")).isEqualTo(new Epsilon(1e-6));
    assertThat(rule("{\"rule\": \"gamma\"}")).isEqualTo(new Gamma(0.25));
    assertThat(rule("{\"rule\": \"zplus\"}")).isEqualTo(new ZPlus());
    assertThat(rule("{\"rule\": \"alpha_beta\"}")).isEqualTo(new AlphaBeta(2, 1));
    assertThat(rule("{\"rule\": \"relu_beta_smooth\"}")).isEqualTo(new ReLUBetaSmooth(10));
    assertThat(rule("{\"rule\": \"flat\", \"stabilizer\": null}")).isEqualTo(new Flat());
  }

  @Test
  void readsEveryKindOfStabilizerAndOfZeroParams() {
    assertThat(
            rule(
                "{\"rule\": \"epsilon\", \"epsilon\": {\"epsilon\": 0.5, \"clip\": true,"
                    + " \"norm_scale\": true, \"dim\": [1, -1]}, \"zero_params\": \"my_bias\"}"))
        .isEqualTo(
            new Epsilon(
                new SignedStabilizer(0.5, true, true, List.of(1L, -1L)), ZeroParams.in("my_bias")));
    assertThat(
            rule("{\"rule\": \"wsquare\", \"stabilizer\": 1, \"zero_params\": [\"bias\", \"w\"]}"))
        .isEqualTo(new WSquare(Stabilizer.of(1), ZeroParams.of("bias", "w")));
    assertThat(rule("{\"rule\": \"zplus\", \"stabilizer\": \"strict\"}"))
        .isEqualTo(new ZPlus(new StrictStabilizer(), ZeroParams.none()));
    assertThat(rule("{\"rule\": \"epsilon\", \"epsilon\": {\"dim\": 1}}"))
        .isEqualTo(
            new Epsilon(new SignedStabilizer(1e-6, false, false, List.of(1L)), ZeroParams.none()));
  }

  @Test
  void boundsAreNumbersOrArrays() throws IOException {
    assertThat(rule("{\"rule\": \"zbox\", \"low\": -1, \"high\": 2.5}"))
        .isEqualTo(new ZBox(-1, 2.5));

    NdArray low = NdArray.ofFloats(new float[] {-1, -2, -3}, 1, 3);
    CompositeReader knowing =
        reader.withArrays(
            name -> {
              assertThat(name).isEqualTo("low");
              return low;
            });
    Rule read =
        knowing.readRule(
            JsonObject.parse("", "{\"rule\": \"zbox\", \"low\": \"low\", \"high\": 1}"));
    assertThat(((Bound) read.arguments().get("low")).isNumber()).isFalse();

    Npy.write(folder.resolve("low.npy"), low);
    Path file = folder.resolve("composite.json");
    Files.writeString(
        file,
        "{\"type\": \"name_map\", \"name_map\": [[[\"conv\"], {\"rule\": \"zbox\", \"low\":"
            + " \"low.npy\", \"high\": 1}]]}");
    assertThat(reader.read(file)).isInstanceOf(NameMapComposite.class);
  }

  @Test
  void readsMapsWithTheirFlags() {
    assertThat(
            reader.read(
                "{\"type\": \"layer_map\", \"layer_map\": [[[\"Linear\", \"torch.nn.ReLU\"],"
                    + " {\"rule\": \"pass\"}]], \"functional\": true, \"strict\": true,"
                    + " \"canonizers\": [{\"type\": \"merge_batch_norm\"}, {\"type\":"
                    + " \"residual_sum\"}]}"))
        .isEqualTo(
            new LayerMapComposite(
                List.of(MapEntry.of(new Pass(), "Linear", "torch.nn.ReLU")),
                List.of(new MergeBatchNorm(), new ResidualSum()),
                true,
                true));
    assertThat(reader.read("{\"type\": \"empty\"}")).isEqualTo(new EmptyComposite());
  }

  @Test
  void partsOfAMixedCompositeAreFunctionalIfItIs() {
    MixedComposite mixed =
        (MixedComposite)
            reader.read(
                "{\"type\": \"mixed\", \"functional\": true, \"composites\": [{\"type\":"
                    + " \"layer_map\", \"layer_map\": []}, {\"type\": \"named\", \"name\":"
                    + " \"epsilon_plus\"}, {\"type\": \"name_map\", \"name_map\": [],"
                    + " \"functional\": false}]}");

    assertThat(mixed.composites())
        .extracting(c -> c.functional())
        .containsExactly(true, true, false);
  }

  @Test
  void readsNamedCompositesWithTheirArguments() {
    assertThat(
            reader.read(
                "{\"type\": \"named\", \"name\": \"epsilon_gamma_box\", \"args\": {\"low\": -3,"
                    + " \"high\": 3, \"gamma\": 0.5, \"first_map\": [[[\"Linear\"], {\"rule\":"
                    + " \"flat\"}]]}}"))
        .isEqualTo(
            Composites.epsilonGammaBox(
                PresetArguments.defaults()
                    .withBounds(Bound.of(-3), Bound.of(3))
                    .withGamma(0.5)
                    .withFirstMap(List.of(MapEntry.of(new Flat(), "Linear")))));
  }

  @Test
  void readsCompositesOfOnesOwnRegistry() {
    CompositeRegistry registry =
        CompositeRegistry.standard()
            .with("mine", a -> new LayerMapComposite(a.layerMap(), List.of(), false, false));

    assertThat(
            reader
                .withRegistry(registry)
                .read(
                    "{\"type\": \"named\", \"name\": \"mine\", \"args\": {\"layer_map\":"
                        + " [[[\"Linear\"], {\"rule\": \"pass\"}]]}, \"functional\": true}"))
        .isEqualTo(
            new LayerMapComposite(
                List.of(MapEntry.of(new Pass(), "Linear")), List.of(), true, false));
  }

  @Test
  void readsCanonizersWithinCanonizers() {
    assertThat(
            reader.read(
                "{\"type\": \"empty\", \"canonizers\": [{\"type\": \"composite\", \"canonizers\":"
                    + " [{\"type\": \"named_merge_batch_norm\", \"name_map\": [[[\"a\", \"b\"],"
                    + " \"bn\"]]}]}]}"))
        .extracting(c -> c.canonizers().get(0).arguments().get("canonizers"))
        .isEqualTo(
            List.of(
                new NamedMergeBatchNorm(
                    List.of(new NamedMergeBatchNorm.Pair(List.of("a", "b"), "bn")))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"type\": \"nam\"} | composite: there is no composite of type 'nam'; the nearest: ",
        "{\"type\": \"empty\", \"canonizer\": []} | composite: there is no key 'canonizer' here; the"
            + " nearest: canonizers, ",
        "{\"type\": \"empty\", \"strict\": true} | composite: there is no key 'strict' here",
        "{\"type\": \"empty\", \"canonizers\": [{\"type\": \"resnt\"}]} |"
            + " composite.canonizers[0]: there is no canonizer 'resnt'; the nearest: resnet, ",
        "{\"type\": \"empty\", \"canonizers\": [{\"type\": \"vgg\", \"x\": 1}]} |"
            + " composite.canonizers[0]: there is no key 'x' here",
        "{\"type\": \"named\", \"name\": \"epsilon_plos\"} | composite: there is no composite"
            + " 'epsilon_plos'; the nearest: epsilon_plus, epsilon_plus_flat, ",
        "{\"type\": \"named\", \"name\": \"epsilon_plus\", \"args\": {\"gamma\": 1}} |"
            + " composite.args: there is no key 'gamma' here",
        "{\"type\": \"named\", \"name\": \"epsilon_gamma_box\"} | composite: epsilon_gamma_box needs",
        "{\"type\": \"name_map\"} | composite: the key 'name_map' is missing",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"]]]} | composite.name_map[0] must be a pair",
        "{\"type\": \"name_map\", \"name_map\": [[\"a\", {\"rule\": \"pass\"}]]} |"
            + " composite.name_map[0][0] must be a list in brackets, but is \"a\"",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"], {\"rule\": \"epsilonn\"}]]} |"
            + " composite.name_map[0][1]: there is no rule 'epsilonn'; the nearest: epsilon, ",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"], {\"rule\": \"epsilon\", \"gamma\": 1}]]} |"
            + " composite.name_map[0][1]: there is no key 'gamma' here; the nearest: ",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"], {\"rule\": \"epsilon\", \"epsilon\":"
            + " \"1\"}]]} | composite.name_map[0][1].epsilon must be a number, an object",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"], {\"rule\": \"gamma\", \"gamma\": NaN}]]}"
            + " | composite.name_map[0][1].gamma must be a finite number",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"], {\"rule\": \"alpha_beta\", \"alpha\":"
            + " 3}]]} | composite.name_map[0][1]: alpha_beta: alpha - beta must be 1",
        "{\"type\": \"name_map\", \"name_map\": [[[\"a\"], {\"rule\": \"zbox\", \"low\": \"l\","
            + " \"high\": 1}]]} | composite.name_map[0][1].low: there is no array 'l'",
        "{\"type\": \"empty\", \"functional\": 1} | composite.functional must be true or false",
        "{\"type\": \"empty\", \"type\": \"empty\"} | composite is not JSON at line 1",
        "[] | composite must be an object in braces, but is []",
        "{\"type\": | composite is not JSON at line 1",
        "{} {} | composite is not JSON",
        "`` | composite is empty",
      })
  void saysWhatIsWrongAndWhere(String json, String message) {
    assertThatThrownBy(() -> reader.read(json))
        .isInstanceOf(RequestException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void readsTheRulesOfSignXaisMethods() {
    Composite composite =
        reader.read(
            "{\"type\": \"named\", \"name\": \"signxai\","
                + " \"args\": {\"method\": \"lrpz_epsilon\", \"epsilon\": 0.5}}");
    assertThat(composite.functional()).isTrue();
    assertThat(composite.canonizers()).hasSize(2);
    assertThatThrownBy(
            () ->
                reader.read(
                    "{\"type\": \"named\", \"name\": \"signxai\","
                        + " \"args\": {\"method\": \"gradient\"}}"))
        .hasMessageContaining("has no rules");
  }
}
