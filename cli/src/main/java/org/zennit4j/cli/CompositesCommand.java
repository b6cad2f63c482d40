/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.zennit4j.composites.CompositeRegistry;
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
    Map<String, CompositeCatalogue.Entry> known = CompositeCatalogue.composites();
    Table table = new Table();
    for (String name : CompositeRegistry.standard().names()) {
      CompositeCatalogue.Entry entry = known.get(name);
      if (entry == null) {
        table.row(name, "");
      } else {
        String arguments =
            entry.arguments().isEmpty() ? "" : " (" + String.join(", ", entry.arguments()) + ")";
        table.row(name, entry.description() + arguments);
      }
    }
    table.lines().forEach(out::println);
    out.println();
    out.println("canonizers: " + String.join(", ", CompositeCatalogue.canonizerNames()));
    return 0;
  }
}
