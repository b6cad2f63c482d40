/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;
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
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table();
    for (Entry<Rule> entry : Rules.registry().entries()) {
      table.row(
          entry.name(), CompositeCatalogue.describe(entry.description(), entry.argumentNames()));
    }
    table.lines().forEach(out::println);
    return 0;
  }
}
