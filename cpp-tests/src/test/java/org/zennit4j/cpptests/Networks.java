/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cpptests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.testing.SeededWeights;

/** torchvision's networks with seeded weights, and the composites that both sides run on them. */
final class Networks {
  static final List<String> NAMES = List.of("vgg16", "resnet50");

  static final List<String> COMPOSITES =
      List.of(
          "gradient",
          "epsilon_plus",
          "epsilon_plus_flat",
          "epsilon_alpha2_beta1",
          "epsilon_alpha2_beta1_flat",
          "epsilon_gamma_box",
          "excitation_backprop",
          "guided_backprop",
          "deconvnet",
          "beta_smooth");

  static final Path RESOURCES =
      Path.of("../requests/src/test/resources").toAbsolutePath().normalize();

  private static final ObjectMapper JSON = new ObjectMapper();

  private Networks() {}

  /** Saves a network with weights; the same every time. */
  static void save(String name, Path file) {
    LibTorch.load();
    Path skeleton = RESOURCES.resolve("skeletons").resolve(name + ".scripted.pt");
    try (PointerScope scope = new PointerScope()) {
      JitModule module =
          torch.load(skeleton.toString(), new DeviceOptional(new Device("cpu")), true);
      SeededWeights.fill(module, 1);
      module.save(file.toString());
    }
  }

  /** Saves a batch of normal numbers, three channels of size x size each. */
  static void saveInput(int batch, int size, Path file) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      Npy.write(file, NdArray.of(SeededWeights.normal(2, ScalarType.Float, batch, 3, size, size)));
    }
  }

  /**
   * A composite as JSON, with the canonizers that the C++ side has built in; "gradient" has no
   * rules.
   */
  static ObjectNode composite(String network, String name) {
    ObjectNode json = JSON.createObjectNode();
    if (name.equals("gradient")) {
      json.put("type", "layer_map").putArray("layer_map");
    } else {
      json.put("type", "named").put("name", name);
    }
    if (name.equals("epsilon_gamma_box")) {
      json.putObject("args").put("low", -3.0).put("high", 3.0);
    }
    if (network.startsWith("resnet")) {
      json.putArray("canonizers")
          .add(JSON.createObjectNode().put("type", "merge_batch_norm"))
          .add(JSON.createObjectNode().put("type", "residual_sum"));
    }
    return json;
  }
}
