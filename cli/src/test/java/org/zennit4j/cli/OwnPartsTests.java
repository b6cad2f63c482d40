/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

/** The example's rule and canonizer, compiled into a folder of their own as a user's would be. */
class OwnPartsTests {
  private static final Path EXAMPLES = Session.ROOT.resolve("examples/src/main");

  @TempDir private Path folder;

  @Test
  void rulesAndCanonizersOnTheClassPathHaveNames() throws Exception {
    Path classes = folder.resolve("classes");
    Path services = classes.resolve("META-INF/services");
    Files.createDirectories(services);
    try (Stream<Path> files = Files.list(EXAMPLES.resolve("resources/META-INF/services"))) {
      for (Path file : files.toList()) {
        Files.copy(file, services.resolve(file.getFileName()));
      }
    }
    String classPath =
        Stream.of("java.class.path", "jdk.module.path")
            .map(System::getProperty)
            .filter(Objects::nonNull)
            .collect(Collectors.joining(File.pathSeparator));
    int compiled =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-d",
                classes.toString(),
                "-cp",
                classPath,
                EXAMPLES.resolve("java/org/zennit4j/examples/OwnParts.java").toString());
    assertThat(compiled).isZero();
    Files.copy(Session.model("ecg_cnn.pt"), folder.resolve("ecg.pt"));
    float[] values = new float[256];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 7 - 3;
    }
    Npy.write(folder.resolve("x.npy"), NdArray.ofFloats(values, 1, 1, 256));
    Path requests = folder.resolve("requests.json");
    Files.writeString(
        requests,
        """
        {"models": {"ecg": {"scripted": null, "traced": "ecg.pt"}},
         "cases": [
          {"id": "own", "model": "ecg", "dtype": "float32", "inputs": ["x.npy"],
           "target": {"classes": [1]}, "attributor": {"type": "gradient"},
           "composite": {"type": "layer_map",
            "canonizers": [{"type": "without", "module": "torch.nn.Dropout"}],
            "layer_map": [[["Convolution"], {"rule": "own_gamma", "gamma": 0.5}]]}}]}
        """);

    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      assertThat(Session.of("rules").ok().out())
          .contains("own_gamma", "gamma for inputs that are never negative (gamma)");
      assertThat(Session.of("composites").ok().out()).contains("without");
      Session.of("run", requests, "--output", folder.resolve("out")).ok();
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
    assertThat(folder.resolve("out/own/relevance.0.npy")).exists();
    assertThat(Session.of("rules").ok().out()).doesNotContain("own_gamma");
  }
}
