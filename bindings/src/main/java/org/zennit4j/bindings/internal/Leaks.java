/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.lang.System.Logger.Level;
import java.lang.ref.Cleaner;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.zennit4j.bindings.ClosedException;

/**
 * Finds out who forgot to close something, and who closed what is still used. The system property
 * {@code org.zennit4j.leaks} says how much is written down:
 *
 * <ul>
 *   <li>{@code off}, the default: nothing;
 *   <li>{@code simple}: the line of the application that made an object, and the line that closed
 *       it; a few microseconds for each object;
 *   <li>{@code paranoid}: the whole stacks; what is still open at the end of the process is
 *       reported too.
 * </ul>
 *
 * <p>Reports go to the system logger {@code org.zennit4j.leaks} as warnings, when the collector
 * finds an object that was never closed.
 */
public final class Leaks {
  /** How much is written down. */
  enum Mode {
    OFF,
    SIMPLE,
    PARANOID
  }

  private static final String PROPERTY = "org.zennit4j.leaks";
  private static final System.Logger LOG = System.getLogger(PROPERTY);
  private static final Mode MODE = mode(System.getProperty(PROPERTY, "off"));
  private static final Cleaner CLEANER = MODE == Mode.OFF ? null : Cleaner.create();
  private static final Trace UNTRACED = new Trace(null, null);
  private static final Set<Trace> OPEN = ConcurrentHashMap.newKeySet();

  /** Packages whose frames tell an application nothing. */
  private static final List<String> OURS =
      List.of(
          "org.zennit4j.bindings.",
          "org.zennit4j.registry.",
          "org.zennit4j.rules.",
          "org.zennit4j.composites.",
          "org.zennit4j.attribution.",
          "org.zennit4j.diagnosis.",
          "org.zennit4j.analyzers.",
          "org.zennit4j.images.",
          "org.zennit4j.requests.",
          "org.zennit4j.datasets.",
          "java.");

  static {
    if (MODE == Mode.PARANOID) {
      Runtime.getRuntime().addShutdownHook(new Thread(Leaks::reportOpen, "zennit4j-leaks"));
    }
  }

  private Leaks() {}

  private static Mode mode(String text) {
    try {
      return Mode.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      LOG.log(
          Level.WARNING,
          "the property {0} must be off, simple or paranoid, not ''{1}''",
          PROPERTY,
          text);
      return Mode.OFF;
    }
  }

  /** The life of one object, as far as it is written down. Thread-safe. */
  public static final class Trace {
    private final String what;
    private final Place made;
    private volatile Place closed;

    private Trace(String what, Place made) {
      this.what = what;
      this.made = made;
    }

    /** Notes that the object is closed, here. Only the first time counts. */
    public void close() {
      if (what != null && closed == null) {
        closed = Place.here("closed");
        OPEN.remove(this);
      }
    }

    /**
     * What someone is told that uses the object after its close.
     *
     * @param message what is wrong
     * @return an exception that names the place of the close if that is known
     */
    public ClosedException refusal(String message) {
      Place place = closed;
      return place == null
          ? new ClosedException(message)
          : new ClosedException(message + "; it was closed at " + place.line, place.stack);
    }

    /** Runs when the object was collected; the trace must not refer to it. */
    private void collected() {
      if (closed == null) {
        OPEN.remove(this);
        report(what + " was never closed; it was made at " + made.line, made.stack);
      }
    }
  }

  /** Where something happened; the stack is null unless whole stacks are wanted. */
  private record Place(String line, Throwable stack) {
    static Place here(String what) {
      String line =
          StackWalker.getInstance()
              .walk(
                  frames ->
                      frames
                          .filter(f -> OURS.stream().noneMatch(f.getClassName()::startsWith))
                          .findFirst()
                          .map(f -> f.toStackTraceElement().toString())
                          .orElse("a place within the library"));
      return new Place(line, MODE == Mode.PARANOID ? new Throwable(what + " here") : null);
    }
  }

  /**
   * Begins to watch an object.
   *
   * @param owner an object that its maker has to close
   * @param what names it, such as {@code "the plan of model.pt"}
   * @return what the object tells of its close
   */
  public static Trace of(Object owner, String what) {
    if (MODE == Mode.OFF) {
      return UNTRACED;
    }
    Trace trace = new Trace(what, Place.here("made"));
    if (MODE == Mode.PARANOID) {
      OPEN.add(trace);
    }
    CLEANER.register(owner, trace::collected);
    return trace;
  }

  /**
   * For an object that somebody else closes.
   *
   * @return a trace that writes nothing down
   */
  public static Trace none() {
    return UNTRACED;
  }

  /** To the standard error, since logging has an end of its own then. */
  private static void reportOpen() {
    for (Trace trace : OPEN) {
      System.err.println(
          trace.what
              + " is still open at the end of the process; it was made at "
              + trace.made.line);
    }
  }

  private static void report(String message, Throwable stack) {
    if (stack == null) {
      LOG.log(Level.WARNING, message);
    } else {
      LOG.log(Level.WARNING, message, stack);
    }
  }
}
