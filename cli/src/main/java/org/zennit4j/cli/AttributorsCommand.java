/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Attributors;
import org.zennit4j.registry.Entry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the attributors. */
@Command(
    name = "attributors",
    description = "Lists the attributors that can run a composite, with their options.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j attributors"})
final class AttributorsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table();
    for (Entry<AttributorSettings> entry : Attributors.registry().entries()) {
      table.row(
          entry.name(), CompositeCatalogue.describe(entry.description(), entry.argumentNames()));
    }
    table.lines().forEach(out::println);
    return 0;
  }
}
