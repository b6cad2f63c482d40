/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;

/** One run of the command line inside this process, with what it printed. */
record Session(int status, String out, String err) {
  /** The project's root: Maven runs tests in the module's folder. */
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  static Session of(Object... args) {
    System.setProperty("java.awt.headless", "true");
    System.setProperty(Home.PROPERTY, ROOT.toString());
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] texts = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      texts[i] = args[i].toString();
    }
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), texts);
    return new Session(status, out.toString(), err.toString());
  }

  static Path photo(String name) {
    return ROOT.resolve("examples/photos").resolve(name);
  }

  static Path model(String name) {
    return ROOT.resolve("examples/models").resolve(name);
  }

  List<String> lines() {
    return out.lines().toList();
  }

  /** It worked and had nothing to complain about. */
  Session ok() {
    assertThat(err).isEmpty();
    assertThat(status).isZero();
    return this;
  }

  /** It failed with one line that holds all these texts, and no result. */
  void fails(int expected, String... texts) {
    assertThat(err).as("one line").endsWith("\n").hasLineCount(1);
    assertThat(err).startsWith("zennit4j: ").doesNotContain("\tat ").doesNotContain("Exception");
    for (String text : texts) {
      assertThat(err).contains(text);
    }
    assertThat(status).as(err).isEqualTo(expected);
    assertThat(out).isEmpty();
  }
}
