/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PlanMemory;
import org.zennit4j.diagnosis.Conservation;
import org.zennit4j.diagnosis.Diagnosis;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.ModelInput;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.pages.ListSection;
import org.zennit4j.pages.Page;
import org.zennit4j.pages.TextSection;
import org.zennit4j.requests.CompositeWriter;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Provenance;
import org.zennit4j.requests.RequestException;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.SignedStabilizer;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a model layer by layer. */
@Command(
    name = "inspect",
    description =
        "Shows a model's layers, their types and, with --composite, their rules; and what is unusual. "
            + "With --composite and --input it also tells where relevance is lost.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j inspect model.pt",
      "  zennit4j inspect model.pt --input-shape 1,3,224,224",
      "  zennit4j inspect model.pt --input x.npy \\",
      "      --composite epsilon_plus --canonizers merge_batch_norm"
    })
final class InspectCommand implements Callable<Integer> {
  private static final List<String> TYPES =
      List.of(
          "ConvolutionTranspose",
          "Convolution",
          "Linear",
          "BatchNorm",
          "AvgPool",
          "MaxPool",
          "Activation",
          "Sum");

  /** What the model is run with. */
  static final class Given {
    @Option(
        names = "--input-shape",
        paramLabel = "1,3,224,224",
        description = "Run it on zeros of this shape, to show shapes; once for each argument.")
    private List<String> shapes = List.of();

    @Option(
        names = "--input",
        paramLabel = "X.npy",
        description = "Run it on this array; once for each argument.")
    private List<Path> files = List.of();
  }

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL.pt", description = "A model: torch.export (.pt2) or TorchScript.")
  private Path model;

  @Mixin private CompositeOptions composite;

  @ArgGroup(exclusive = true)
  private Given given = new Given();

  @Mixin private TargetOption target;

  @Option(names = "--all", description = "Show containers without a rule too.")
  private boolean all;

  @Option(names = "--json", description = "Write JSON to stdout.")
  private boolean json;

  @Option(
      names = "--html",
      paramLabel = "FILE.html",
      description = "Write one page of HTML too, which needs no network.")
  private Path html;

  @Mixin private ModelOptions loading;

  @Override
  public Integer call() throws IOException {
    target.check(Labels.none());
    if (html != null) {
      Outputs.checkPageName(html);
      Outputs.check(html, NamedFiles.of(spec));
    }
    List<long[]> shapes = given.shapes.stream().map(InspectCommand::shape).toList();
    try (ScriptModel network = loading.load(model, true);
        PointerScope scope = new PointerScope()) {
      CompositeChoice choice = composite.choose(null, CompositeOptions.Defaults.NOTHING);
      try (Plan plan = Plan.of(network, choice.composite())) {
        List<Tensor> inputs = inputs(network, shapes);
        Map<String, long[]> known = inputs.isEmpty() ? Map.of() : runForShapes(network, inputs);
        Conservation conservation = null;
        if (!given.files.isEmpty() && composite.isGiven()) {
          conservation =
              Conservation.of(
                  plan, inputs, target.target(Labels.none()), AttributionOptions.defaults());
        }
        List<String> findings = Diagnosis.of(plan).sentences();
        Report report = new Report(network, plan, known, conservation, findings);
        if (html != null) {
          page(network, plan, conservation, findings, Json.write(report.json(choice))).write(html);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
          out.println(Json.write(report.json(choice)));
        } else {
          report.print(out);
        }
      }
    }
    return 0;
  }

  private Page page(
      ScriptModel network,
      Plan plan,
      Conservation conservation,
      List<String> findings,
      String report) {
    Page page =
        Page.of(
                String.valueOf(model.getFileName()),
                network.format() + ", " + network.program().layers().size() + " layers")
            .with(PageSections.rules(plan));
    if (conservation != null) {
      page = page.with(PageSections.conservation(conservation, plan));
    }
    return page.with(new ListSection("Findings", findings))
        .with(new TextSection("Everything as JSON, zennit4j " + Version.own(), report));
  }

  private static long[] shape(String text) {
    if (!text.strip().matches("\\d{1,9}(\\s*,\\s*\\d{1,9})*")) {
      throw new UsageException("--input-shape is like 1,3,224,224, not '" + text + "'");
    }
    return Arrays.stream(text.split(",", -1)).mapToLong(s -> Long.parseLong(s.strip())).toArray();
  }

  private List<Tensor> inputs(ScriptModel network, List<long[]> shapes) {
    List<Tensor> inputs = new ArrayList<>();
    for (long[] shape : shapes) {
      inputs.add(ModelOptions.fitting(torch.zeros(shape), network, inputs.size()));
    }
    for (Path file : given.files) {
      inputs.add(ModelOptions.fitting(Npy.read(file).toTensor(), network, inputs.size()));
    }
    return inputs;
  }

  /** Runs the model and notes the shape of each module's first output. */
  private static Map<String, long[]> runForShapes(ScriptModel network, List<Tensor> inputs) {
    Map<String, long[]> shapes = new HashMap<>();
    ModuleHook hook =
        new ModuleHook() {
          @Override
          public List<Tensor> forward(Call call, List<Tensor> in, List<Tensor> outputs) {
            if (!outputs.isEmpty()) {
              shapes.putIfAbsent(call.region().layer().name(), outputs.get(0).shape());
            }
            return outputs;
          }
        };
    List<HookHandle> handles = new ArrayList<>();
    try (Plan plan = Plan.gradient(network)) {
      for (Layer layer : network.program().layers()) {
        handles.add(network.registerHook(layer.name(), hook));
      }
      try (Propagation pass = plan.propagate(PropagationOptions.defaults())) {
        pass.forward(inputs);
      }
    } finally {
      handles.forEach(HookHandle::close);
    }
    return shapes;
  }

  /** All that is shown. */
  private final class Report {
    private final ScriptModel network;
    private final Plan plan;
    private final Map<String, long[]> shapes;
    private final Conservation conservation;
    private final List<String> findings;
    private final Map<String, String> canonized = new HashMap<>();

    Report(
        ScriptModel network,
        Plan plan,
        Map<String, long[]> shapes,
        Conservation conservation,
        List<String> findings) {
      this.network = network;
      this.plan = plan;
      this.shapes = shapes;
      this.conservation = conservation;
      this.findings = findings;
      canonize();
    }

    /** Finds what the canonizers did by comparing the programs before and after. */
    private void canonize() {
      Program before = network.program();
      if (plan.program() == before) {
        return;
      }
      Map<Integer, Region> after = new HashMap<>();
      plan.program().regions().forEach(r -> after.put(r.id(), r));
      DataFlow flow = before.dataFlow();
      for (Region norm : before.regions()) {
        Region now = after.get(norm.id());
        boolean gone = now == null || now.batchNorm().isEmpty();
        if (norm.batchNorm().isPresent() && gone && !norm.isOperator()) {
          Optional<String> linear = flow.producer(norm, 0).map(InspectCommand::module);
          canonized.put(norm.layer().name(), "merged" + linear.map(l -> " into " + l).orElse(""));
          linear.ifPresent(l -> canonized.put(l, "has " + norm.layer().name()));
        }
      }
      for (Layer layer : plan.program().layers()) {
        if (before.layer(layer.name()).isEmpty()) {
          canonized.put(
              layer.name(),
              plan.program().regions(layer).stream()
                  .flatMap(region -> region.operators().stream())
                  .map(operator -> operator.substring(operator.indexOf("::") + 2))
                  .distinct()
                  .collect(Collectors.joining(", ", "added: ", "")));
        }
      }
    }

    private List<Layer> layers() {
      List<Layer> result = new ArrayList<>(plan.program().layers());
      result.addAll(plan.program().functionalLayers());
      return result;
    }

    private boolean isShown(Layer layer) {
      boolean container = !layer.leaf() && !layer.functional();
      boolean plain = layer.functional() && layer.types().isEmpty();
      return all || plan.rules().containsKey(layer.name()) || !(container || plain);
    }

    private String shapeOf(Layer layer) {
      long[] shape = shapes.get(layer.name());
      if (shape != null) {
        return text(Arrays.stream(shape).boxed().toList());
      }
      return conservation == null
          ? ""
          : conservation.shape(layer.name()).map(InspectCommand::text).orElse("");
    }

    void print(PrintWriter out) {
      Program program = network.program();
      out.println("model: " + model);
      out.println("format: " + network.format());
      out.println("inputs: " + program.inputs() + inputs());
      out.println("dtype: " + dtypeName());
      out.println("layers: " + program.layers().size() + ", " + parameters() + " parameters");
      out.println("memory: " + text(plan.memory()));
      List<Canonizer> canonizers = plan.composite().canonizers();
      if (!canonizers.isEmpty()) {
        out.println(
            "canonizers: "
                + canonizers.stream().map(Canonizer::name).collect(Collectors.joining(", ")));
      }
      out.println();
      boolean ruled = composite.isGiven();
      boolean shaped = !shapes.isEmpty();
      Table table = new Table();
      table.row(row(shaped, ruled, "layer", "class", "type", "output", "rule", "canonised"));
      for (Layer layer : layers()) {
        if (isShown(layer)) {
          Rule rule = plan.rules().get(layer.name());
          table.row(
              row(
                  shaped,
                  ruled,
                  layer.name().isEmpty() ? "(model)" : layer.name(),
                  simpleName(layer.className()),
                  type(layer),
                  shapeOf(layer),
                  rule == null ? "-" : ruleText(rule),
                  canonized.getOrDefault(layer.name(), "")));
        }
      }
      table.lines().forEach(out::println);
      if (conservation != null) {
        printConservation(out);
      }
      out.println();
      out.println(findings.isEmpty() ? "findings: none" : "findings:");
      findings.forEach(f -> out.println("  - " + f));
    }

    private void printConservation(PrintWriter out) {
      out.println();
      out.println("relevance, from the output to the input:");
      List<String> names = layers().stream().filter(this::isShown).map(Layer::name).toList();
      ConservationReport report = new ConservationReport(conservation);
      report.lines(names::contains).forEach(out::println);
      conservation
          .root()
          .ifPresent(
              r ->
                  out.println(
                      "in all: "
                          + ConservationReport.number(r.arrives())
                          + " started at the output, "
                          + ConservationReport.number(conservation.input())
                          + " arrived at the input"));
      for (List<String> lines : List.of(report.costs(), report.blocks())) {
        if (!lines.isEmpty()) {
          out.println();
          lines.forEach(out::println);
        }
      }
      conservation
          .firstNotFinite()
          .ifPresent(place -> out.println("NaN or infinity, first in " + place.phrase()));
    }

    /** The inputs as far as the file describes them. */
    private String inputs() {
      List<ModelInput> known =
          network.inputs().stream().filter(input -> input.shape().isPresent()).toList();
      return known.isEmpty()
          ? ""
          : known.stream()
              .map(
                  input ->
                      input.name()
                          + " "
                          + dtypeName(input.dtype().orElse(network.dtype()))
                          + " "
                          + input.shape().orElseThrow().stream()
                              .map(size -> size < 0 ? "?" : Long.toString(size))
                              .collect(Collectors.joining(",", "(", ")")))
              .collect(Collectors.joining(", ", ": ", ""));
    }

    private String dtypeName() {
      return dtypeName(network.dtype());
    }

    private static String dtypeName(ScalarType type) {
      return switch (type) {
        case Float -> "float32";
        case Double -> "float64";
        default -> type.toString().toLowerCase(Locale.ROOT);
      };
    }

    private long parameters() {
      long sum = 0;
      Map<String, Boolean> seen = new HashMap<>();
      for (Region region : network.program().regions()) {
        if (!region.isOperator() && seen.put(region.layer().name(), true) == null) {
          for (Map.Entry<String, Tensor> p : region.parameters().entrySet()) {
            sum += p.getValue().numel();
          }
        }
      }
      return sum;
    }

    Map<String, Object> json(CompositeChoice choice) throws IOException {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("model", model.toString());
      root.put("sha256", Provenance.sha256(model));
      root.put("format", network.format());
      root.put("inputs", network.program().inputs());
      root.put("dtype", dtypeName());
      root.put("parameters", parameters());
      if (composite.isGiven()) {
        root.put("composite", choice.json());
      }
      PlanMemory memory = plan.memory();
      Map<String, Object> bytes = new LinkedHashMap<>();
      bytes.put("weights", memory.weights());
      bytes.put("canonized", memory.canonized());
      bytes.put("prepared", memory.prepared());
      root.put("memory_bytes", bytes);
      List<Object> list = new ArrayList<>();
      for (Layer layer : layers()) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("layer", layer.name());
        one.put("class", layer.className());
        one.put("types", layer.types().stream().sorted().toList());
        one.put("leaf", layer.leaf());
        one.put("functional", layer.functional());
        one.put("calls", plan.program().regions(layer).size());
        long[] shape = shapes.get(layer.name());
        if (shape != null) {
          one.put("output_shape", shape);
        }
        if (composite.isGiven()) {
          Rule rule = plan.rules().get(layer.name());
          one.put("rule", rule == null ? null : ruleJson(rule));
          one.put("canonised", canonized.get(layer.name()));
        }
        list.add(one);
      }
      root.put("layers", list);
      if (conservation != null) {
        root.put("conservation", new ConservationReport(conservation).json());
      }
      root.put("findings", findings);
      return root;
    }
  }

  private static String text(PlanMemory memory) {
    StringBuilder text = new StringBuilder(megabytes(memory.weights()) + " of weights");
    if (memory.canonized() > 0) {
      text.append(", ").append(megabytes(memory.canonized())).append(" of canonized ones");
    }
    if (memory.prepared() > 0) {
      text.append(", ").append(megabytes(memory.prepared())).append(" prepared by rules");
    }
    return text.toString();
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1048576.0);
  }

  /** The module that an operator is all of, or else the operator's layer. */
  private static String module(Region operator) {
    return operator
        .parent()
        .filter(p -> p.linearMap().isPresent())
        .map(p -> p.layer().name())
        .orElse(operator.layer().name());
  }

  private static String[] row(boolean shaped, boolean ruled, String... cells) {
    List<String> row = new ArrayList<>(List.of(cells[0], cells[1], cells[2]));
    if (shaped) {
      row.add(cells[3]);
    }
    if (ruled) {
      row.add(cells[4]);
      row.add(cells[5]);
    }
    return row.toArray(String[]::new);
  }

  private static String text(List<Long> shape) {
    return shape.stream().map(String::valueOf).collect(Collectors.joining("x"));
  }

  private static String type(Layer layer) {
    return TYPES.stream().filter(layer.types()::contains).findFirst().orElse("-");
  }

  private static String simpleName(String className) {
    return className.startsWith("torch.nn.modules.")
        ? className.substring(className.lastIndexOf('.') + 1)
        : className;
  }

  /** A rule as a request writes it, tensors by their shapes; unlisted rules have a name only. */
  private static Object ruleJson(Rule rule) {
    try {
      return new CompositeWriter(tensor -> Optional.of(tensor.toString())).write(rule);
    } catch (RequestException e) {
      return Map.of("rule", rule.name());
    }
  }

  /** A rule with the arguments that are not its defaults. */
  static String ruleText(Rule rule) {
    List<String> arguments = new ArrayList<>();
    rule.arguments()
        .forEach(
            (key, value) -> {
              String text = argumentText(value);
              if (!text.isEmpty()) {
                arguments.add(key + "=" + text);
              }
            });
    return arguments.isEmpty()
        ? rule.name()
        : rule.name() + "(" + String.join(", ", arguments) + ")";
  }

  private static String argumentText(Object value) {
    if (value.equals(Stabilizer.standard())) {
      return "";
    }
    if (value instanceof SignedStabilizer s && s.equals(Stabilizer.of(s.epsilon()))) {
      return Double.toString(s.epsilon());
    }
    return value instanceof ZeroParams zero ? String.join("+", zero.names()) : value.toString();
  }
}
