/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.images.Panels;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Checks the installation. */
@Command(
    name = "doctor",
    description = "Shows versions, native libraries and caches, and checks that all parts work.",
    footerHeading = "%nExamples:%n",
    footer = {"  zennit4j doctor"})
final class DoctorCommand implements Callable<Integer> {
  private interface Check {
    String run();
  }

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions loading;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    out.println("zennit4j: " + Version.own());
    out.println("home: " + System.getProperty(Home.PROPERTY, "not set"));
    out.println(
        "memory for Java: "
            + (Runtime.getRuntime().maxMemory() >> 20)
            + " MiB, encoding "
            + Charset.defaultCharset());
    LibTorch.report().forEach(out::println);
    out.println(Version.FORMATS);
    boolean well = check(out, "bundled model", this::explainNothing);
    well &= check(out, "fonts for --compare", DoctorCommand::drawTitle);
    if (well) {
      out.println("all is well");
    }
    return well ? 0 : 1;
  }

  private static boolean check(PrintWriter out, String what, Check check) {
    try {
      out.println(what + ": " + check.run());
      return true;
    } catch (RuntimeException | LinkageError e) {
      out.println(what + ": FAILED: " + Messages.of(e));
      return false;
    }
  }

  private String explainNothing() {
    try (ScriptModel model = loading.load(Home.model(), false);
        PointerScope scope = new PointerScope()) {
      Tensor input = ModelOptions.fitting(torch.zeros(1, 3, 224, 224), model);
      List<Tensor> output = model.run(input);
      return "runs, " + output.get(0).size(1) + " classes";
    }
  }

  private static String drawTitle() {
    Panels.empty().with("title", RgbImage.of(1, 1, new byte[3])).draw();
    return "found";
  }
}
