/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.zennit4j.attribution.Attributors;
import org.zennit4j.attribution.Baseline;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.Rules;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;

/**
 * The page of all names is made from the registries: with {@code -Ddocs.accept} it is written, else
 * it must be up to date. The parts of this folder's OwnParts are left out.
 */
class CatalogueTests {
  private static final Path PAGE = Path.of("../docs/catalogue.md");

  private static String heading() {
    return """
        # All names

        What can stand in JSON and on the command line, with its arguments. Made from the registries by
        `mvn test -pl examples -am -Dtest=CatalogueTests -Dsurefire.failIfNoSpecifiedTests=false -Ddocs.accept`; a build in which the two
        differ fails. What an argument means stands in the Javadoc of the class. `zennit4j rules`, `composites` and `attributors` list the same,
        with parts of your own. SIGN-XAI's method names: `zennit4j methods`.
        """;
  }

  private static boolean isOwn(Entry<?> entry) {
    return entry.type().getName().startsWith("org.zennit4j.examples.");
  }

  private static String table(String title, String first, List<? extends Entry<?>> entries) {
    StringBuilder text = new StringBuilder("\n## " + title + "\n\n");
    text.append("| ").append(first).append(" | what it does | arguments |\n|---|---|---|\n");
    for (Entry<?> entry : entries) {
      if (!isOwn(entry)) {
        String arguments =
            entry.arguments().stream()
                .map(CatalogueTests::argument)
                .collect(Collectors.joining(", "));
        text.append(
            "| `%s` | %s | %s |\n"
                .formatted(
                    entry.name(), entry.description(), arguments.isEmpty() ? "" : arguments));
      }
    }
    return text.toString();
  }

  private static String argument(Argument argument) {
    Object standard = argument.standard();
    String name = "`" + argument.name() + "`";
    if (argument.needed()) {
      return name + " (needed)";
    }
    return standard == null ? name : name + " = " + value(standard);
  }

  private static String value(Object value) {
    if (value instanceof ZeroParams || (value instanceof List<?> list && list.isEmpty())) {
      return "none";
    }
    if (value instanceof Baseline) {
      return "0";
    }
    if (value instanceof Stabilizer) {
      return value.equals(Stabilizer.standard()) ? "1e-6" : "a stabilizer";
    }
    if (value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1e6) {
      return String.format(Locale.ROOT, "%.0f", number);
    }
    return value.toString();
  }

  @Test
  void thePageListsWhatTheRegistriesHold() throws IOException {
    List<Entry<?>> composites = new ArrayList<>();
    CompositeRegistry registry = CompositeRegistry.standard();
    for (String name : registry.names()) {
      composites.add(registry.find(name).orElseThrow());
    }
    String page =
        heading()
            + table("Rules", "rule", Rules.registry().entries())
            + table("Composites", "composite", composites)
            + table("Canonizers", "canonizer", Canonizers.registry().entries())
            + table("Attributors", "attributor", Attributors.registry().entries());
    if (System.getProperty("docs.accept") != null) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE)).isEqualTo(page);
  }
}
