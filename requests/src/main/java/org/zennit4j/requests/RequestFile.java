/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.bindings.internal.NearestNames;

/**
 * A file of requests: models, and cases that each say how an output of a model is to be explained.
 *
 * <p>Reading checks what is needed to tell the cases apart; what is wrong within a case is found
 * when it runs, so that it fails alone. Immutable and thread-safe.
 */
public final class RequestFile {
  /**
   * The files of a model.
   *
   * @param scripted null if it cannot be scripted
   * @param traced null if it cannot be traced
   */
  record ModelFiles(String scripted, String traced, String exported) {
    String of(RequestRunner.Form form) {
      return switch (form) {
        case SCRIPTED -> scripted;
        case TRACED -> traced;
        case EXPORTED -> exported;
      };
    }
  }

  /**
   * A case.
   *
   * @param id unique in the file
   * @param json all of it
   */
  record Case(String id, ObjectNode json) {}

  private final Path path;
  private final Map<String, ModelFiles> models;
  private final List<Case> cases;

  private RequestFile(Path path, Map<String, ModelFiles> models, List<Case> cases) {
    this.path = path;
    this.models = models;
    this.cases = cases;
  }

  /**
   * Reads a file.
   *
   * @param path a JSON file; paths in it are relative to its folder
   * @return its models and cases
   * @throws RequestException if it cannot be read, has a bad schema or an id twice
   */
  public static RequestFile read(Path path) {
    JsonObject root = JsonObject.of(path.toString(), JsonObject.parse(path));
    Map<String, ModelFiles> models = new LinkedHashMap<>();
    JsonObject named = root.object("models");
    for (String name : named.keys()) {
      JsonObject files = named.object(name);
      models.put(
          name,
          new ModelFiles(
              files.string("scripted", null),
              files.string("traced", null),
              files.string("exported", null)));
    }
    Map<String, Case> cases = new LinkedHashMap<>();
    root.need("cases");
    for (JsonObject.Item item : root.list("cases")) {
      JsonObject json = item.object();
      String id = checked(item.where(), json.string("id"));
      if (cases.put(id, new Case(id, (ObjectNode) item.node())) != null) {
        throw new RequestException(Npy.printable(path + ": two cases have the id '" + id + "'"));
      }
    }
    return new RequestFile(path, Collections.unmodifiableMap(models), List.copyOf(cases.values()));
  }

  /** An id is a relative path below the output's folder, and must not leave it. */
  private static String checked(String where, String id) {
    List<String> segments = Arrays.asList(id.split("/", /* limit= */ -1));
    boolean bad =
        segments.contains("")
            || segments.contains(".")
            || segments.contains("..")
            || id.indexOf('\\') >= 0
            || segments.get(0).equals(RequestRunner.SUMMARY)
            || id.chars().anyMatch(Character::isISOControl);
    if (bad) {
      throw new RequestException(
          Npy.printable(where + ": '" + id + "' cannot be an id, which names a folder"));
    }
    return id;
  }

  /**
   * The ids of the cases.
   *
   * @return in the order of the file
   */
  public List<String> ids() {
    return cases.stream().map(Case::id).toList();
  }

  List<Case> cases() {
    return cases;
  }

  /** The file of a model in a form; null stands for scripted, else traced, else exported. */
  Path model(String name, RequestRunner.Form form) {
    ModelFiles files = models.get(name);
    if (files == null) {
      throw new RequestException(
          Npy.printable(
              "there is no model '"
                  + name
                  + "'; the nearest: "
                  + NearestNames.list(name, models.keySet())));
    }
    String file = files.of(form(name, form));
    if (file == null) {
      throw new RequestException(
          Npy.printable(
              "model '" + name + "' has no " + (form == null ? "" : form + " ") + "file"));
    }
    return resolve(file);
  }

  /** A path that the file names. */
  Path resolve(String path) {
    try {
      return folder().resolve(path);
    } catch (InvalidPathException e) {
      throw new RequestException(Npy.printable("'" + path + "' is no path"), e);
    }
  }

  /** This file, and the models and data that it names and that exist. */
  Set<Path> sources() {
    Set<String> names = new LinkedHashSet<>();
    for (ModelFiles files : models.values()) {
      names.add(files.scripted());
      names.add(files.traced());
      names.add(files.exported());
    }
    for (Case one : cases) {
      names.add(one.json().path("data").asText(null));
      for (JsonNode input : one.json().path("inputs")) {
        String text = input.asText("");
        names.add(text.endsWith(".npy") ? text : null);
      }
    }
    Set<Path> found = new LinkedHashSet<>(Set.of(path.toAbsolutePath()));
    for (String name : names) {
      try {
        if (name != null && Files.isRegularFile(folder().resolve(name))) {
          found.add(folder().resolve(name));
        }
      } catch (InvalidPathException e) {
        // The case says so when it runs.
      }
    }
    return found;
  }

  /** The form that is meant: what was asked for, else the first that there is a file of. */
  RequestRunner.Form form(String name, RequestRunner.Form form) {
    if (form != null) {
      return form;
    }
    ModelFiles files = models.get(name);
    return Arrays.stream(RequestRunner.Form.values())
        .filter(each -> files.of(each) != null)
        .findFirst()
        .orElse(RequestRunner.Form.SCRIPTED);
  }

  Path folder() {
    return path.toAbsolutePath().getParent();
  }

  List<Case> select(List<String> globs) {
    if (globs.isEmpty()) {
      return cases;
    }
    List<Case> selected = new ArrayList<>();
    for (Case one : cases) {
      if (globs.stream().anyMatch(glob -> Glob.of(glob).test(one.id()))) {
        selected.add(one);
      }
    }
    if (selected.isEmpty()) {
      throw new RequestException(
          Npy.printable(path + ": no case matches " + String.join(", ", globs)));
    }
    return selected;
  }
}
