/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the manual page. */
@Command(
    name = "man",
    description = "Prints the manual page, for man, groff or mandoc.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j man >zennit4j.1", "  man ./zennit4j.1"})
final class ManCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    new ManualPage(spec.root()).lines().forEach(spec.commandLine().getOut()::println);
    return 0;
  }
}
