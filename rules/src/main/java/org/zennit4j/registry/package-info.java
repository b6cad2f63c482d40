/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What has a name in requests and on the command line: entries with their arguments, and registries
 * of them. Everything here is immutable and thread-safe; nothing holds native memory of its own.
 */
package org.zennit4j.registry;
