/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;

/**
 * What a forked JVM runs: threads that compute plain gradients, whose backward pass is one native
 * call of many milliseconds, until the process ends in the way that the first argument names.
 */
final class EndingProcess {
  private EndingProcess() {}

  @SuppressWarnings("SystemOut")
  public static void main(String[] args) throws InterruptedException {
    LibTorch.load();
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    Conv same = Conv.PLAIN.withPadding(1);
    ScriptModel model =
        ScriptModel.of(
            b.sequential(
                b.conv(2, 3, 32, 3, same),
                b.relu(),
                b.conv(2, 32, 32, 3, same),
                b.relu(),
                b.conv(2, 32, 32, 3, same),
                b.adaptiveAvgPool(2, 1),
                b.flatten(),
                b.linear(32, 10)));
    Tensor x = torch.rand(48, 3, 112, 112);
    CountDownLatch inside = new CountDownLatch(2);
    for (int i = 0; i < 2; i++) {
      Thread thread = new Thread(() -> gradients(model, x, inside, args[0]), "gradients");
      thread.setDaemon(true);
      thread.start();
    }
    inside.await();
    System.out.println("ready");
    if (args[0].equals("exit")) {
      TimeUnit.MILLISECONDS.sleep(Long.parseLong(args[1]));
      System.exit(7);
    } else if (args[0].equals("return")) {
      TimeUnit.MILLISECONDS.sleep(Long.parseLong(args[1]));
    } else {
      TimeUnit.MINUTES.sleep(1);
    }
  }

  private static void gradients(ScriptModel model, Tensor x, CountDownLatch inside, String how) {
    int passes = 0;
    while (true) {
      LayerFunction leaving =
          (call, relevances) -> {
            System.exit(7);
            return call.gradient(relevances);
          };
      boolean leave = how.equals("inside") && passes == 2;
      Map<Integer, LayerFunction> functions =
          leave ? Map.of(model.program().regions().get(1).id(), leaving) : Map.of();
      try (PointerScope scope = new PointerScope();
          Propagation pass =
              new Propagation(model.program(), functions, PropagationOptions.defaults())) {
        List<Tensor> y = pass.record(List.of(x));
        pass.backward(List.of(torch.ones_like(y.get(0))));
      }
      passes++;
      inside.countDown();
    }
  }
}
