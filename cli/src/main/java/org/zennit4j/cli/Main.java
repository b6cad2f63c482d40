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
import java.util.LinkedHashMap;
import java.util.Map;
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
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j explain cat.png",
      "  zennit4j inspect model.pt",
      "  zennit4j explain --help"
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:done", "1:the work failed", "2:wrong usage"})
public final class Main implements Runnable {
  /** By their names, in the order in which the help lists them. */
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("explain", ExplainCommand.class);
    COMMANDS.put("attribute", AttributeCommand.class);
    COMMANDS.put("run", RunCommand.class);
    COMMANDS.put("evaluate", EvaluateCommand.class);
    COMMANDS.put("compare", CompareCommand.class);
    COMMANDS.put("concepts", ConceptsCommand.class);
    COMMANDS.put("dataset", DatasetCommand.class);
    COMMANDS.put("spray", SprayCommand.class);
    COMMANDS.put("inspect", InspectCommand.class);
    COMMANDS.put("benchmark", BenchmarkCommand.class);
    COMMANDS.put("methods", MethodsCommand.class);
    COMMANDS.put("composites", CompositesCommand.class);
    COMMANDS.put("rules", RulesCommand.class);
    COMMANDS.put("attributors", AttributorsCommand.class);
    COMMANDS.put("metrics", MetricsCommand.class);
    COMMANDS.put("cmaps", ColorMapsCommand.class);
    COMMANDS.put("doctor", DoctorCommand.class);
    COMMANDS.put("completion", CompletionCommand.class);
    COMMANDS.put("man", ManCommand.class);
  }

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
    CommandLine line = commandLine(main, args);
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

  /** A parser; of the command that comes first alone, since all take twice the time. */
  static CommandLine commandLine(Main main, String... args) {
    CommandLine line = new CommandLine(main);
    Class<?> only = args.length == 0 ? null : COMMANDS.get(args[0]);
    // These describe all of them.
    if (only != null && only != CompletionCommand.class && only != ManCommand.class) {
      line.addSubcommand(args[0], only);
    } else {
      COMMANDS.forEach(line::addSubcommand);
    }
    return line;
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
