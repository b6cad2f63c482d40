/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Whatever a command reads, no option makes it write there. */
class OverwriteTests {
  @TempDir Path folder;

  /** A folder with one file of each kind, which a line of words refers to by name. */
  @BeforeEach
  void makeFiles() throws IOException {
    Files.copy(Session.model("fashion_cnn.pt"), folder.resolve("net.pt"));
    // Names that pass for what an option writes.
    Files.copy(Session.model("fashion_cnn.pt"), folder.resolve("net.html"));
    Files.copy(Session.model("fashion_cnn.pt"), folder.resolve("net.npy"));
    Files.copy(Session.model("fashion_test_200.npz"), folder.resolve("data.npz"));
    Npy.write(folder.resolve("x.npy"), NdArray.ofDoubles(new double[28 * 28], 1, 1, 28, 28));
    Files.copy(folder.resolve("x.npy"), folder.resolve("gradient.npy"));
    String classes = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
    Files.writeString(folder.resolve("classes.html"), classes, StandardCharsets.UTF_8);
    Files.writeString(folder.resolve("classes.csv"), classes, StandardCharsets.UTF_8);
    String composite = "{\"type\": \"named\", \"name\": \"epsilon_plus\"}";
    Files.writeString(folder.resolve("rules.html"), composite, StandardCharsets.UTF_8);
    Files.writeString(folder.resolve("r.npy.json"), composite, StandardCharsets.UTF_8);
    Files.createLink(folder.resolve("hard.npy"), folder.resolve("x.npy"));
    Files.copy(Session.photo("chelsea.png"), folder.resolve("cat.png"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dataset @data.npz -m @net.pt -o @out --limit 2 --html @data.npz",
        "dataset @data.npz -m @net.html -o @out --limit 2 --html @net.html",
        "dataset @data.npz -m @net.pt -o @out --limit 2 --labels @classes.html --html @classes.html",
        "dataset @data.npz -m @net.pt -o @out --limit 2 --composite @rules.html --html @rules.html",
        "evaluate @data.npz -m @net.pt --methods gradient --metrics sparseness --json @data.npz",
        "evaluate @data.npz -m @net.pt --methods gradient --metrics sparseness --csv @classes.csv"
            + " --labels @classes.csv",
        "evaluate @data.npz -m @net.html --methods gradient --metrics sparseness --html @net.html",
        "evaluate @data.npz -m @net.pt --methods gradient --metrics sparseness --masks @x.npy"
            + " --json @x.npy",
        "evaluate @gradient.npy -m @net.pt --methods gradient --metrics sparseness --save-maps @.",
        "concepts @data.npz -m @net.pt --class 5 -o @. --labels @index.html",
        "inspect @net.html --html @net.html",
        "inspect @net.pt --input @x.npy --composite @rules.html --html @rules.html",
        "attribute -m @net.pt -i @x.npy -o @x.npy",
        "attribute -m @net.pt -i @x.npy -o @hard.npy",
        "attribute -m @net.npy -i @x.npy -o @r.npy --save-output @net.npy",
        "attribute -m @net.pt -i @data.npz:images -o @r.npy --save-output @r.npy",
        "attribute -m @net.pt -i @x.npy -o @r.npy --composite @r.npy.json --sidecar",
        "explain @cat.png -o @cat.png",
        "explain @cat.png --html @cat.png",
        "explain @cat.png --labels @classes.html --html @classes.html",
        "explain @cat.png -m @net.npy --size 28 --save-relevance @net.npy",
        "compare @cat.png --methods epsilon_plus,gradient -o @cat.png",
        "compare @cat.png --methods epsilon_plus,gradient --labels @classes.csv --json @classes.csv",
        "compare @cat.png --methods epsilon_plus,gradient -o @o.png --json @o.png",
      })
  void whatIsReadStays(String line) throws IOException {
    Files.copy(folder.resolve("classes.html"), folder.resolve("index.html"));
    Object[] words =
        Arrays.stream(line.split(" "))
            .map(word -> word.startsWith("@") ? folder.resolve(word.substring(1)) : word)
            .toArray();
    List<byte[]> before = contents();
    Session.of(words).fails(2, "choose a");
    List<byte[]> after = contents();
    assertThat(after).hasSameSizeAs(before);
    for (int i = 0; i < before.size(); i++) {
      assertThat(after.get(i)).isEqualTo(before.get(i));
    }
  }

  private List<byte[]> contents() throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().map(OverwriteTests::read).toList();
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** An option whose help says that it writes a file is one that is not read. */
  @Test
  void optionsThatWriteAreKnown() {
    for (CommandLine command : new CommandLine(new Main()).getSubcommands().values()) {
      for (OptionSpec option : command.getCommandSpec().options()) {
        String help = String.join(" ", option.description());
        boolean named = option.paramLabel().matches(".*(FILE|DIR|npy).*");
        if (named
            && help.matches("(Write|Draw|Where the heatmap|The folder for|The relevance;).*")
            && !option.longestName().equals("--layer")) {
          assertThat(NamedFiles.isOutput(option)).as(option.longestName()).isTrue();
        } else if (named) {
          assertThat(NamedFiles.isOutput(option)).as(option.longestName() + help).isFalse();
        }
      }
    }
  }
}
