/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.lang.reflect.Method;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** The devices of a {@link DeviceTest}: skips those that this machine does not have. */
public final class TestDevices implements InvocationInterceptor {
  /** Called by JUnit. */
  public TestDevices() {}

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> call,
      ExtensionContext context)
      throws Throwable {
    if (String.valueOf(call.getArguments().get(0)).startsWith("cuda")) {
      NativeLibraries.load();
      if (!torch.cuda_is_available()) {
        invocation.skip();
        Assumptions.abort("skipped: there is no CUDA device here");
      }
    }
    invocation.proceed();
  }

  /**
   * Copies a tensor.
   *
   * @param tensor a tensor of any device
   * @param device the name of another
   * @return the copy, in the caller's scope
   */
  public static Tensor on(Tensor tensor, String device) {
    return tensor.to(new Device(device), tensor.scalar_type());
  }
}
