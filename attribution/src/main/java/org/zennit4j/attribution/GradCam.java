/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.Positions;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerFunction;

/**
 * Grad-CAM: the maps of a layer, weighted by their mean gradients, scaled to a maximum of 1 for
 * each sample and resized to the input: the relevance has one channel. Guided, this is multiplied
 * by the relevance that the plan's rules give, such as guided backpropagation.
 *
 * <p>The gradients are the plain ones: of the plan its canonizers count, its rules only if guided.
 * A layer that is not named is found: the last convolution whose output has more than one position,
 * and from there the first activation behind normalisations, residual sums and dropout. With
 * several inputs each that has the layer's space has its map, the others have none.
 *
 * <p>R. Selvaraju et al., Grad-CAM: visual explanations from deep networks, 2017. {@link Weighting}
 * has its relatives.
 */
public final class GradCam extends Attributor {
  private static final int REMEMBERED = 64;
  private static final double PLUS_PLUS_STABILIZER = 1e-6;
  private static final String GUIDED = "guided_grad_cam";
  private static final String TARGET_LAYER = "target_layer";
  private static final String RELU = "relu";
  private static final String NORMALIZE = "normalize";
  private static final String RESIZE = "resize";
  private static final String BATCH_SIZE = "batch_size";

  /** How the maps of a layer are put together. */
  public enum Weighting {
    /** Each map by the mean of its gradients: R. Selvaraju et al., 2017. */
    GRAD_CAM,
    /**
     * Each map by a weighted mean of its positive gradients: A. Chattopadhay et al., Grad-CAM++,
     * 2018.
     */
    GRAD_CAM_PP,
    /** Each position by its own positive gradient: P. Jiang et al., LayerCAM, 2021. */
    LAYER_CAM,
    /**
     * The projection on the first principal component of the maps, whatever the target; its sign is
     * that with a positive sum. M. Muhammad and M. Yeasin, Eigen-CAM, 2020.
     */
    EIGEN_CAM,
    /**
     * Each map by what the target takes from the output where only that map, scaled to 0 to 1, lets
     * the input through: a softmax of these over the channels. H. Wang et al., Score-CAM, 2020.
     */
    SCORE_CAM
  }

  /**
   * How a class activation map is made.
   *
   * @param targetLayer the name of the layer whose maps are taken; empty to find it
   * @param guided whether the map is multiplied by the relevance of the plan's rules
   * @param weighting how the layer's maps are put together
   * @param relu whether negative values become zero
   * @param normalize whether each sample's map is divided by its maximum, where that is positive
   * @param resize whether the map takes the input's size; else it has the layer's
   * @param batchSize how many channels Score-CAM runs at once, 0 for as many as pay; the result
   *     depends on it by rounding at most
   */
  public record Settings(
      Optional<String> targetLayer,
      boolean guided,
      Weighting weighting,
      boolean relu,
      boolean normalize,
      boolean resize,
      int batchSize)
      implements AttributorSettings {
    /**
     * Checks the numbers.
     *
     * @param targetLayer {@link #targetLayer()}
     * @param guided {@link #guided()}
     * @param weighting {@link #weighting()}
     * @param relu {@link #relu()}
     * @param normalize {@link #normalize()}
     * @param resize {@link #resize()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings {
      SmoothGrad.check(1, batchSize);
    }

    /**
     * Grad-CAM, positive, normalised and resized.
     *
     * @param targetLayer {@link #targetLayer()}
     * @param guided {@link #guided()}
     */
    public Settings(Optional<String> targetLayer, boolean guided) {
      this(targetLayer, guided, Weighting.GRAD_CAM, true, true, true, 0);
    }

    /**
     * The layer is found; not guided.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(Optional.empty(), false);
    }

    /**
     * Changes {@link #targetLayer()}.
     *
     * @param value the layer's name
     * @return a copy
     */
    public Settings withTargetLayer(String value) {
      return new Settings(
          Optional.of(value), guided, weighting, relu, normalize, resize, batchSize);
    }

    /**
     * Changes {@link #guided()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withGuided(boolean value) {
      return new Settings(targetLayer, value, weighting, relu, normalize, resize, batchSize);
    }

    /**
     * Changes {@link #weighting()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withWeighting(Weighting value) {
      return new Settings(targetLayer, guided, value, relu, normalize, resize, batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return new Settings(targetLayer, guided, weighting, relu, normalize, resize, value);
    }

    /**
     * The map as the formula gives it: negative values stay, nothing is scaled or resized.
     *
     * @return a copy
     */
    public Settings raw() {
      return new Settings(targetLayer, guided, weighting, false, false, false, batchSize);
    }

    @Override
    public String name() {
      return guided ? GUIDED : weighting.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Map<String, Object> arguments() {
      Map<String, Object> arguments = new LinkedHashMap<>();
      targetLayer.ifPresent(name -> arguments.put(TARGET_LAYER, name));
      if (!relu) {
        arguments.put(RELU, false);
      }
      if (!normalize) {
        arguments.put(NORMALIZE, false);
      }
      if (!resize) {
        arguments.put(RESIZE, false);
      }
      if (weighting == Weighting.SCORE_CAM) {
        arguments.put(BATCH_SIZE, batchSize);
      }
      return arguments;
    }

    @Override
    public Attributor on(Plan plan) {
      return new GradCam(plan, this);
    }
  }

  private final Settings settings;
  private final Program program;

  /** The calls of the layer that was named; empty if the layer is to be found. */
  private final List<Region> named;

  /** The convolutions in the order of execution, and what is taken for each of them. */
  private final Map<Region, Region> candidates;

  private final Map<String, Region> found = new ConcurrentHashMap<>();

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   * @throws Zennit4jException if there is no such layer, or no convolution
   */
  public GradCam(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
    this.program = plan.program();
    DataFlow flow = program.dataFlow();
    this.named = settings.targetLayer().map(this::calls).orElse(List.of());
    Map<Region, Region> map = new LinkedHashMap<>();
    for (Region operator : flow.operators()) {
      if (Operators.of(operator).is(Operators.Kind.CONVOLUTION)) {
        map.put(operator, follow(flow, operator));
      }
    }
    this.candidates = Collections.unmodifiableMap(map);
    if (named.isEmpty() && candidates.isEmpty()) {
      throw new Zennit4jException(
          "grad_cam needs a convolution, but the model has none; name a layer with channels and"
              + " space by the option target_layer");
    }
  }

  /**
   * How the attributor runs.
   *
   * @return the settings
   */
  public Settings settings() {
    return settings;
  }

  private List<Region> calls(String name) {
    Optional<Layer> layer = program.layer(name);
    if (layer.isEmpty()) {
      Set<String> names = new TreeSet<>();
      program.layers().forEach(l -> names.add(l.name()));
      program.functionalLayers().forEach(l -> names.add(l.name()));
      names.remove("");
      throw new Zennit4jException(
          "there is no layer " + quoted(name) + "; nearest: " + NearestNames.list(name, names));
    }
    List<Region> regions = program.regions(layer.get());
    if (regions.isEmpty()) {
      throw new Zennit4jException("layer " + quoted(name) + " is never called");
    }
    return regions;
  }

  /** Past normalisations, residual sums and dropout to the first activation, if it gets there. */
  private static Region follow(DataFlow flow, Region convolution) {
    Region last = convolution;
    while (flow.consumers(last).size() == 1 && !flow.output().contains(last)) {
      Region user = flow.consumers(last).iterator().next();
      Layer layer = Positions.layerOf(user);
      if (isActivation(layer)) {
        return Positions.callOf(user);
      }
      boolean passes =
          layer.matches("BatchNorm")
              || Operators.of(user).name().equals("batch_norm")
              || isSum(flow, user)
              || Operators.of(user).name().contains("dropout");
      if (!passes) {
        return last;
      }
      last = user;
    }
    return last;
  }

  private static boolean isActivation(Layer layer) {
    Operators.Info operator = Operators.of(layer.className());
    boolean further = operator.is(Operators.Kind.CLAMP) || operator.name().equals("mish");
    return layer.matches("Activation") || (layer.functional() && further);
  }

  private static boolean isSum(DataFlow flow, Region operator) {
    return Operators.of(operator).name().equals("add")
        && flow.dependsOnInput(operator, 0)
        && flow.dependsOnInput(operator, 1);
  }

  private static String quoted(String name) {
    return "\"" + name.replaceAll("\\p{Cntrl}", "?") + "\"";
  }

  @Override
  public Attribution attribute(List<Tensor> inputs, Target target, AttributionOptions options) {
    refuseGraph(options, "a class activation map is made of a layer's values and gradients");
    if (!settings.guided()) {
      refuseLayers(options, "a class activation map belongs to its target layer alone");
    }
    long deadline = deadline(options);
    Pass result = null;
    List<Tensor> maps = new ArrayList<>();
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      Pass cam = maps(clean, target, options, deadline, maps);
      if (settings.guided()) {
        cam.release();
        Pass guided = pass(clean, target::apply, options, deadline);
        result = times(guided, maps);
      } else {
        cam.relevances().forEach(Natives::release);
        result = new Pass(cam.output(), new ArrayList<>(maps), List.of(), List.of());
        maps.clear();
      }
      progress(options, 1, 1);
    } catch (RuntimeException | Error e) {
      if (result != null) {
        result.release();
      }
      throw e;
    } finally {
      maps.forEach(Natives::release);
    }
    return result(result, inputs, options);
  }

  /** The relevances of the inputs times their maps; the pass's own are released. */
  private static Pass times(Pass pass, List<Tensor> maps) {
    List<Tensor> products = new ArrayList<>();
    for (int i = 0; i < maps.size(); i++) {
      Tensor relevance = pass.relevances().get(i);
      boolean both = relevance != null && maps.get(i) != null;
      products.add(both ? Natives.keep(relevance.mul(maps.get(i))) : null);
    }
    pass.relevances().forEach(Natives::release);
    return new Pass(pass.output(), products, pass.layers(), pass.propagations(), pass.notes());
  }

  /** Fills in the maps of all inputs, kept; gives what is left of the pass. */
  private Pass maps(
      List<Tensor> inputs,
      Target target,
      AttributionOptions options,
      long deadline,
      List<Tensor> maps) {
    List<Region> regions =
        named.isEmpty() ? List.of(automatic(inputs, target, options, deadline)) : named;
    Map<Integer, LayerFunction> functions = new HashMap<>();
    List<Tensor> captured = Collections.synchronizedList(new ArrayList<>());
    // The last call comes first in the backward pass.
    LayerFunction capture =
        (call, relevance) -> {
          if (captured.isEmpty() && relevance.get(0) != null) {
            captured.add(Natives.keep(new Tensor(call.outputs().get(0))));
            captured.add(Natives.keep(new Tensor(relevance.get(0))));
          }
          return new ArrayList<>(Collections.nCopies(call.inputs().size(), null));
        };
    regions.forEach(region -> functions.put(region.id(), capture));
    boolean done = false;
    Pass pass = null;
    try {
      pass =
          pass(
              how -> plan().propagate(how, functions),
              inputs,
              target::apply,
              options.withLayers(layer -> false),
              deadline);
      if (captured.isEmpty()) {
        throw new Zennit4jException(
            "grad_cam: the output does not depend on layer " + quoted(regions.get(0).name()));
      }
      Tensor activation = captured.get(0);
      Tensor weights = captured.get(1);
      if (settings.weighting() == Weighting.SCORE_CAM
          && inputs.stream().anyMatch(input -> fits(activation, input))) {
        weights =
            new ChannelScores(this, inputs, settings.batchSize(), options, deadline)
                .weights(activation, pass.output(), target);
      }
      for (Tensor input : inputs) {
        boolean fits = fits(activation, input);
        maps.add(fits ? Natives.keep(map(activation, weights, input)) : null);
      }
      if (maps.stream().allMatch(map -> map == null)) {
        throw new ShapeException(
            "grad_cam: layer "
                + quoted(regions.get(0).name())
                + " gives "
                + Arrays.toString(activation.shape())
                + " for an input of "
                + Arrays.toString(inputs.get(0).shape())
                + ", where (batch, channels, space...) is needed");
      }
      done = true;
      return pass;
    } finally {
      captured.forEach(Natives::release);
      if (!done && pass != null) {
        pass.release();
      }
    }
  }

  /** Whether an input has the space of a layer's maps. */
  static boolean fits(Tensor activation, Tensor x) {
    int space = (int) activation.dim() - 2;
    return x.is_floating_point()
        && space >= 1
        && space <= 3
        && x.dim() >= space + 1
        && activation.size(0) == x.size(0);
  }

  /** The layer that belongs to the last convolution with more than one position. */
  private Region automatic(
      List<Tensor> inputs, Target target, AttributionOptions options, long deadline) {
    Tensor x = inputs.get(0);
    String shape = Arrays.toString(Arrays.copyOfRange(x.shape(), 1, (int) x.dim()));
    Region known = found.get(shape);
    if (known != null) {
      return known;
    }
    Map<Integer, LayerFunction> functions = new HashMap<>();
    Set<Integer> spatial = ConcurrentHashMap.newKeySet();
    for (Region convolution : candidates.keySet()) {
      functions.put(
          convolution.id(),
          (call, relevance) -> {
            Tensor output = call.outputs().get(0);
            long[] sizes = output.shape();
            if (Arrays.stream(sizes).skip(2).anyMatch(size -> size > 1)) {
              spatial.add(call.region().id());
            }
            List<Tensor> zeros = new ArrayList<>();
            call.inputs().forEach(input -> zeros.add(torch.zeros_like(input)));
            return zeros;
          });
    }
    pass(
            how -> plan().propagate(how, functions),
            inputs,
            target::apply,
            options.withLayers(layer -> false),
            deadline)
        .release();
    Region chosen = null;
    for (Map.Entry<Region, Region> candidate : candidates.entrySet()) {
      if (spatial.contains(candidate.getKey().id())) {
        chosen = candidate.getValue();
      }
    }
    if (chosen == null) {
      throw new Zennit4jException(
          "grad_cam needs a convolution whose output has more than one position, but the model has"
              + " none for inputs of shape "
              + Arrays.toString(x.shape())
              + "; name a layer by the option target_layer");
    }
    if (found.size() < REMEMBERED) {
      found.put(shape, chosen);
    }
    return chosen;
  }

  private Tensor map(Tensor activation, Tensor gradient, Tensor x) {
    Tensor weighted = weighted(activation, gradient);
    Tensor sum = settings.relu() ? weighted.clamp_min(new Scalar(0)) : weighted;
    Tensor scaled = sum;
    if (settings.normalize()) {
      long[] all = LongStream.range(1, activation.dim()).toArray();
      Tensor highest = torch.amax(sum, all, true);
      scaled = sum.div(highest.masked_fill(highest.le(new Scalar(0)), new Scalar(1)));
    }
    if (!settings.resize()) {
      return scaled;
    }
    return resized(scaled, x);
  }

  /** Maps of shape (batch, channels, space...) in the size of an input's space. */
  static Tensor resized(Tensor maps, Tensor x) {
    int space = (int) maps.dim() - 2;
    long[] shape = x.shape();
    long[] size = Arrays.copyOfRange(shape, shape.length - space, shape.length);
    return switch (space) {
      case 1 -> torch.upsample_linear1d(maps, size, false);
      case 2 -> torch.upsample_bilinear2d(maps, size, false);
      default -> torch.upsample_trilinear3d(maps, size, false);
    };
  }

  /** The layer's maps put together: (batch, 1, space...). */
  private Tensor weighted(Tensor activation, Tensor gradient) {
    long[] space = LongStream.range(2, activation.dim()).toArray();
    return switch (settings.weighting()) {
      case GRAD_CAM ->
          overChannels(activation.mul(torch.mean(gradient, space, true, new ScalarTypeOptional())));
      case GRAD_CAM_PP -> {
        Tensor square = gradient.square();
        Tensor mass = torch.sum(activation, space, true, new ScalarTypeOptional());
        Tensor below =
            square
                .mul(new Scalar(2))
                .add(mass.mul(square).mul(gradient))
                .add(new Scalar(PLUS_PLUS_STABILIZER));
        // Where the gradient is zero the share is zero, whatever stands below.
        Tensor alpha = square.div(below).masked_fill(gradient.eq(new Scalar(0)), new Scalar(0));
        Tensor weights =
            torch.sum(
                alpha.mul(gradient.clamp_min(new Scalar(0))),
                space,
                true,
                new ScalarTypeOptional());
        yield overChannels(activation.mul(weights));
      }
      case LAYER_CAM -> overChannels(activation.mul(gradient.clamp_min(new Scalar(0))));
      case EIGEN_CAM -> projected(activation);
      case SCORE_CAM -> overChannels(activation.mul(gradient));
    };
  }

  private static Tensor overChannels(Tensor products) {
    return torch.sum(products, new long[] {1}, true, new ScalarTypeOptional());
  }

  private static Tensor projected(Tensor activation) {
    long[] shape = activation.shape();
    Tensor rows = activation.reshape(shape[0], shape[1], -1).transpose(1, 2);
    Tensor mean = torch.mean(rows, new long[] {1}, true, new ScalarTypeOptional());
    Tensor centred = rows.sub(mean);
    Tensor right = new Tensor(torch.svd(centred, true, true).get2());
    Tensor onFirst = centred.matmul(right.narrow(2, 0, 1));
    Tensor total = torch.sum(onFirst, new long[] {1, 2}, true, new ScalarTypeOptional());
    Tensor sign = total.ge(new Scalar(0)).to(onFirst.scalar_type()).mul(new Scalar(2));
    shape[1] = 1;
    return onFirst.mul(sign.sub(new Scalar(1))).reshape(shape);
  }

  /** The attributors by name. */
  static List<Entry<AttributorSettings>> entries() {
    return List.of(
        entry(Weighting.GRAD_CAM, false, "a layer's maps, weighted by their mean gradients"),
        entry(Weighting.GRAD_CAM, true, "grad_cam times what the composite's rules give"),
        entry(Weighting.GRAD_CAM_PP, false, "a layer's maps, weighted by Grad-CAM++'s means"),
        entry(Weighting.LAYER_CAM, false, "a layer's maps times their positive gradients"),
        entry(Weighting.EIGEN_CAM, false, "a layer's maps on their first principal component"),
        entry(Weighting.SCORE_CAM, false, "a layer's maps, weighted by what each lets through"));
  }

  private static Entry<AttributorSettings> entry(Weighting weighting, boolean guided, String text) {
    boolean scored = weighting == Weighting.SCORE_CAM;
    int batchSize = Settings.defaults().batchSize();
    List<Argument> arguments = new ArrayList<>();
    arguments.add(Argument.of(TARGET_LAYER, Kind.TEXT, null));
    for (String flag : List.of(RELU, NORMALIZE, RESIZE)) {
      arguments.add(Argument.of(flag, Kind.FLAG, true));
    }
    if (scored) {
      arguments.add(Attributors.BATCH_SIZE);
    }
    return new Entry<>(
        guided ? GUIDED : weighting.name().toLowerCase(Locale.ROOT),
        Settings.class,
        text,
        arguments,
        v ->
            new Settings(
                Optional.ofNullable(v.get(TARGET_LAYER, String.class)),
                guided,
                weighting,
                v.flag(RELU),
                v.flag(NORMALIZE),
                v.flag(RESIZE),
                scored ? v.whole(BATCH_SIZE) : batchSize));
  }
}
