/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Holds the help, the manual page and the completion against the command line itself. */
class HelpTests {
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  @TempDir Path folder;

  private static List<CommandSpec> commands() {
    CommandSpec root = Main.commandLine(new Main()).getCommandSpec();
    List<CommandSpec> all = new ArrayList<>(List.of(root));
    root.subcommands().values().forEach(c -> all.add(c.getCommandSpec()));
    return all;
  }

  @Test
  void aCommandsOwnParserIsThatOfAll() {
    List<CommandSpec> all = commands();
    assertThat(all).hasSize(20);
    for (CommandSpec command : all.subList(1, all.size())) {
      assertThat(command.name()).isEqualTo(command.commandLine().getCommandName());
      CommandLine own = Main.commandLine(new Main(), command.name(), "--help");
      assertThat(own.getSubcommands()).containsKey(command.name());
      assertThat(own.getSubcommands().get(command.name()).getUsageMessage())
          .isEqualTo(command.commandLine().getUsageMessage());
    }
    assertThat(Main.commandLine(new Main(), "explain").getSubcommands()).hasSize(1);
    assertThat(Main.commandLine(new Main(), "man").getSubcommands()).hasSize(19);
    assertThat(Main.commandLine(new Main(), "explian").getSubcommands()).hasSize(19);
  }

  /** The commands below "Examples:", which end the help; continued lines are joined. */
  private static List<String> examples(CommandSpec command) {
    String help = command.commandLine().getUsageMessage();
    String[] parts = help.split("(?m)^Examples:$", -1);
    assertThat(parts).as(help).hasSize(2);
    assertThat(parts[1].lines()).allMatch(line -> line.length() < 80);
    return parts[1].strip().replaceAll("\\\\\\R\\s*", "").lines().map(String::strip).toList();
  }

  /** What the examples are about. */
  private static void prepare(Path folder) throws IOException {
    Files.copy(Session.photo("chelsea.png"), folder.resolve("cat.png"));
    Files.copy(Session.model("efficientnet_lite0.pt"), folder.resolve("model.pt"));
    Files.copy(Session.model("imagenet_classes.txt"), folder.resolve("classes.txt"));
    Path cats = Files.createDirectories(folder.resolve("photos/tiger cat"));
    Files.copy(Session.photo("chelsea.png"), cats.resolve("cat.png"));
    Files.writeString(folder.resolve("list.csv"), "path,label\ncat.png,282\n");
    Files.copy(Session.model("fashion_test_200.npz"), folder.resolve("pictures.npz"));
    Files.copy(Session.model("fashion_cnn.pt"), folder.resolve("fashion.pt"));
    Path classFolder = Files.createDirectories(folder.resolve("photos").resolve("tiger cat"));
    Files.copy(Session.photo("chelsea.png"), classFolder.resolve("a.png"));
    Files.writeString(folder.resolve("list.csv"), "path,label\ncat.png,282\n");
    float[] values = new float[3 * 224 * 224];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 17) / 17f;
    }
    Npy.write(folder.resolve("x.npy"), NdArray.ofFloats(values, 1, 3, 224, 224));
    Files.writeString(
        folder.resolve("requests.json"),
        """
        {"models": {"net": {"scripted": null, "traced": "model.pt"}},
         "cases": [
          {"id": "mlp/gradient", "model": "net", "dtype": "float32", "inputs": ["x.npy"],
           "target": {"classes": [1]}, "attributor": {"type": "gradient"}, "composite": null}]}
        """);
  }

  /** The words as a shell in the folder would pass them. */
  private static List<Object> words(Path folder, String command) throws IOException {
    List<Object> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(command);
    while (matcher.find()) {
      String quoted = matcher.group(1);
      String plain = matcher.group(2);
      if (quoted != null) {
        words.add(quoted);
      } else if (plain.contains("*")) {
        try (Stream<Path> files = Files.list(folder)) {
          String ending = plain.substring(plain.indexOf('*') + 1);
          files.filter(f -> f.toString().endsWith(ending)).sorted().forEach(words::add);
        }
      } else {
        boolean file = plain.endsWith("/") || Files.exists(folder.resolve(plain));
        boolean written = plain.matches("[a-z]+\\.(npy|html)|out");
        words.add(file || written ? folder.resolve(plain) : plain);
      }
    }
    return words;
  }

  private void runExample(CommandSpec command, String example) throws IOException {
    Path here = Files.createTempDirectory(folder, "example");
    prepare(here);
    List<Object> words = words(here, example);
    assertThat(words.remove(0)).isEqualTo("zennit4j");
    if (words.get(0).equals("spray")) {
      Session.of(
              "dataset",
              here.resolve("pictures.npz"),
              "-m",
              here.resolve("fashion.pt"),
              "-o",
              here.resolve("out"))
          .ok();
    }
    boolean explains = words.get(0).equals("explain") && !words.contains("--help");
    if (explains && !words.contains("-o")) {
      // Else the heatmap would go into the folder that the tests run in.
      words.addAll(List.of("-o", here.resolve("map.png")));
    }
    Session run = Session.of(words.toArray());
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).as(command.qualifiedName()).isZero();
    assertThat(run.out()).isNotEmpty();
  }

  @TestFactory
  List<DynamicContainer> examplesWork() {
    List<DynamicContainer> all = new ArrayList<>();
    for (CommandSpec command : commands()) {
      List<DynamicTest> tests = new ArrayList<>();
      for (String example : examples(command)) {
        Matcher own = Pattern.compile("zennit4j [^)>]*").matcher(example);
        if (own.find()) {
          String line = own.group().strip();
          tests.add(dynamicTest(line, () -> runExample(command, line)));
        }
      }
      assertThat(tests).as(command.qualifiedName()).isNotEmpty();
      all.add(dynamicContainer(command.qualifiedName(), tests));
    }
    return all;
  }

  @Test
  void theManualPageHasEveryCommandAndOption() {
    Session run = Session.of("man").ok();
    assertThat(run.lines().get(0)).startsWith(".TH ZENNIT4J 1 ");
    String text = run.out().replace("\\-", "-");
    for (CommandSpec command : commands()) {
      assertThat(text).contains(command.qualifiedName(" "));
      for (OptionSpec option : command.options()) {
        assertThat(text).contains(".B " + String.join(", ", option.names()));
        for (String line : option.description()) {
          assertThat(text).contains(line);
        }
      }
    }
  }

  @Test
  void theCompletionKnowsEveryCommandAndOption() {
    String script = Session.of("completion").ok().out();
    assertThat(script).startsWith("#!/usr/bin/env bash").contains("complete -F");
    for (CommandSpec command : commands()) {
      assertThat(script).contains(command.name());
      for (OptionSpec option : command.options()) {
        assertThat(script).contains(option.longestName());
      }
    }
  }
}
