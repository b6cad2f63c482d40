/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.ForkedJvm;

/** A short run of {@link Soak}; the property soak.seconds makes it longer. */
@EnabledOnOs(OS.LINUX)
class SoakTests {
  @TempDir Path folder;

  @Test
  void memoryObjectsAndFilesStayEven() throws Exception {
    List<String> options =
        List.of(
            "-Xmx256m",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
            "-XX:ErrorFile=" + folder.resolve("hs_err_%p.log"));
    String seconds = System.getProperty("soak.seconds", "45");
    Process process =
        ForkedJvm.of(Soak.class, options, seconds, "4", "1", folder.toString()).start();
    String output;
    try {
      output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } finally {
      process.destroy();
    }
    System.out.println(output);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("soak: even");
  }
}
