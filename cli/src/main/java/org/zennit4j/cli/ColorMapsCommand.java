/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.zennit4j.images.ColorMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the colour maps. */
@Command(
    name = "cmaps",
    description = "Lists the colour maps and their sources; --cmap takes a source too.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j cmaps", "  zennit4j explain cat.png --cmap 00f,80:fff,f00"})
final class ColorMapsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table();
    ColorMap.named().forEach(table::row);
    table.lines().forEach(out::println);
    return 0;
  }
}
