/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The packages of all modules and who imports whom: dependencies point one way, and the picture in
 * docs/architecture.md shows them as they are. {@code mvn test -pl cli -am -Dtest=ArchitectureTests
 * -Dsurefire.failIfNoSpecifiedTests=false -Darchitecture.accept} draws it anew.
 */
class ArchitectureTests {
  private static final Path PICTURE = Path.of("..", "docs", "images", "architecture.svg");
  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?org\\.zennit4j\\.([a-z]+)\\.", Pattern.MULTILINE);
  private static final Pattern REQUIRED = Pattern.compile("requires (?:transitive )?([\\w.]+)");
  private static final int WIDTH = 880;
  private static final int ROW = 92;
  private static final int BOX_WIDTH = 150;
  private static final int BOX_HEIGHT = 46;

  /** What a package is for, in a few words. */
  private static final Map<String, String> JOBS =
      Map.ofEntries(
          Map.entry("bindings", "LibTorch: load, keep, free"),
          Map.entry("graph", "what a model computes"),
          Map.entry("runtime", "runs it, forward and back"),
          Map.entry("torchscript", "reads .pt"),
          Map.entry("exported", "reads .pt2"),
          Map.entry("model", "a loaded file"),
          Map.entry("registry", "parts by name"),
          Map.entry("rules", "through one layer"),
          Map.entry("composites", "which layer, which rule"),
          Map.entry("attribution", "plan + target = relevance"),
          Map.entry("diagnosis", "what is wrong or lost"),
          Map.entry("metrics", "is the map right"),
          Map.entry("analyzers", "SIGN-XAI's names"),
          Map.entry("images", "pictures in and out"),
          Map.entry("requests", "JSON and arrays"),
          Map.entry("concepts", "what channels stand for"),
          Map.entry("datasets", "whole datasets, HDF5"),
          Map.entry("pages", "HTML to look at"),
          Map.entry("cli", "the command line"));

  /** The packages, and those that each imports; internal ones count as the one around them. */
  private static Map<String, Set<String>> packages() throws IOException {
    Map<String, Set<String>> found = new TreeMap<>();
    for (String module :
        List.of(
            "bindings",
            "rules",
            "composites",
            "attribution",
            "metrics",
            "analyzers",
            "images",
            "requests",
            "concepts",
            "datasets",
            "pages",
            "cli")) {
      Path root = Path.of("..", module, "src", "main", "java", "org", "zennit4j");
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          String own = root.relativize(file).getName(0).toString();
          Set<String> imports = found.computeIfAbsent(own, k -> new TreeSet<>());
          Matcher matcher = IMPORT.matcher(Files.readString(file));
          while (matcher.find()) {
            if (!matcher.group(1).equals(own)) {
              imports.add(matcher.group(1));
            }
          }
        }
      }
    }
    return found;
  }

  /** The longest way down, by package. */
  private static Map<String, Integer> floors(Map<String, Set<String>> packages) {
    Map<String, Integer> floors = new TreeMap<>();
    packages.keySet().forEach(name -> floor(name, packages, floors, new ArrayList<>()));
    return floors;
  }

  private static int floor(
      String name,
      Map<String, Set<String>> packages,
      Map<String, Integer> floors,
      List<String> path) {
    assertThat(path).as("packages that know each other").doesNotContain(name);
    Integer known = floors.get(name);
    if (known != null) {
      return known;
    }
    path.add(name);
    int floor = 0;
    for (String below : packages.get(name)) {
      floor = Math.max(floor, 1 + floor(below, packages, floors, path));
    }
    path.remove(name);
    floors.put(name, floor);
    return floor;
  }

  /** Without what follows from other arrows. */
  private static Set<String> direct(String name, Map<String, Set<String>> packages) {
    Set<String> direct = new TreeSet<>(packages.get(name));
    for (String other : packages.get(name)) {
      direct.removeAll(reached(other, packages));
    }
    return direct;
  }

  private static Set<String> reached(String name, Map<String, Set<String>> packages) {
    Set<String> all = new TreeSet<>();
    for (String below : packages.get(name)) {
      all.add(below);
      all.addAll(reached(below, packages));
    }
    return all;
  }

  private static String draw(Map<String, Set<String>> packages) {
    Map<String, Integer> floors = floors(packages);
    int top = floors.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    Map<String, int[]> places = new TreeMap<>();
    for (int floor = 0; floor <= top; floor++) {
      int level = floor;
      List<String> row = floors.keySet().stream().filter(n -> floors.get(n) == level).toList();
      for (int i = 0; i < row.size(); i++) {
        places.put(
            row.get(i),
            new int[] {(2 * i + 1) * WIDTH / (2 * row.size()), 40 + (top - floor) * ROW});
      }
    }
    StringBuilder svg = new StringBuilder();
    svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ")
        .append(WIDTH + " " + (top * ROW + 80))
        .append("\" font-family=\"sans-serif\" text-anchor=\"middle\">\n");
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    svg.append("<g stroke=\"#8a94a6\" stroke-width=\"1.5\">\n");
    for (String name : packages.keySet()) {
      for (String below : direct(name, packages)) {
        int[] from = places.get(name);
        int[] to = places.get(below);
        svg.append(
            String.format(
                "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n",
                from[0], from[1] + BOX_HEIGHT / 2, to[0], to[1] - BOX_HEIGHT / 2));
      }
    }
    svg.append("</g>\n");
    places.forEach(
        (name, place) -> {
          svg.append(
              String.format(
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#eef3fb\" stroke=\"#3b5b8c\"/>%n",
                  place[0] - BOX_WIDTH / 2, place[1] - BOX_HEIGHT / 2, BOX_WIDTH, BOX_HEIGHT));
          svg.append(
              String.format(
                  "<text x=\"%d\" y=\"%d\" font-size=\"15\" font-weight=\"bold\">%s</text>%n",
                  place[0], place[1] - 3, name));
          svg.append(
              String.format(
                  "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#444\">%s</text>%n",
                  place[0], place[1] + 14, JOBS.get(name)));
        });
    return svg.append("</svg>\n").toString().replace("\r\n", "\n");
  }

  @Test
  void thePictureShowsThePackagesAsTheyAre() throws IOException {
    Map<String, Set<String>> packages = packages();
    assertThat(JOBS.keySet()).isEqualTo(packages.keySet());
    String drawn = draw(packages);
    if (System.getProperty("architecture.accept") != null) {
      Files.writeString(PICTURE, drawn);
    }
    assertThat(Files.readString(PICTURE)).as("draw it anew: see this class").isEqualTo(drawn);
  }

  @Test
  void onlyRequestsAndTheFrontEndReadJson() throws IOException {
    Set<String> readers = new TreeSet<>();
    try (Stream<Path> infos =
        Stream.of(
                "bindings",
                "rules",
                "composites",
                "attribution",
                "metrics",
                "analyzers",
                "images",
                "requests",
                "concepts",
                "datasets",
                "pages",
                "cli")
            .map(module -> Path.of("..", module, "src", "main", "java", "module-info.java"))) {
      for (Path info : infos.toList()) {
        Matcher required = REQUIRED.matcher(Files.readString(info));
        while (required.find()) {
          if (required.group(1).startsWith("com.fasterxml")) {
            readers.add(info.getName(1).toString());
          }
        }
      }
    }
    assertThat(readers).containsExactly("bindings", "requests");
  }
}
