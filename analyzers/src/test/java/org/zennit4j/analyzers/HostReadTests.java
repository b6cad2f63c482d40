/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitCallTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.composites.Plan;
import org.zennit4j.rules.Rule;

/**
 * No rule, composite, attributor or analyzer reads a tensor's values on the host: each read makes
 * the host wait for the device. The byte code of the modules is searched for calls of methods that
 * read; the few that are there on purpose are listed, each with its reason.
 */
class HostReadTests {
  /** The classes of LibTorch that hold values. */
  private static final Set<String> HOLDERS =
      Set.of(
          "org.bytedeco.pytorch.Tensor",
          "org.bytedeco.pytorch.TensorBase",
          "org.bytedeco.pytorch.AbstractTensor",
          "org.bytedeco.pytorch.Scalar",
          "org.bytedeco.pytorch.IValue",
          "org.bytedeco.pytorch.global.torch",
          "org.zennit4j.bindings.internal.Vectors");

  /**
   * Methods that need values on the host: whole names, or beginnings that end with a star. Some
   * give a tensor whose shape depends on values, which makes the host wait just as well.
   */
  private static final List<String> READS =
      List.of(
          // a value, an address, a view by Java
          "item*",
          "data_ptr*",
          "mutable_data_ptr*",
          "const_data_ptr*",
          "doubles",
          "createBuffer",
          "createIndexer",
          "asByteBuffer",
          "asBuffer",
          "storage",
          "unsafeGetTensorImpl",
          // to the host
          "cpu",
          "_local_scalar_dense",
          // answers of yes or no
          "equal",
          "is_nonzero",
          "allclose",
          "is_same_size_values",
          // shapes that depend on values
          "nonzero*",
          "argwhere",
          "masked_select*",
          "unique*",
          "_unique*",
          "bincount",
          "repeat_interleave",
          "index",
          // text
          "print",
          "toString",
          "summary",
          // a number of a scalar or of a boxed value
          "toBool",
          "toInt",
          "toLong",
          "toDouble",
          "toFloat",
          "toByte",
          "toShort",
          "toChar",
          "toScalar");

  /** Where values are read on purpose. */
  private static final Map<String, String> ALLOWED =
      Map.ofEntries(
          Map.entry(
              "org.zennit4j.composites.Branches.isZero",
              "a constant factor, once when a program is canonized"),
          Map.entry(
              "org.zennit4j.attribution.BatchChoice.begins",
              "whether a model treats samples apart, once for each shape of input"),
          Map.entry(
              "org.zennit4j.attribution.BatchChoice.scale",
              "the size of outputs for that question"),
          Map.entry("org.zennit4j.attribution.ChunkedPasses.equal", "asks for the CPU first"),
          Map.entry(
              "org.zennit4j.composites.PlanMemory.count",
              "addresses alone, and where somebody asks what a plan holds"),
          Map.entry(
              "org.zennit4j.rules.LinearFunction.isNonNegative",
              "asks for the CPU first, by design"),
          Map.entry(
              "org.zennit4j.rules.OnePass.buffer",
              "works on the memory of tensors of the CPU, which is asked first"),
          Map.entry(
              "org.zennit4j.rules.LocalResponseNormalization.check",
              "one number a pass: whether the layer's numbers were given"),
          Map.entry(
              "org.zennit4j.rules.Flat$FlatConvolution.relevance",
              "repeat_interleave by a number, not by a tensor: the shape depends on no value"),
          Map.entry(
              "org.zennit4j.rules.Attention$Backward.repeated",
              "repeat_interleave by a number, as in Flat"),
          Map.entry(
              "org.zennit4j.attribution.Target.topClasses",
              "gives class numbers to Java; single passes do not call it"),
          Map.entry(
              "org.zennit4j.attribution.AttentionRollout.ofTokens",
              "once for a rollout, to find the token where it was not named"),
          Map.entry("org.zennit4j.attribution.ClassProbability.top", "gives probabilities to Java"),
          Map.entry(
              "org.zennit4j.attribution.Coalitions.taken",
              "one wait for each batch of coalitions, whose values are compared in Java"),
          Map.entry(
              "org.zennit4j.attribution.FeatureGroups.add", "the number of segments, once a call"),
          Map.entry(
              "org.zennit4j.attribution.Segments.slic",
              "clusters pixels in Java, where it is asked to"),
          Map.entry("org.zennit4j.attribution.LinearFit.solved", "a small system on the CPU"),
          Map.entry(
              "org.zennit4j.attribution.IntegratedGradients.perSample",
              "the convergence delta, off by default"),
          Map.entry(
              "org.zennit4j.attribution.IntegratedGradients.positions",
              "a small tensor of the CPU, made there"),
          Map.entry(
              "org.zennit4j.attribution.NonFinite.isFinite",
              "checkFinite, off by default, and the search for the layer that broke"),
          Map.entry(
              "org.zennit4j.rules.ZBox.isOutside", "asks for the CPU first, as isNonNegative"),
          Map.entry(
              "org.zennit4j.analyzers.InputReader.read",
              "SignXAI's methods refuse NaN in the input: one wait before the passes"),
          Map.entry(
              "org.zennit4j.analyzers.BuiltInAnalyzer.attribute",
              "they refuse NaN in the relevance, unless allow_non_finite: one wait after the passes"),
          Map.entry(
              "org.zennit4j.analyzers.Bounds.checkTensors", "options, when a method is resolved"),
          Map.entry("org.zennit4j.analyzers.Bounds.values", "options, when a method is resolved"),
          Map.entry("org.zennit4j.analyzers.Buffers.doubles", "results as a Java array"),
          Map.entry("org.zennit4j.analyzers.Buffers.floats", "results as a Java array"),
          Map.entry(
              "org.zennit4j.analyzers.Predictions.decode", "class names and numbers for Java"),
          Map.entry(
              "org.zennit4j.analyzers.Predictions.areProbabilities",
              "a part of decodePredictions"));

  private static boolean reads(JavaAccess<?> access) {
    if (!(access.getTarget() instanceof CodeUnitCallTarget target)
        || !HOLDERS.contains(target.getOwner().getFullName())) {
      return false;
    }
    String name = target.getName();
    return READS.stream()
        .anyMatch(
            r ->
                r.endsWith("*") ? name.startsWith(r.substring(0, r.length() - 1)) : name.equals(r));
  }

  /** Calls by the method that contains them; a lambda counts as the method around it. */
  private static Map<String, Set<String>> found(JavaClasses classes, String... packages) {
    Map<String, Set<String>> found = new TreeMap<>();
    for (JavaClass type : classes.that(in(packages))) {
      for (JavaAccess<?> access : type.getAccessesFromSelf()) {
        if (reads(access)) {
          found
              .computeIfAbsent(where(access.getOrigin()), key -> new TreeSet<>())
              .add(access.getTarget().getName());
        }
      }
    }
    return found;
  }

  private static String where(JavaCodeUnit origin) {
    String name = origin.getName();
    // lambda$positions$3
    String method = name.startsWith("lambda$") ? name.split("\\$", -1)[1] : name;
    return origin.getOwner().getFullName() + "." + method;
  }

  private static DescribedPredicate<JavaClass> in(String... packages) {
    return DescribedPredicate.describe(
        "in " + List.of(packages), c -> List.of(packages).contains(c.getPackageName()));
  }

  private static JavaClasses published() {
    return new ClassFileImporter()
        .importUrls(
            List.of(
                location(Rule.class),
                location(Plan.class),
                location(Attributor.class),
                location(SignXai.class)));
  }

  private static java.net.URL location(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  @Test
  void nothingReadsValuesButWhatIsListed() {
    Map<String, Set<String>> found =
        found(
            published(),
            "org.zennit4j.rules",
            "org.zennit4j.composites",
            "org.zennit4j.attribution",
            "org.zennit4j.analyzers");
    assertThat(found.keySet()).isEqualTo(new TreeSet<>(ALLOWED.keySet()));
  }

  /** Reads in the ways that must be found. */
  static final class Reader {
    static boolean nonNegative(Tensor x) {
      return x.min().item_double() >= 0;
    }

    static double inLambda(List<Tensor> tensors) {
      return tensors.stream().mapToDouble(t -> t.item().toDouble()).sum();
    }

    static Tensor onHost(Tensor x) {
      return x.cpu().mul(new Scalar(2));
    }

    static boolean same(Tensor x) {
      return x.equal(x);
    }

    static Tensor harmless(Tensor x) {
      return x.clamp_min(new Scalar(0)).sum();
    }
  }

  @Test
  void aReadIsFound() {
    Map<String, Set<String>> found =
        found(new ClassFileImporter().importClasses(Reader.class), "org.zennit4j.analyzers");
    String reader = Reader.class.getName();
    assertThat(found)
        .isEqualTo(
            Map.of(
                reader + ".nonNegative", Set.of("item_double"),
                reader + ".inLambda", Set.of("item", "toDouble"),
                reader + ".onHost", Set.of("cpu"),
                reader + ".same", Set.of("equal")));
  }
}
