/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Pages of HTML that need no server and no network: everything that they show is in the one file.
 * They work with a keyboard and with a screen reader, in light and in dark. Every text is escaped.
 */
package org.zennit4j.pages;
