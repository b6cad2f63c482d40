/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.zennit4j.analyzers.MethodInfo;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.analyzers.MethodNameException;
import org.zennit4j.bindings.internal.NearestNames;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists SignXAI's methods, or describes one. */
@Command(
    name = "methods",
    description = "Lists the method names of SignXAI, or describes one of them.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j methods",
      "  zennit4j methods --like grad_x_input",
      "  zennit4j methods smoothgrad"
    })
final class MethodsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Describe this method.")
  private String name;

  @Option(names = "--like", paramLabel = "TEXT", description = "List the names nearest to a text.")
  private String like;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (name != null) {
      describe(out);
    } else if (like != null) {
      near(like).forEach(out::println);
    } else {
      MethodName.listed().forEach(out::println);
    }
    return 0;
  }

  /** All names that hold the text; without any, the ten that differ least. */
  private static List<String> near(String text) {
    String wanted = text.toLowerCase(java.util.Locale.ROOT);
    List<String> holding = MethodName.listed().stream().filter(n -> n.contains(wanted)).toList();
    return holding.isEmpty() ? NearestNames.of(text, MethodName.listed(), 10) : holding;
  }

  private void describe(PrintWriter out) {
    MethodInfo info;
    try {
      info = MethodInfo.of(name);
    } catch (MethodNameException e) {
      throw new UsageException(e.getMessage());
    }
    out.println(info.name());
    out.println("  " + info.formula());
    if (!info.modifiers().isEmpty()) {
      out.println("  then " + String.join(", ", info.modifiers()));
    }
    out.println("  paper: " + info.paper());
    Table table = new Table();
    for (MethodInfo.Parameter parameter : info.parameters()) {
      table.row("  --option " + parameter.key(), parameter.defaultValue(), parameter.meaning());
    }
    table.lines().forEach(out::println);
  }
}
