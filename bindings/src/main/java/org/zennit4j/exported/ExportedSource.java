/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NativeMessage;
import org.zennit4j.graph.ir.ModelSource;
import org.zennit4j.graph.ir.TensorCast;

/** The torch.export front end's view of a file: its program and its tensors. */
public final class ExportedSource implements ModelSource {
  private final String name;
  private final ExportedGraph graph;
  private final ExportedTensors tensors;
  private int uses;

  private ExportedSource(String name, ExportedGraph graph, ExportedTensors tensors) {
    this.name = name;
    this.graph = graph;
    this.tensors = tensors;
  }

  /**
   * Reads a file to its end; it may be deleted afterwards.
   *
   * @param name the file's name for messages
   */
  public static ExportedSource read(Path file, String name) {
    try (ExportedArchive archive = ExportedArchive.open(file)) {
      ExportedGraph graph = new ExportedGraph(archive.program());
      return new ExportedSource(name, graph, ExportedTensors.read(archive));
    } catch (IOException e) {
      throw new ModelLoadException(name + ": the file cannot be read: " + e.getMessage(), e);
    } catch (ModelLoadException | UnsupportedOperatorException e) {
      throw named(name, e);
    } catch (RuntimeException e) {
      throw new ModelLoadException(
          name + ": the model cannot be read: " + NativeMessage.firstLine(e), e);
    }
  }

  private static Zennit4jException named(String name, Zennit4jException e) {
    String message = name + ": " + e.getMessage();
    return e instanceof UnsupportedOperatorException
        ? new UnsupportedOperatorException(message, e)
        : new ModelLoadException(message, e);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String format() {
    return "torch.export";
  }

  /** That of the first floating parameter, else buffer, else input. */
  @Override
  public ScalarType storedDtype() {
    ScalarType found = null;
    for (ExportedGraph.Role role : ExportedGraph.Role.values()) {
      for (ExportedGraph.Input input : graph.inputs()) {
        ExportedTensors.Stored stored = tensors.get(input.target());
        ExportedGraph.Meta meta = graph.metas().get(input.name());
        ScalarType type =
            stored != null
                ? stored.tensor().scalar_type().intern()
                : meta == null ? null : meta.dtype();
        boolean floating =
            type == ScalarType.Float
                || type == ScalarType.Double
                || type == ScalarType.Half
                || type == ScalarType.BFloat16;
        if (found == null && input.role() == role && floating) {
          found = type;
        }
      }
    }
    return found;
  }

  /** The mode is written into the operators, not beside them. */
  @Override
  public boolean isTraining() {
    return false;
  }

  @Override
  public Compiled compile(TensorCast cast, LoadOptions options) {
    try {
      return new ExportedCompiler(graph, tensors, cast, options).compile();
    } catch (ModelLoadException | UnsupportedOperatorException e) {
      throw named(name, e);
    }
  }

  @Override
  public synchronized void retain() {
    uses++;
  }

  @Override
  public synchronized void release() {
    if (--uses == 0) {
      tensors.close();
    }
  }
}
