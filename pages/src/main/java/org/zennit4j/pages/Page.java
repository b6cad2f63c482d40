/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** One page of HTML with everything that it shows. Immutable; each {@code with} returns another. */
public final class Page {
  private final String title;
  private final String subtitle;
  private final List<Section> sections;

  private Page(String title, String subtitle, List<Section> sections) {
    this.title = title;
    this.subtitle = subtitle;
    this.sections = List.copyOf(sections);
  }

  /**
   * Makes an empty page.
   *
   * @param title its heading
   * @param subtitle a sentence below it
   * @return the page
   */
  public static Page of(String title, String subtitle) {
    return new Page(title, subtitle, List.of());
  }

  /**
   * Adds a section.
   *
   * @param section what comes next
   * @return another page
   */
  public Page with(Section section) {
    List<Section> more = new ArrayList<>(sections);
    more.add(section);
    return new Page(title, subtitle, more);
  }

  /**
   * Returns the page.
   *
   * @return HTML that loads nothing: its content security policy forbids it
   */
  public String html() {
    StringBuilder out = new StringBuilder(1 << 16);
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ")
        .append("img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n")
        .append("<link rel=\"icon\" href=\"data:,\">\n<title>")
        .append(Html.escape(title))
        .append("</title>\n<style>\n")
        .append(resource("page.css"))
        .append(
            "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">Skip to content</a>\n")
        .append("<header>\n<h1>")
        .append(Html.escape(title))
        .append("</h1>\n<p>")
        .append(Html.escape(subtitle))
        .append("</p>\n</header>\n<main id=\"content\">\n");
    for (int i = 0; i < sections.size(); i++) {
      Section section = sections.get(i);
      out.append("<section aria-labelledby=\"s")
          .append(i)
          .append("\">\n<h2 id=\"s")
          .append(i)
          .append("\">")
          .append(Html.escape(section.heading()))
          .append("</h2>\n")
          .append(section.html())
          .append("</section>\n");
    }
    return out.append("</main>\n<script>\n")
        .append(resource("page.js"))
        .append("</script>\n</body>\n</html>\n")
        .toString();
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes the page; others see the old file or the whole new one.
   *
   * @param file the file; its folder is made if it is absent
   * @throws IOException if it cannot be written
   */
  public void write(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Files.createDirectories(target.getParent());
    Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
    try {
      Files.writeString(temporary, html());
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
