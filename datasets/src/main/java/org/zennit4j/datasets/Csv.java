/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Comma-separated values as RFC 4180 has them: quotes, doubled quotes, line breaks in quotes. */
final class Csv {
  private Csv() {}

  static List<List<String>> read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new DatasetException(file + ": is no text in UTF-8", e);
    } catch (IOException e) {
      throw new DatasetException("cannot read " + file + ": " + e.getMessage(), e);
    } catch (DatasetException e) {
      throw new DatasetException(file + ": " + e.getMessage(), e);
    }
  }

  static List<List<String>> parse(String text) {
    List<List<String>> rows = new ArrayList<>();
    List<String> row = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    boolean any = false;
    int start = text.startsWith("\uFEFF") ? 1 : 0;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c != '"') {
          field.append(c);
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
        any = true;
      } else if (c == ',') {
        row.add(field.toString());
        field.setLength(0);
        any = true;
      } else if (c == '\n') {
        end(rows, row, field, any);
        row = new ArrayList<>();
        any = false;
      } else if (c != '\r') {
        field.append(c);
        any = true;
      }
    }
    if (quoted) {
      throw new DatasetException("a quote is opened and never closed");
    }
    end(rows, row, field, any);
    return rows;
  }

  private static void end(
      List<List<String>> rows, List<String> row, StringBuilder field, boolean any) {
    if (any || !row.isEmpty()) {
      row.add(field.toString());
      rows.add(row);
    }
    field.setLength(0);
  }

  /** One line, with its end. */
  static String line(List<String> fields) {
    StringBuilder line = new StringBuilder();
    for (String field : fields) {
      if (line.length() > 0) {
        line.append(',');
      }
      field(field, line);
    }
    return line.append('\n').toString();
  }

  /** Adds one field, in quotes if it needs them. */
  static void field(String field, StringBuilder to) {
    if (plain(field)) {
      to.append(field);
    } else {
      to.append('"').append(field.replace("\"", "\"\"")).append('"');
    }
  }

  private static boolean plain(String field) {
    return field.indexOf(',') < 0
        && field.indexOf('"') < 0
        && field.indexOf('\n') < 0
        && field.indexOf('\r') < 0;
  }
}
