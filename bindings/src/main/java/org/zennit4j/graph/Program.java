/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.Uses;
import org.zennit4j.graph.ir.Definition;

/**
 * What a model computes: its layers and their calls, ready to be executed operator by operator.
 *
 * <p>Each call of a module, each functional operator is a {@link Region} of its own, so that a
 * module that is used twice keeps its calls apart. Before canonizers, the outputs are bit-equal to
 * those of the module's own forward.
 *
 * <p>Immutable and thread-safe. {@link #edit()} makes changed programs; these share what is
 * unchanged and own the rest. Owned by who applied the editor, who closes it when it is no longer
 * needed; a plan closes the one that its canonizers made, a model its own.
 */
public final class Program implements AutoCloseable {
  private final Definition definition;
  private final Uses uses;
  private final List<Layer> layers;
  private final List<Layer> functionalLayers;
  private final List<Layer> innerLayers;
  private final List<Region> regions;
  private final Map<Integer, Region> byId;
  private final Region root;
  private final Map<String, Set<String>> derivedTypes;
  private volatile Lookups lookups;
  private final List<Program> companions = new java.util.concurrent.CopyOnWriteArrayList<>();

  /**
   * Makes a program; for front ends and for the editor.
   *
   * @param definition what a front end read, or a rewriting made
   * @param free frees what only this program uses, once nobody is inside any more
   * @param base the program whose constants this one shares, which stays until then; or null
   */
  @SuppressWarnings("exports")
  public Program(Definition definition, Runnable free, Program base) {
    this.definition = definition;
    RegionFinder finder =
        new RegionFinder(
            definition.modules(),
            new Signs(definition.entry()),
            base == null ? Map.of() : base.derivedTypes);
    finder.find(definition.entry());
    this.derivedTypes = finder.derivedTypes();
    this.layers = finder.layers();
    this.functionalLayers = finder.functionalLayers();
    this.innerLayers = finder.innerLayers();
    this.regions = finder.regions();
    this.byId = new HashMap<>();
    for (Region region : regions) {
      byId.put(region.id(), region);
    }
    this.root = regions.get(0);
    if (base != null) {
      base.uses.enter();
    }
    this.uses =
        new Uses(
            "the program was closed; load the model again, or keep the plan open while it is used",
            () -> {
              free.run();
              if (base != null) {
                base.uses.leave();
              }
            },
            base == null ? Leaks.none() : Leaks.of(this, "a canonized program"));
  }

  /**
   * The modules of the model, in the order of registration, depth first, containers and the root
   * included, each shared module once under its first name; sums that a canonizer made stand after
   * the modules of their parent.
   *
   * @return the layers, called or not
   */
  public List<Layer> layers() {
    return layers;
  }

  /**
   * The operators that no module with a type stands for, in the order of execution.
   *
   * @return the functional layers
   */
  public List<Layer> functionalLayers() {
    return functionalLayers;
  }

  /**
   * The operators for which a module with a type stands, in the order of execution. They are layers
   * only where their module has no rule, and only to composites that ask for them.
   *
   * @return such as the {@code batch_norm} of a batch normalisation
   */
  public List<Layer> innerLayers() {
    return innerLayers;
  }

  /**
   * All call sites, in the order in which they are first reached: module calls and operators.
   *
   * @return the regions, the root's call first
   */
  public List<Region> regions() {
    return regions;
  }

  /**
   * The call sites of a layer.
   *
   * @param layer a layer of this program
   * @return its regions, none for a module that is never called
   */
  public List<Region> regions(Layer layer) {
    return regions.stream().filter(r -> r.layer() == layer).toList();
  }

  /**
   * Finds a layer by name.
   *
   * @param name a module path or the name of a functional layer
   * @return the layer, or empty
   */
  public Optional<Layer> layer(String name) {
    for (Layer layer : layers) {
      if (layer.name().equals(name)) {
        return Optional.of(layer);
      }
    }
    return functionalLayers.stream().filter(l -> l.name().equals(name)).findFirst();
  }

  /**
   * Follows values from the operators that make them to those that use them.
   *
   * @return the data flow of this program
   */
  public DataFlow dataFlow() {
    return new DataFlow(this);
  }

  /**
   * Finds where vectors are looked up by integer inputs, such as token ids.
   *
   * @return what looks them up, and by which inputs
   */
  public Lookups lookups() {
    Lookups found = lookups;
    if (found == null) {
      found = Lookups.of(this);
      lookups = found;
    }
    return found;
  }

  /**
   * Begins a change.
   *
   * @return an editor of this program
   */
  public ProgramEditor edit() {
    checkOpen();
    return new ProgramEditor(this);
  }

  /**
   * The number of tensors that the model takes.
   *
   * @return the number of arguments of forward
   */
  public int inputs() {
    return definition.entry().in.length;
  }

  /**
   * Whether operators write into memory that others may see, so that copies are taken.
   *
   * @return false for nearly all models: those whose writes are out-of-place twins here
   */
  public boolean writesInPlace() {
    return definition.writesInPlace();
  }

  /**
   * Lets this program close another one with itself: the one that it was made from.
   *
   * @param other a program that this one shares tensors with
   * @return this
   */
  public Program owning(Program other) {
    companions.add(other);
    return this;
  }

  /**
   * The instructions, for those that run or rewrite them.
   *
   * @return as a front end or an editor made it
   */
  @SuppressWarnings("exports")
  public Definition definition() {
    return definition;
  }

  /**
   * The call site with a number.
   *
   * @param id as {@link Region#id()}
   * @return the region, or null if there is none
   */
  public Region region(int id) {
    return byId.get(id);
  }

  /**
   * How many dimensions the first argument of a call has, where {@link
   * ProgramEditor#noteDimensions} said so.
   *
   * @param region a call of this program
   * @return the number with the batch dimension; empty if it is not known before the program runs
   */
  public OptionalInt dimensions(Region region) {
    Integer count = definition.dimensions().get(region.id());
    return count == null ? OptionalInt.empty() : OptionalInt.of(count);
  }

  /**
   * The call of the whole model.
   *
   * @return the first of {@link #regions()}
   */
  public Region root() {
    return root;
  }

  /**
   * Refuses to go on with a closed program.
   *
   * @throws ClosedException after {@link #close()}
   */
  public void checkOpen() {
    uses.check();
  }

  /**
   * Who runs this program.
   *
   * @return the passes that are inside
   */
  @SuppressWarnings("exports")
  public Uses uses() {
    return uses;
  }

  /**
   * Frees the tensors that this program made, as soon as no pass runs it any more; those that it
   * shares stay. New passes are refused at once.
   */
  @Override
  public void close() {
    if (uses.close()) {
      companions.forEach(Program::close);
    }
  }
}
