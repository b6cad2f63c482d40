/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.ForkedJvm;

/** The command line as a process of its own. */
class LauncherTests {
  @TempDir Path folder;

  private Session fork(String... args) throws IOException, InterruptedException {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    Process process =
        ForkedJvm.of(Main.class, List.of("-D" + Home.PROPERTY + "=" + Session.ROOT), args)
            .redirectErrorStream(false)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    return new Session(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  @Test
  void theHeatmapGoesIntoTheCurrentFolder() throws Exception {
    Session run = fork("explain", Session.photo("rocket.jpg").toString(), "--overlay", "0.5").ok();
    assertThat(run.out()).contains("657 missile", "heatmap: rocket.heatmap.png");
    assertThat(folder.resolve("rocket.heatmap.png")).exists();
  }

  @Test
  void theExitStatusReachesTheShell() throws Exception {
    fork("inspect", "none.pt").fails(1, "none.pt: no such file");
    fork("inspect").fails(2, "MODEL.pt");
  }
}
