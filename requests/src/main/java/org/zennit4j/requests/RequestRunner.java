/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.zennit4j.composites.CompositeRegistry;

/**
 * Runs the cases of a file and writes what they give: arrays and rules for each case, and a summary
 * of all.
 *
 * <p>A case {@code a/b} writes into the folder {@code a/b} of the output: {@code output.npy},
 * {@code relevance.0.npy} and so on, {@code rules.json}, and {@code layer.NAME.input.npy} and
 * {@code layer.NAME.output.npy} for the layers that were asked for, {@code sidecar.json} if
 * sidecars were asked for; or, if it fails, {@code error.txt} alone. The next case runs in any
 * event.
 *
 * <p>Immutable; several threads may run at once if their outputs differ.
 */
public final class RequestRunner {
  /** The file that tells how every case ended. */
  static final String SUMMARY = "summary.json";

  /** The forms in which a model may be saved. */
  public enum Form {
    /** Saved by torch.jit.script. */
    SCRIPTED,
    /** Saved by torch.jit.trace. */
    TRACED,
    /** Saved by torch.export.save. */
    EXPORTED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Hears how cases end. Called in the running thread. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Hears that a case ended.
     *
     * @param id the case
     * @param result {@code ok} or the error
     * @param done how many cases ended
     * @param total how many cases run
     */
    void onCase(String id, String result, int done, int total);

    /**
     * Hears what is unusual about a case that went well, before it ends.
     *
     * @param id the case
     * @param notes one sentence each, at least one
     */
    default void onNotes(String id, List<String> notes) {}
  }

  /**
   * How cases ended.
   *
   * @param results id to {@code ok} or the error, in the order of the file
   */
  public record Summary(Map<String, String> results) {
    /**
     * Whether no case failed.
     *
     * @return true if all are ok
     */
    public boolean ok() {
      return results.values().stream().allMatch("ok"::equals);
    }

    /**
     * The exit status of a program that ran these cases; a {@link RequestException} of the runner
     * itself stands for 2.
     *
     * @return 0 if all are ok, 1 if a case failed
     */
    public int exitStatus() {
      return ok() ? 0 : 1;
    }
  }

  private final RequestFile file;
  private final Form form;
  private final List<String> globs;
  private final String device;
  private final CompositeRegistry registry;
  private final Provenance sidecars;
  private final Listener listener;

  private RequestRunner(
      RequestFile file,
      Form form,
      List<String> globs,
      String device,
      CompositeRegistry registry,
      Provenance sidecars,
      Listener listener) {
    this.file = file;
    this.form = form;
    this.globs = globs;
    this.device = device;
    this.registry = registry;
    this.sidecars = sidecars;
    this.listener = listener;
  }

  /**
   * Runs all cases on the CPU, scripted where there is a scripted model, else traced, else
   * exported.
   *
   * @param file what to run
   * @return the runner
   */
  public static RequestRunner of(RequestFile file) {
    return new RequestRunner(
        file,
        null,
        List.of(),
        "cpu",
        CompositeRegistry.standard(),
        null,
        (id, result, done, total) -> {});
  }

  /**
   * Demands a form; cases whose model has no such file fail.
   *
   * @param value the form, null for scripted, else traced, else exported
   * @return a new runner
   */
  public RequestRunner withForm(Form value) {
    return new RequestRunner(file, value, globs, device, registry, sidecars, listener);
  }

  /**
   * Chooses cases.
   *
   * @param value patterns of ids, in which {@code *} stands for any text; none for all cases
   * @return a new runner
   */
  public RequestRunner withCases(List<String> value) {
    return new RequestRunner(file, form, List.copyOf(value), device, registry, sidecars, listener);
  }

  /**
   * Chooses where models run.
   *
   * @param value {@code cpu}, {@code cuda} or {@code cuda:N}
   * @return a new runner
   */
  public RequestRunner withDevice(String value) {
    return new RequestRunner(file, form, globs, value, registry, sidecars, listener);
  }

  /**
   * Chooses which named composites there are.
   *
   * @param value knows the composites of type {@code named}
   * @return a new runner
   */
  public RequestRunner withRegistry(CompositeRegistry value) {
    return new RequestRunner(file, form, globs, device, value, sidecars, listener);
  }

  /**
   * Lets every case that worked leave {@code sidecar.json}: the provenance given here, the model's
   * and the data's SHA-256, warnings, and the case itself, such that the file is one of requests
   * with that one case, which can be run again where it lies.
   *
   * @param value what all cases have in common; null for no sidecars
   * @return a new runner
   */
  public RequestRunner withSidecars(Provenance value) {
    return new RequestRunner(file, form, globs, device, registry, value, listener);
  }

  /**
   * Chooses who hears about progress.
   *
   * @param value hears about every case
   * @return a new runner
   */
  public RequestRunner withListener(Listener value) {
    return new RequestRunner(file, form, globs, device, registry, sidecars, value);
  }

  /**
   * Runs the cases, one after the other.
   *
   * @param output the folder of the results; made if it does not exist
   * @return how they ended, as {@code summary.json} says too
   * @throws RequestException if no case matches, or the output cannot be written at all
   */
  public Summary run(Path output) {
    List<RequestFile.Case> cases = file.select(globs);
    Path summary = output.resolve(SUMMARY);
    Set<Path> sources = file.sources();
    try {
      for (Path source : sources) {
        if (Files.exists(summary) && Files.isSameFile(summary, source)) {
          throw new RequestException(
              Npy.printable("the summary would overwrite " + source + "; choose another folder"));
        }
      }
      Files.createDirectories(output);
      Files.deleteIfExists(summary);
    } catch (IOException e) {
      throw new RequestException(
          Npy.printable("cannot write into " + output + ": " + Npy.reason(e)), e);
    }
    Map<String, String> results = new LinkedHashMap<>();
    try (ModelCache models = new ModelCache()) {
      CaseRunner runner = new CaseRunner(file, form, device, registry, sidecars, models);
      for (RequestFile.Case one : cases) {
        String result = run(runner, one, output, sources);
        results.put(one.id(), result);
        listener.onCase(one.id(), result, results.size(), cases.size());
      }
    }
    CaseFolder.write(summary, CaseFolder.pretty(json(results)));
    return new Summary(java.util.Collections.unmodifiableMap(results));
  }

  private String run(CaseRunner runner, RequestFile.Case one, Path output, Set<Path> sources) {
    CaseFolder folder;
    try {
      folder = new CaseFolder(output, one.id());
    } catch (InvalidPathException e) {
      return Npy.printable("the id is no name for a folder: " + e.getReason());
    }
    try {
      folder.protect(sources);
    } catch (RequestException e) {
      return message(e);
    }
    try {
      folder.clear();
      List<String> notes = runner.run(one.json(), folder);
      if (!notes.isEmpty()) {
        listener.onNotes(one.id(), notes);
      }
      return "ok";
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      String message = message(e);
      try {
        folder.clear();
        folder.error(message);
      } catch (RequestException unwritable) {
        // The summary says what the file cannot.
      }
      return message;
    }
  }

  /** One line that says what went wrong. */
  private static String message(Throwable e) {
    String text = e.getMessage() == null ? "" : e.getMessage().strip();
    if (!(e instanceof org.zennit4j.bindings.Zennit4jException)) {
      text = e.getClass().getSimpleName() + ": " + text.lines().findFirst().orElse("");
    }
    return Npy.printable(text);
  }

  private static JsonNode json(Map<String, String> results) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    results.forEach(json::put);
    return json;
  }
}
