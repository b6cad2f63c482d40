/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import java.util.Set;

/**
 * A module of a model, as registered.
 *
 * @param name the path, "" for the root
 * @param className without prefix and mangling
 * @param parameters names of its own parameters
 * @param leaf whether it has no children
 * @param types types that the user gave to the class, or null
 */
public record ModuleEntry(
    String name, String className, List<String> parameters, boolean leaf, Set<String> types) {}
