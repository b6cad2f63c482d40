/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.requests.AttributorReader;
import org.zennit4j.requests.CompositeReader;

class ListCommandsTests {
  /** The first words of the lines. */
  private static List<String> names(Session run) {
    return run.ok().lines().stream().map(l -> l.split(" ", 2)[0]).toList();
  }

  @Test
  void listsNameEverything() {
    assertThat(names(Session.of("methods"))).isEqualTo(MethodName.listed());
    assertThat(names(Session.of("composites"))).containsAll(CompositeRegistry.standard().names());
    assertThat(names(Session.of("rules"))).isEqualTo(CompositeReader.ruleNames());
    assertThat(names(Session.of("attributors"))).isEqualTo(AttributorReader.names());
    assertThat(Session.of("attribute", "--help").ok().out().replaceAll("\\s+", " "))
        .contains(String.join(", ", AttributorReader.names()));
    assertThat(names(Session.of("cmaps"))).contains("coldnhot", "seismic");
  }

  @Test
  void everyCompositeAndRuleIsDescribed() {
    assertThat(CompositeCatalogue.composites().keySet())
        .containsAll(CompositeRegistry.standard().names());
    assertThat(Session.of("rules").ok().lines()).allMatch(l -> l.contains("  "));
  }

  @Test
  void aMethodIsFoundAndDescribed() {
    assertThat(Session.of("methods", "--like", "smothgrad").ok().lines().get(0))
        .isEqualTo("smoothgrad");
    assertThat(Session.of("methods", "smoothgrad").ok().out()).contains("num_samples", "Smilkov");
    Session.of("methods", "smothgrad").fails(2, "smothgrad", "smoothgrad");
  }

  @Test
  void theDoctorLooksAtEverything() {
    assertThat(Session.of("doctor").ok().out())
        .contains("libtorch: ", "bundled model: runs, 1000 classes", "all is well");
  }

  @Test
  void versionAndHelp() {
    assertThat(Session.of("--version").ok().lines().get(0)).startsWith("zennit4j ");
    assertThat(Session.of("--help").ok().out()).contains("explain", "doctor", "Exit status:");
    assertThat(Session.of("explain", "--help").ok().out())
        .contains("--overlay", "--plain", "Examples:");
  }

  @Test
  void wrongCommands() {
    Session.of().fails(2, "a command is missing");
    Session.of("explian").fails(2, "there is no command 'explian'; did you mean explain?");
  }

  @Test
  void aStackTraceIsShownOnlyOnDemand() {
    Session.of("inspect", "none.pt").fails(1, "none.pt");
    assertThat(Session.of("inspect", "none.pt", "--debug").err()).contains("\tat org.zennit4j.");
  }
}
