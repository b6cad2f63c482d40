/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The help of all commands as one manual page, in the man macros of roff. */
final class ManualPage {
  private final CommandSpec root;
  private final List<String> lines = new ArrayList<>();

  ManualPage(CommandSpec root) {
    this.root = root;
  }

  List<String> lines() {
    lines.clear();
    String name = root.name();
    String first = escape(String.join(" ", root.usageMessage().description()));
    lines.add(
        ".TH " + name.toUpperCase(Locale.ROOT) + " 1 \"\" \"" + name + " " + version() + "\"");
    section("NAME");
    lines.add(name + " \\- " + lowerFirst(first.replaceAll("\\.$", "")));
    section("SYNOPSIS");
    lines.add(".B " + name);
    lines.add("COMMAND [OPTIONS]");
    section("DESCRIPTION");
    lines.add("Shows on which pixels, samples or features the decision of a network rests, by");
    lines.add("Layer\\-wise Relevance Propagation. Results go to standard output or into files,");
    lines.add("messages to standard error.");
    options("OPTIONS OF EVERY COMMAND", root);
    for (Map.Entry<String, CommandLine> entry : root.subcommands().entrySet()) {
      CommandSpec command = entry.getValue().getCommandSpec();
      if (!command.usageMessage().hidden()) {
        command(command);
      }
    }
    section("EXIT STATUS");
    root.usageMessage().exitCodeList().forEach(this::item);
    section("ENVIRONMENT");
    item("JAVA_HOME", "The Java to use.");
    item("ZENNIT4J_JAVA_OPTS", "Further options for it, such as \\-Xmx8g.");
    section("EXAMPLES");
    examples(root);
    return List.copyOf(lines);
  }

  private void command(CommandSpec command) {
    section(root.name().toUpperCase(Locale.ROOT) + " " + command.name().toUpperCase(Locale.ROOT));
    lines.add(".B " + root.name() + " " + escape(command.name()));
    lines.add(escape(arguments(command)));
    lines.add(".PP");
    for (String line : command.usageMessage().description()) {
      lines.add(escape(line));
    }
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      item(escape(parameter.paramLabel()), escape(String.join(" ", parameter.description())));
    }
    options(null, command);
    if (!command.usageMessage().exitCodeList().equals(root.usageMessage().exitCodeList())) {
      lines.add(".PP");
      lines.add("Exit status:");
      command.usageMessage().exitCodeList().forEach(this::item);
    }
    lines.add(".PP");
    lines.add("Examples:");
    examples(command);
  }

  /** What has to be given, and that there is more. */
  private static String arguments(CommandSpec command) {
    List<String> words = new ArrayList<>();
    for (OptionSpec option : command.options()) {
      if (option.required() && option.group() == null) {
        words.add(option.shortestName() + " " + option.paramLabel());
      }
    }
    words.add("[OPTIONS]");
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      String label = parameter.paramLabel() + (parameter.arity().max() > 1 ? "..." : "");
      words.add(parameter.required() ? label : "[" + label + "]");
    }
    return String.join(" ", words);
  }

  private void options(String title, CommandSpec command) {
    if (title != null) {
      section(title);
    }
    for (OptionSpec option : command.options()) {
      boolean ofEvery = command != root && root.findOption(option.longestName()) != null;
      if (!option.hidden() && !ofEvery) {
        String names = String.join(", ", option.names());
        String label = option.arity().max() == 0 ? "" : " " + option.paramLabel();
        item(escape(names + label), escape(String.join(" ", option.description())));
      }
    }
  }

  private void examples(CommandSpec command) {
    lines.add(".EX");
    for (String line : command.usageMessage().footer()) {
      lines.add(escape(line));
    }
    lines.add(".EE");
  }

  private void section(String title) {
    lines.add(".SH " + escape(title));
  }

  /** A term in bold and what it is. */
  private void item(String term, String text) {
    lines.add(".TP");
    lines.add(".B " + term);
    lines.add(text.strip());
  }

  private static String version() {
    return escape(Version.own());
  }

  /** A hyphen would be typeset as a dash, and a line that starts with a dot be a request. */
  private static String escape(String text) {
    String escaped = text.replace("\\", "\\e").replace("-", "\\-");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }

  private static String lowerFirst(String text) {
    return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
  }
}
