/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code zennit4j}: explains the predictions of PyTorch models. */
@Command(
    name = "zennit4j",
    description =
        "Explains the predictions of PyTorch models: torch.export (.pt2) or TorchScript files.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    scope = ScopeType.INHERIT,
    sortOptions = false,
    usageHelpAutoWidth = true,
    subcommands = {
      ExplainCommand.class,
      AttributeCommand.class,
      RunCommand.class,
      EvaluateCommand.class,
      CompareCommand.class,
      ConceptsCommand.class,
      DatasetCommand.class,
      SprayCommand.class,
      InspectCommand.class,
      BenchmarkCommand.class,
      MethodsCommand.class,
      CompositesCommand.class,
      RulesCommand.class,
      AttributorsCommand.class,
      MetricsCommand.class,
      ColorMapsCommand.class,
      DoctorCommand.class,
      CompletionCommand.class,
      ManCommand.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j explain cat.png",
      "  zennit4j inspect model.pt",
      "  zennit4j explain --help"
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:done", "1:the work failed", "2:wrong usage"})
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean debug;

  /** Made by the command line's parser. */
  public Main() {}

  /**
   * Runs a command and ends the process with its exit status.
   *
   * @param args the command and its arguments
   */
  public static void main(String[] args) {
    // Before anything touches AWT: servers have no display.
    System.setProperty("java.awt.headless", "true");
    // Not System.out, which hides its errors.
    StandardOutput stdout = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    PrintWriter out =
        new PrintWriter(
            new BufferedWriter(new OutputStreamWriter(stdout, Charset.defaultCharset())));
    PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
    int status;
    try {
      status = run(out, err, args);
    } catch (LinkageError | TypeNotPresentException e) {
      // Before there is a command line that could say so; nothing that needs another class.
      System.err.println(
          "zennit4j: cannot start: "
              + e.getMessage()
              + " (a part of the program cannot be read; are there too few file handles, ulimit -n?)");
      status = CommandLine.ExitCode.SOFTWARE;
    }
    if (stdout.failure() != null) {
      err.println("zennit4j: " + stdout.failure());
      status = CommandLine.ExitCode.SOFTWARE;
    }
    System.exit(status);
  }

  /** Runs a command in this process. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    if (args.length == 1 && (args[0].equals("--version") || args[0].equals("-V"))) {
      // The parser of all commands would take longer than the rest.
      Version.lines().forEach(out::println);
      out.flush();
      return 0;
    }
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    line.setOut(out);
    line.setErr(err);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(
        (e, given) -> {
          err.println("zennit4j: " + Messages.of(e));
          if (main.debug) {
            e.printStackTrace(err);
          }
          return CommandLine.ExitCode.USAGE;
        });
    line.setExecutionExceptionHandler((e, command, result) -> main.fail(e, err));
    int status;
    try {
      status = line.execute(args);
    } catch (OutOfMemoryError | LinkageError | StackOverflowError e) {
      status = main.fail(e, err);
    }
    out.flush();
    err.flush();
    return status;
  }

  private int fail(Throwable e, PrintWriter err) {
    err.println("zennit4j: " + Messages.of(e));
    if (debug) {
      e.printStackTrace(err);
    }
    return e instanceof UsageException ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "a command is missing; zennit4j --help lists them");
  }
}
