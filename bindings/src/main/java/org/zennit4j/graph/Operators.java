/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What each of LibTorch's operators is. All that this library knows about an operator by its name
 * stands in the table {@code operators.txt} beside this class; only what defines a single operator,
 * such as the arguments of a convolution, stands where that operator is read. Immutable and
 * thread-safe.
 */
public final class Operators {
  /** What an operator computes. */
  public enum Kind {
    /** A convolution, transposed or not. */
    CONVOLUTION("Convolution"),
    /** A dense linear map. */
    LINEAR("Linear"),
    /** A product of matrices, perhaps of two activations. */
    MATMUL("MatMul"),
    /** A product, element by element. */
    PRODUCT("Product"),
    /** A quotient, element by element. */
    QUOTIENT(null),
    /** A sum or difference of two. */
    SUM(null),
    /** An activation that Zennit's type of that name holds. */
    ACTIVATION("Activation"),
    /** A clamp, which may be a ReLU. */
    CLAMP(null),
    /** An elementwise activation that Zennit's type leaves out. */
    FURTHER_ACTIVATION(null),
    /** Another function, element by element. */
    FUNCTION(null),
    /** Average pooling. */
    AVG_POOL("AvgPool"),
    /** Maximum pooling. */
    MAX_POOL("MaxPool"),
    /** A mean over axes. */
    MEAN(null),
    /** A sum, extremum, order statistic... over axes. */
    REDUCTION(null),
    /** A normalisation by statistics of the batch, the sample, or known ones. */
    NORMALIZATION("Normalization"),
    /** A softmax. */
    SOFTMAX("Softmax"),
    /** The logarithm of a softmax. */
    LOG_SOFTMAX("LogSoftmax"),
    /** Attention as one operator. */
    ATTENTION("Attention"),
    /** A whole encoder layer as one operator without a derivative. */
    FUSED_ENCODER(null),
    /** A recurrent network. */
    RECURRENT("Recurrent"),
    /** A look-up of vectors by index. */
    EMBEDDING("Embedding"),
    /** Moves, copies, chooses or spreads values. */
    MOVING(null),
    /** Changes a list. */
    LIST(null),
    /** Makes a tensor out of nothing. */
    FACTORY(null),
    /** Draws random numbers. */
    RANDOM(null),
    /** Asks for something else than values: shape, type, equality. */
    METADATA(null),
    /** Anything else, and every operator that the table does not hold. */
    OTHER(null);

    private final String type;

    Kind(String type) {
      this.type = type;
    }
  }

  /** What else is known about an operator. */
  public enum Trait {
    /** An activation, which hands relevance on in attention networks. */
    ACTIVATES,
    /** Affine in the one argument that depends on the input. */
    AFFINE,
    /** May follow a softmax without changing what the model ends in. */
    AFTER_SOFTMAX,
    /** Picks one of two values at each place. */
    CHOOSES,
    /** Copies, casts or reshapes: hands on exactly the values of its first argument. */
    CASTS,
    /** Sums products of its arguments' elements: matrix products, convolutions. */
    CONTRACTS,
    /** Each value of the result is a function of one value of the argument. */
    ELEMENTWISE,
    /** Makes floating tensors where no dtype is given. */
    FLOAT_FACTORY,
    /** Multiplies or divides element by element. */
    GATES,
    /** Hands out what is in the list or dictionary that it is given, or copies that. */
    HANDS_OUT,
    /** Hands on each value that it is given, perhaps with others around them. */
    HANDS_ON,
    /**
     * Moves, chooses or averages elements of its first argument, or pads with zeros: never negative
     * where that is not.
     */
    KEEPS_SIGN,
    /** Changes nothing when it is run again, nor is the gradient of the second run another one. */
    IDEMPOTENT,
    /** Asks its second argument for the shape or type alone. */
    LIKE,
    /** Mixes elements in ways that have no rescale rule. */
    MIXES,
    /** Moves, copies or chooses values, so that its gradient is the right thing for them. */
    MOVES,
    /** A product if two arguments depend on the input. */
    MULTIPLIES,
    /** Never negative. */
    NEVER_NEGATIVE,
    /** Never evaluated ahead of the run. */
    NEVER_FOLDED,
    /** Not linear in its first argument, element by element. */
    NONLINEAR,
    /** Its result has no gradient. */
    NO_GRADIENT,
    /** Reads no values. */
    NO_VALUES,
    /** A normalisation whose scale counts as constant in attention networks. */
    NORMALIZES,
    /** Sums, means and sizes: homogeneous of degree one, so that they share relevance out. */
    SHARES,
    /** Makes floating tensors where no dtype is given and one of its numbers is floating. */
    NUMBER_FACTORY,
    /**
     * Gives the same numbers in the memory of its first argument, whose old value its derivative
     * does not need either.
     */
    OVERWRITES,
    /** Takes its argument apart into a list. */
    PARTS,
    /** May return its input itself although its schema does not say so. */
    PASSING,
    /** Draws random numbers. */
    RANDOM,
    /** Puts something into the list or dictionary that it is given. */
    STORES,
    /** Normalises with the statistics of the batch where it is told to. */
    BATCH_STATISTICS,
    /** Changes the list that it is given. */
    WRITES_LIST
  }

  /**
   * What is known about one operator.
   *
   * @param name without namespace (operators of other libraries: with theirs), that of the twin
   *     that does not work in place; {@code mul} for its other name {@code multiply}
   * @param kind what it computes
   * @param traits what else is known
   */
  public record Info(String name, Kind kind, Set<Trait> traits) {
    /**
     * Copies the set.
     *
     * @param name {@link #name()}
     * @param kind {@link #kind()}
     * @param traits {@link #traits()}
     */
    public Info {
      traits = Collections.unmodifiableSet(EnumSet.copyOf(withElement(traits)));
    }

    private static Set<Trait> withElement(Set<Trait> traits) {
      return traits.isEmpty() ? EnumSet.noneOf(Trait.class) : traits;
    }

    /**
     * Whether the operator has a trait.
     *
     * @param trait which one
     * @return false where it is not known
     */
    public boolean is(Trait trait) {
      return traits.contains(trait);
    }

    /**
     * Whether the operator is of one of several kinds.
     *
     * @param kinds which ones
     * @return true if so
     */
    public boolean is(Kind... kinds) {
      return Arrays.asList(kinds).contains(kind);
    }

    /**
     * The types for layer maps that follow from the name: Zennit's, and beyond them {@code MatMul},
     * {@code Product}, {@code Softmax}, {@code LogSoftmax}, {@code Normalization}, {@code
     * Attention}, {@code Recurrent}, {@code Embedding}. Whether it is a convolution or a linear map
     * with constant weights follows from its arguments, not from its name.
     *
     * @return perhaps none
     */
    public Set<String> types() {
      if (kind.type == null || kind == Kind.CONVOLUTION || kind == Kind.LINEAR) {
        return Set.of();
      }
      return switch (name) {
        case "relu" -> Set.of(kind.type, "torch.nn.ReLU");
        case "relu6" -> Set.of(kind.type, "torch.nn.ReLU6");
        default -> Set.of(kind.type);
      };
    }
  }

  private static final Map<String, Info> TABLE = read();

  private Operators() {}

  private static Map<String, Info> read() {
    Map<String, Info> table = new HashMap<>();
    Map<String, String> synonyms = new HashMap<>();
    try (InputStream file = Operators.class.getResourceAsStream("operators.txt");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        String[] words = line.strip().split("\\s+", -1);
        if (words[0].equals("same")) {
          synonyms.put(words[1], words[2]);
          continue;
        }
        Set<Trait> traits = EnumSet.noneOf(Trait.class);
        for (int i = 2; i < words.length; i++) {
          traits.add(Trait.valueOf(words[i].toUpperCase(Locale.ROOT)));
        }
        Kind kind = Kind.valueOf(words[0].toUpperCase(Locale.ROOT));
        if (table.put(words[1], new Info(words[1], kind, traits)) != null) {
          throw new IllegalStateException("operators.txt holds " + words[1] + " twice");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    synonyms.forEach(
        (name, original) -> {
          if (table.put(name, table.get(original)) != null || table.get(name) == null) {
            throw new IllegalStateException("operators.txt is wrong about " + name);
          }
        });
    return table;
  }

  /**
   * Looks an operator up.
   *
   * @param operator its name, with or without namespace, in place or not: {@code aten::relu_},
   *     {@code relu}
   * @return what is known; of kind {@link Kind#OTHER} without traits if it is not in the table
   */
  public static Info of(String operator) {
    String name = plain(operator);
    Info known = TABLE.get(name);
    return known != null ? known : new Info(name, Kind.OTHER, Set.of());
  }

  /**
   * What the operator of a call is.
   *
   * @param operator the call of an operator
   * @return what is known about it
   */
  public static Info of(Region operator) {
    return of(operator.operators().get(0));
  }

  /**
   * The operators that have a trait.
   *
   * @param trait which one
   * @return their names, without namespace
   */
  public static Set<String> with(Trait trait) {
    Set<String> names = new LinkedHashSet<>();
    TABLE.forEach(
        (name, info) -> {
          if (info.is(trait)) {
            names.add(name);
          }
        });
    return names;
  }

  /**
   * The operators in the table.
   *
   * @return their names, without namespace
   */
  public static Set<String> names() {
    return Collections.unmodifiableSet(TABLE.keySet());
  }

  /**
   * Whether the table holds an operator.
   *
   * @param operator its name, as in {@link #of(String)}
   * @return true if so
   */
  public static boolean isKnown(String operator) {
    return TABLE.containsKey(plain(operator));
  }

  /**
   * The types for layer maps that operators have beyond Zennit's.
   *
   * @return names such as {@code Softmax}
   */
  public static Set<String> furtherTypes() {
    Set<String> types = new LinkedHashSet<>();
    for (Kind kind : Kind.values()) {
      boolean zennits =
          kind == Kind.CONVOLUTION
              || kind == Kind.LINEAR
              || kind == Kind.ACTIVATION
              || kind == Kind.AVG_POOL
              || kind == Kind.MAX_POOL;
      if (kind.type != null && !zennits) {
        types.add(kind.type);
      }
    }
    return types;
  }

  /**
   * Without namespace and the underscore of operators that work in place. An operator of another
   * library is another one, whatever its name.
   */
  private static String plain(String operator) {
    boolean ours = operator.startsWith("aten::") || operator.startsWith("prim::");
    if (operator.contains("::") && !ours) {
      return operator;
    }
    String name = operator.substring(operator.lastIndexOf(':') + 1);
    return isInPlace(name) ? name.substring(0, name.length() - 1) : name;
  }

  /**
   * Whether an operator overwrites its first argument.
   *
   * @param operator its name, with or without namespace
   * @return true for {@code relu_}, false for {@code __and__}
   */
  public static boolean isInPlace(String operator) {
    return operator.endsWith("_") && !operator.endsWith("__") && operator.length() > 1;
  }
}
