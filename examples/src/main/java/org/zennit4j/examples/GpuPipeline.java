/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.PlanPool;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/**
 * Photographs in, heatmaps out, in batches, on all devices: bytes go up, one map for each
 * photograph comes down, and everything between stays on the device.
 */
public final class GpuPipeline {
  private static final Preprocessing PREPROCESSING = Preprocessing.EFFICIENTNET_LITE0;

  private GpuPipeline() {}

  /** What comes down: a class for each photograph, and one number for each pixel. */
  record Result(Tensor classes, Tensor maps) {}

  /** The devices to run on: all GPUs, else the CPU. */
  static List<String> devices() {
    List<String> all = Devices.available();
    return all.size() > 1 ? all.subList(1, all.size()) : all;
  }

  /** Files are decoded on the host, resized and cropped; they stay bytes, a quarter of floats. */
  static Tensor decode(List<Path> batch) {
    TensorVector bytes = new TensorVector();
    for (Path file : batch) {
      bytes.push_back(PREPROCESSING.photo(RgbImage.read(file)).toTensor().unsqueeze(0));
    }
    return torch.cat(bytes, 0);
  }

  /**
   * Copies to a device. From pinned memory the copy runs beside what the device does meanwhile:
   * nobody waits for it.
   */
  static Tensor upload(Tensor bytes, Device device) {
    Tensor source = device.is_cuda() ? bytes.pin_memory() : bytes;
    return source.to(device, ScalarType.Byte, device.is_cuda(), false, new MemoryFormatOptional());
  }

  /** (v / 255 - 0.5) / 0.5, and from (N,H,W,C) to (N,C,H,W). */
  static Tensor normalize(Tensor bytes, ScalarType dtype) {
    return bytes
        .permute(0, 3, 1, 2)
        .to(dtype)
        .div(new Scalar(PREPROCESSING.divisor()))
        .sub(new Scalar(PREPROCESSING.mean()[0]))
        .div(new Scalar(PREPROCESSING.deviation()[0]))
        .contiguous();
  }

  /** Sums over the channels, scaled to [-1,1] for each photograph. */
  static Tensor reduce(Tensor relevance) {
    Tensor map = relevance.sum(1);
    Tensor largest = map.abs().amax(new long[] {1, 2}, true);
    return map.div(largest.clamp_min(new Scalar(1e-30)));
  }

  static Result explain(Plan plan, Tensor bytes) {
    Device device = Devices.of(plan.model().device());
    Tensor input = normalize(upload(bytes, device), plan.model().dtype());
    try (Attribution a = new Gradient(plan).attribute(input, Target.top1())) {
      // The only waits for the device: two small tensors.
      Tensor classes = a.output().argmax(new LongOptional(1), false);
      return new Result(classes.cpu(), reduce(a.relevance()).cpu());
    }
  }

  /** One batch, from files to files, in one scope of the thread that does it. */
  static String run(PlanPool pool, List<Path> batch, Path folder) {
    try (PointerScope scope = new PointerScope()) {
      Tensor bytes = decode(batch);
      Result result = pool.call(plan -> explain(plan, bytes));
      for (int i = 0; i < batch.size(); i++) {
        String name = batch.get(i).getFileName().toString();
        Heatmap.of(result.maps().narrow(0, i, 1))
            .picture()
            .writePng(folder.resolve(name.substring(0, name.lastIndexOf('.')) + ".png"));
      }
      long[] classes = new long[batch.size()];
      for (int i = 0; i < classes.length; i++) {
        classes[i] = result.classes().select(0, i).item_long();
      }
      return "classes " + Arrays.toString(classes);
    }
  }

  /**
   * Writes a heatmap for each photograph.
   *
   * @param args model, folder to write into, number of photographs in a batch, photographs
   * @throws Exception if a batch fails
   */
  public static void main(String[] args) throws Exception {
    LibTorch.load();
    Path folder = Files.createDirectories(Path.of(args[1]));
    int size = Integer.parseInt(args[2]);
    List<Path> photos = Arrays.stream(args).skip(3).map(Path::of).toList();
    List<String> devices = devices();
    System.out.println("devices " + devices);
    // Two threads for each device: one decodes while the other's batch is computed.
    ExecutorService threads = Executors.newFixedThreadPool(2 * devices.size());
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]));
        PlanPool pool =
            PlanPool.of(
                model,
                Composites.epsilonPlusFlat()
                    .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum()),
                devices,
                2 * devices.size())) {
      List<Future<String>> results = new ArrayList<>();
      for (int from = 0; from < photos.size(); from += size) {
        List<Path> batch = photos.subList(from, Math.min(photos.size(), from + size));
        results.add(threads.submit(() -> run(pool, batch, folder)));
      }
      for (Future<String> result : results) {
        System.out.println(result.get());
      }
    } finally {
      threads.shutdown();
    }
  }
}
