/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.zennit4j.composites.Canonizers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists composites and canonizers. */
@Command(
    name = "composites",
    description = "Lists the named composites and the canonizers.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j composites"})
final class CompositesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table();
    CompositeCatalogue.composites()
        .forEach(
            (name, entry) ->
                table.row(
                    name, CompositeCatalogue.describe(entry.description(), entry.arguments())));
    table.lines().forEach(out::println);
    out.println();
    out.println("canonizers: " + String.join(", ", Canonizers.registry().names()));
    return 0;
  }
}
