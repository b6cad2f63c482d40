/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.Map;
import org.zennit4j.composites.Composite;

/**
 * A composite and how it is named.
 *
 * @param title for pictures
 * @param composite the composite
 * @param json how a request would say it
 * @param arrays the values of arrays that the request names
 */
record CompositeChoice(
    String title, Composite composite, Object json, Map<String, Object> arrays) {}
