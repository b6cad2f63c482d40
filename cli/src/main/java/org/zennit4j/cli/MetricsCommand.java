/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.zennit4j.metrics.Metric;
import org.zennit4j.metrics.Metrics;
import org.zennit4j.metrics.Need;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the metrics. */
@Command(
    name = "metrics",
    description =
        "Lists the metrics of 'zennit4j evaluate': what they measure, what they need, and their "
            + "arguments with defaults, as in --metrics NAME:KEY=VALUE.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j metrics"})
final class MetricsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    for (Entry<Metric> entry : Metrics.registry().entries()) {
      out.println(entry.name() + ": " + entry.description());
      Metric metric = entry.create(Map.of());
      List<String> facts = new ArrayList<>(List.of(metric.direction().words()));
      for (Need need : metric.needs()) {
        if (need == Need.MASKS) {
          facts.add("needs --masks");
        }
      }
      out.println("  " + String.join("; ", facts));
      if (!entry.arguments().isEmpty()) {
        List<String> arguments = new ArrayList<>();
        for (Argument argument : entry.arguments()) {
          Object value = metric.arguments().get(argument.name());
          arguments.add(value == null ? argument.name() : argument.name() + "=" + value);
        }
        out.println("  " + String.join(" ", arguments));
      }
    }
    return 0;
  }
}
