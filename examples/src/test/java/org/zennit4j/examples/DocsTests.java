/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.zennit4j.requests.CompositeReader;

/**
 * Holds the guide against the project: its Java is that of the examples, its links lead somewhere,
 * its JSON is understood.
 */
class DocsTests {
  private static final Path DOCS = Path.of("../docs");
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\R(.*?)^```");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");

  private record Block(String language, String text) {}

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>(files(DOCS, ".md"));
    pages.add(Path.of("../README.md"));
    return pages;
  }

  private static List<Path> files(Path folder, String ending) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(p -> p.toString().endsWith(ending)).sorted().toList();
    }
  }

  private static List<Block> blocks(Path page, String language) {
    List<Block> found = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(read(page));
    while (matcher.find()) {
      if (matcher.group(1).equals(language)) {
        found.add(new Block(language, matcher.group(2)));
      }
    }
    return found;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String squeezed(String text) {
    return text.replaceAll("\\s+", "");
  }

  @TestFactory
  List<DynamicTest> javaIsThatOfTheExamples() throws IOException {
    List<String> sources = new ArrayList<>();
    for (Path folder : List.of(Path.of("src"), Path.of("consumer/src"))) {
      files(folder, ".java").forEach(file -> sources.add(squeezed(read(file))));
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (Path page : pages()) {
      int number = 0;
      for (Block block : blocks(page, "java")) {
        number++;
        String wanted = squeezed(block.text());
        tests.add(
            dynamicTest(
                page.getFileName() + " " + number,
                () ->
                    assertThat(sources)
                        .as("no example holds these lines of %s:%n%s", page, block.text())
                        .anyMatch(source -> source.contains(wanted))));
      }
    }
    return tests;
  }

  @TestFactory
  List<DynamicTest> linksLeadSomewhere() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path page : pages()) {
      Matcher matcher = LINK.matcher(BLOCK.matcher(read(page)).replaceAll(""));
      while (matcher.find()) {
        String link = matcher.group(1);
        if (!link.matches("[a-z]+:.*")) {
          tests.add(dynamicTest(page.getFileName() + " " + link, () -> follow(page, link)));
        }
      }
    }
    return tests;
  }

  private static void follow(Path page, String link) {
    String[] parts = link.split("#", 2);
    Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]);
    assertThat(file).exists();
    if (parts.length == 2) {
      assertThat(anchors(file)).contains(parts[1]);
    }
  }

  private static List<String> anchors(Path page) {
    List<String> anchors = new ArrayList<>();
    Matcher matcher = HEADING.matcher(BLOCK.matcher(read(page)).replaceAll(""));
    while (matcher.find()) {
      String heading = matcher.group(1).toLowerCase(Locale.ROOT);
      anchors.add(heading.replaceAll("[^\\p{L}\\p{N} _-]", "").strip().replace(' ', '-'));
    }
    return anchors;
  }

  @TestFactory
  List<DynamicTest> jsonIsUnderstood() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path page : pages()) {
      int number = 0;
      for (Block block : blocks(page, "json")) {
        number++;
        tests.add(dynamicTest(page.getFileName() + " " + number, () -> understand(block.text())));
      }
    }
    return tests;
  }

  private static void understand(String json) throws IOException {
    JsonNode node = new ObjectMapper().readTree(json);
    CompositeReader reader = new CompositeReader();
    if (node.has("rule")) {
      assertThat(reader.readRule(node)).isNotNull();
    } else if (node.has("type")) {
      assertThat(reader.read(node)).isNotNull();
    }
  }

  @Test
  void theIndexListsAllPages() throws IOException {
    String index = read(DOCS.resolve("README.md"));
    for (Path page : files(DOCS, ".md")) {
      if (!page.endsWith("README.md")) {
        assertThat(index).contains("](" + DOCS.relativize(page) + ")");
      }
    }
  }
}
