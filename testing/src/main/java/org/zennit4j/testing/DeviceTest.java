/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A test with the name of a device as its parameter: it runs on the CPU, and on {@code cuda:0}
 * where CUDA is present; elsewhere that run is skipped and says so. Tagged {@code gpu}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@Tag("gpu")
@ParameterizedTest(name = "on {0}")
@ValueSource(strings = {"cpu", "cuda:0"})
@ExtendWith(TestDevices.class)
public @interface DeviceTest {}
