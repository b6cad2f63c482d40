/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * The instructions of a program: what a front end writes, the editor rewrites and the interpreter
 * runs. Not for users.
 */
package org.zennit4j.graph.ir;
