/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;

/**
 * What is judged: the maps of a batch, and what is needed to judge them. Immutable; all tensors
 * belong to the caller and must stay open as long as it is used.
 */
public final class Subject {
  private final Scorer scorer;
  private final Tensor inputs;
  private final int[] classes;
  private final Tensor maps;
  private final Tensor masks;
  private final Tensor segments;
  private final Maps explainer;
  private final ScriptModel model;
  private final Method method;

  private Subject(
      Scorer scorer,
      Tensor inputs,
      int[] classes,
      Tensor maps,
      Tensor masks,
      Tensor segments,
      Maps explainer,
      ScriptModel model,
      Method method) {
    this.scorer = scorer;
    this.inputs = inputs;
    this.classes = classes;
    this.maps = maps;
    this.masks = masks;
    this.segments = segments;
    this.explainer = explainer;
    this.model = model;
    this.method = method;
  }

  /**
   * Begins with what every metric needs.
   *
   * @param scorer the network
   * @param inputs of shape (n, features) or (n, channels, space...)
   * @param classes what was explained, one for each sample
   * @param maps of the inputs' shape, or with one channel, or without the axis of channels
   * @return a subject
   * @throws ShapeException if the shapes do not fit each other
   */
  public static Subject of(Scorer scorer, Tensor inputs, int[] classes, Tensor maps) {
    if (inputs.dim() < 2) {
      throw new ShapeException(
          "metrics need inputs of shape (batch, features) or (batch, channels, space...), not "
              + Arrays.toString(inputs.shape()));
    }
    if (classes.length != inputs.size(0)) {
      throw new ShapeException(classes.length + " classes for " + inputs.size(0) + " samples");
    }
    Tensor fitting = withChannels(maps, inputs, "the maps have");
    return new Subject(scorer, inputs, classes.clone(), fitting, null, null, null, null, null);
  }

  /** A map with an axis of channels, one or as many as the input has. */
  private static Tensor withChannels(Tensor maps, Tensor inputs, String what) {
    long[] wanted = inputs.shape();
    long[] found = maps.shape();
    if (Arrays.equals(found, wanted)) {
      return maps;
    }
    long[] one = wanted.clone();
    if (wanted.length > 2) {
      one[1] = 1;
      if (Arrays.equals(found, one)) {
        return maps;
      }
      long[] without = new long[wanted.length - 1];
      without[0] = wanted[0];
      System.arraycopy(wanted, 2, without, 1, without.length - 1);
      if (Arrays.equals(found, without)) {
        return maps.unsqueeze(1);
      }
    }
    throw new ShapeException(
        what
            + " shape "
            + Arrays.toString(found)
            + " for inputs of shape "
            + Arrays.toString(wanted));
  }

  /**
   * The same with other maps.
   *
   * @param value as in {@link #of}
   * @return a copy
   */
  public Subject withMaps(Tensor value) {
    Tensor fitting = withChannels(value, inputs, "the maps have");
    return new Subject(scorer, inputs, classes, fitting, masks, segments, explainer, model, method);
  }

  /**
   * The same with masks.
   *
   * @param value not zero where the object is: (n, space...), or with one channel
   * @return a copy
   */
  public Subject withMasks(Tensor value) {
    Tensor fitting = withChannels(value, inputs, "the masks have");
    return new Subject(scorer, inputs, classes, maps, fitting, segments, explainer, model, method);
  }

  /**
   * The same with segments, for metrics that flip whole segments; without them such metrics make
   * their own, see {@link org.zennit4j.attribution.Segments#slic}.
   *
   * @param value numbers of segments from 0: (n, space...), or with one channel
   * @return a copy
   */
  public Subject withSegments(Tensor value) {
    Tensor fitting = withChannels(value, inputs, "the segments have");
    return new Subject(scorer, inputs, classes, maps, masks, fitting, explainer, model, method);
  }

  /**
   * The same with a way to explain other inputs.
   *
   * @param value gives maps of this network
   * @return a copy
   */
  public Subject withExplainer(Maps value) {
    return new Subject(scorer, inputs, classes, maps, masks, segments, value, model, method);
  }

  /**
   * The same with a way to explain other networks.
   *
   * @param network the model whose parameters may be changed, in copies
   * @param way explains a changed model
   * @return a copy
   */
  public Subject withMethod(ScriptModel network, Method way) {
    return new Subject(scorer, inputs, classes, maps, masks, segments, explainer, network, way);
  }

  /**
   * The network.
   *
   * @return gives scores
   */
  public Scorer scorer() {
    return scorer;
  }

  /**
   * The inputs.
   *
   * @return of shape (n, features) or (n, channels, space...)
   */
  public Tensor inputs() {
    return inputs;
  }

  /**
   * What was explained.
   *
   * @return a copy, one class for each sample
   */
  public int[] classes() {
    return classes.clone();
  }

  /**
   * How many samples there are.
   *
   * @return the batch
   */
  public int size() {
    return classes.length;
  }

  /**
   * The maps.
   *
   * @return with as many axes as the inputs, one or as many channels
   */
  public Tensor maps() {
    return maps;
  }

  /**
   * The segments.
   *
   * @return (n, 1, space...), perhaps none
   */
  public Optional<Tensor> segments() {
    return Optional.ofNullable(segments);
  }

  /**
   * The masks.
   *
   * @param metric who asks, for the message
   * @return (n, 1, space...) or (n, features)
   * @throws Zennit4jException if there are none
   */
  public Tensor masks(String metric) {
    return needed(masks, metric, "masks of the objects");
  }

  /**
   * Explains again.
   *
   * @param metric who asks, for the message
   * @return gives maps of this network
   * @throws Zennit4jException if there is none
   */
  public Maps explainer(String metric) {
    return needed(explainer, metric, "a way to explain other inputs, not maps alone");
  }

  /**
   * Explains changed networks.
   *
   * @param metric who asks, for the message
   * @return gives maps of any model
   * @throws Zennit4jException if there is none
   */
  public Method method(String metric) {
    return needed(method, metric, "the model and a way to explain changed ones");
  }

  /**
   * The model.
   *
   * @param metric who asks, for the message
   * @return the model of {@link #withMethod}
   * @throws Zennit4jException if there is none
   */
  public ScriptModel model(String metric) {
    return needed(model, metric, "the model and a way to explain changed ones");
  }

  private static <T> T needed(T value, String metric, String what) {
    if (value == null) {
      throw new Zennit4jException("the metric " + metric + " needs " + what);
    }
    return value;
  }

  /** Maps with one value for each position: (n, positions), summed over channels, as double. */
  Tensor flatMaps() {
    Tensor wide = maps.detach().to(ScalarType.Double);
    Tensor summed = inputs.dim() > 2 && wide.size(1) > 1 ? wide.sum(1) : wide;
    return summed.reshape(size(), -1);
  }

  /** Maps of the inputs' shape, in the inputs' dtype; one channel counts for each of them. */
  Tensor spreadMaps() {
    return maps.detach().to(inputs.device(), inputs.scalar_type()).expand(inputs.shape());
  }

  /** The classes as a tensor on the inputs' device. */
  Tensor classTensor() {
    return Numbers.longs(inputs.device(), classes);
  }
}
