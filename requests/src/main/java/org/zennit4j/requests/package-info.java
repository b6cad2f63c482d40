/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * JSON in, arrays out: {@link org.zennit4j.requests.CompositeReader} and {@link
 * org.zennit4j.requests.CompositeWriter} turn composites into data and back, {@link
 * org.zennit4j.requests.RequestRunner} runs whole files of requests, {@link
 * org.zennit4j.requests.Npy} and {@link org.zennit4j.requests.Npz} read and write NumPy's files
 * without NumPy. Every failure is a {@link org.zennit4j.requests.RequestException} of one line.
 */
package org.zennit4j.requests;
