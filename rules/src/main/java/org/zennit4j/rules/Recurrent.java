/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Recurrent networks that run as one operator ({@code lstm}, {@code gru}, {@code rnn_tanh}, {@code
 * rnn_relu}), step by step from the last one back, or as one operator for each step ({@code
 * lstm_cell}, {@code gru_cell}, {@code rnn_tanh_cell}, {@code rnn_relu_cell}): gates only weigh and
 * count as constant, so that the signal takes all.
 *
 * <pre>
 *   LSTM: c = f c' + i g, h = o tanh(c)   R_c += R_h, R_c' = f c' q, R_g = i g q, q = R_c / s(c)
 *   GRU:  h = (1 - z) n + z h'            R_n = (1 - z) n q, R_h' = z h' q, q = R_h / s(h)
 *         n = tanh(W x + b + r (U h' + d))  R_x = x * W^T p, R_h' += h' * U^T (r p), p = R_n / s(.)
 * </pre>
 *
 * <p>with tanh passing relevance on, and Epsilon for what is inside of it. Several layers, both
 * directions, any initial states; what these and the biases take stays there. Random dropout,
 * packed sequences and LSTMs with projections are refused. Sums are kept but for biases.
 *
 * <p>With {@code zeroParams} that match the bias nothing stays there: what it would take goes to
 * the step's input and hidden state, by the sizes of their contributions, as in {@link
 * EpsilonWithoutBias}.
 *
 * <p>L. Arras, G. Montavon, K.-R. Müller, W. Samek, Explaining recurrent neural network predictions
 * in sentiment analysis, WASSA 2017; L. Arras et al., Explaining and interpreting LSTMs, 2019.
 *
 * @param stabilizer of all denominators; default 1e-6
 * @param zeroParams whether biases get nothing; other names have no meaning here
 */
public record Recurrent(Stabilizer stabilizer, ZeroParams zeroParams) implements Rule {
  private static final String CELL = "_cell";

  private static final Set<String> OPERATORS =
      Stream.of("lstm", "gru", "rnn_tanh", "rnn_relu")
          .flatMap(name -> Stream.of(name, name + CELL))
          .collect(Collectors.toUnmodifiableSet());

  /** With the default stabilizer. */
  public Recurrent() {
    this(Stabilizer.standard());
  }

  /**
   * With all biases.
   *
   * @param stabilizer {@link #stabilizer()}
   */
  public Recurrent(Stabilizer stabilizer) {
    this(stabilizer, ZeroParams.none());
  }

  /**
   * Whether the rule explains an operator.
   *
   * @param name as in {@link Operators.Info#name()}
   * @return true for recurrent ones
   */
  public static boolean explains(String name) {
    return OPERATORS.contains(name);
  }

  @Override
  public String name() {
    return "recurrent";
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments().with("stabilizer", stabilizer).with(zeroParams).map();
  }

  @Override
  public Recurrent withoutBias() {
    return new Recurrent(stabilizer, zeroParams.withBias());
  }

  @Override
  public boolean keepsSums() {
    return true;
  }

  @Override
  public LayerFunction bind(Region region) {
    String operator = region.isOperator() ? Operators.of(region).name() : "";
    if (!explains(operator)) {
      throw new RuleException(
          "recurrent cannot explain layer '"
              + region.name()
              + "', which is none of the operators "
              + OPERATORS.stream().sorted().toList());
    }
    return operator.endsWith(CELL)
        ? (call, relevance) -> step(call, operator.replace(CELL, ""), relevance)
        : (call, relevance) -> new Network(call, operator).relevances(relevance);
  }

  private Cell cell(String operator, List<Tensor> own, Tensor cell, Tensor relevanceOfCell) {
    return switch (operator) {
      case "lstm" -> new Lstm(own, cell, relevanceOfCell);
      case "gru" -> new Gru(own);
      default -> new Plain(own, operator.equals("rnn_relu"));
    };
  }

  /** One step of one cell. */
  private List<Tensor> step(LayerCall call, String operator, List<Tensor> relevance) {
    List<Tensor> result = Calls.nothing(call);
    Tensor ofCell = relevance.size() > 1 ? relevance.get(1) : null;
    if (relevance.get(0) == null && ofCell == null) {
      return result;
    }
    Tensor x = call.tensors("input").get(0);
    List<Tensor> start = call.tensors("hx");
    Tensor h = start.get(0);
    List<Tensor> own =
        Arrays.asList(
            Stream.of("w_ih", "w_hh", "b_ih", "b_hh")
                .map(name -> call.tensor(name).orElse(null))
                .toArray(Tensor[]::new));
    Cell cell = cell(operator, own, start.size() > 1 ? start.get(1) : null, ofCell);
    cell.states.add(h);
    cell.states.add(cell.step(x, h));
    Tensor r = relevance.get(0) == null ? torch.zeros_like(h) : relevance.get(0);
    Tensor[] parts = cell.back(0, x, r);
    List<Tensor> ofStates = new ArrayList<>(List.of(parts[1]));
    if (cell instanceof Lstm lstm) {
      ofStates.add(lstm.relevanceOfCell);
    }
    int input = call.position("input");
    if (input >= 0) {
      result.set(input, parts[0]);
    }
    int states = call.position("hx");
    for (int i = 0; states >= 0 && i < ofStates.size(); i++) {
      result.set(states + i, ofStates.get(i));
    }
    return result;
  }

  /** What one direction of a layer computes in one step, and how relevance comes back. */
  private abstract class Cell {
    final Tensor w;
    final Tensor u;
    final Tensor b;
    final Tensor d;

    /** Of the hidden state. */
    final long width;

    /** The states before each step, and at the end. */
    final List<Tensor> states = new ArrayList<>();

    /**
     * A cell.
     *
     * @param parameters weights of input and state, and their biases if there are some; null for
     *     one that there is not
     */
    Cell(List<Tensor> parameters) {
      this.w = parameters.get(0);
      this.u = parameters.get(1);
      this.b = parameters.size() > 2 ? parameters.get(2) : null;
      this.d = parameters.size() > 2 ? parameters.get(3) : null;
      this.width = u.size(1);
    }

    /** A step; the new hidden state. */
    abstract Tensor step(Tensor x, Tensor h);

    /** Back through a step: the relevances of input and hidden state. */
    abstract Tensor[] back(int step, Tensor x, Tensor relevance);

    final Tensor ofInput(Tensor x) {
      return affine(x, w, b);
    }

    final Tensor ofState(Tensor h) {
      return affine(h, u, d);
    }

    /**
     * From a signal to what it is made of: the relevances of input and hidden state.
     *
     * @param p relevance of the signal over its value
     * @param reset what the hidden state's part is multiplied with; null for one
     * @param number of the signal's gate
     */
    final Tensor[] share(Tensor p, Tensor x, Tensor h, Tensor reset, long number) {
      Tensor ofInput = rows(w, number);
      Tensor ofState = rows(u, number);
      Tensor[] parts = {
        x.mul(p.matmul(ofInput)), h.mul((reset == null ? p : reset.mul(p)).matmul(ofState))
      };
      if ((b == null && d == null) || !zeroParams.matches("bias")) {
        return parts;
      }
      Tensor bias = torch.zeros_like(p);
      if (b != null) {
        bias = bias.add(gate(b, number));
      }
      if (d != null) {
        bias = bias.add(reset == null ? gate(d, number) : reset.mul(gate(d, number)));
      }
      Tensor sizes = torch.linear(h.abs(), ofState.abs());
      sizes = torch.linear(x.abs(), ofInput.abs()).add(reset == null ? sizes : reset.mul(sizes));
      long[] units = {sizes.dim() - 1};
      Tensor q = EpsilonWithoutBias.ofBias(p, bias, sizes, units, stabilizer);
      Tensor state = (reset == null ? q : reset.mul(q)).matmul(ofState.abs());
      parts[0] = parts[0].add(x.abs().mul(q.matmul(ofInput.abs())));
      parts[1] = parts[1].add(h.abs().mul(state));
      return parts;
    }

    private Tensor affine(Tensor x, Tensor weight, Tensor bias) {
      return bias == null
          ? torch.linear(x, weight)
          : torch.linear(x, weight, new TensorOptional(bias));
    }

    /** The rows of one gate. */
    final Tensor gate(Tensor all, long number) {
      return all.narrow(all.dim() - 1, number * width, width);
    }

    final Tensor rows(Tensor weight, long number) {
      return weight.narrow(0, number * width, width);
    }
  }

  private final class Lstm extends Cell {
    private final List<Tensor> cells = new ArrayList<>();
    private final List<Tensor[]> kept = new ArrayList<>();
    private Tensor relevanceOfCell;

    Lstm(List<Tensor> parameters, Tensor cell, Tensor relevanceOfCell) {
      super(parameters);
      cells.add(cell);
      this.relevanceOfCell = relevanceOfCell;
    }

    @Override
    Tensor step(Tensor x, Tensor h) {
      Tensor all = ofInput(x).add(ofState(h));
      Tensor in = gate(all, 0).sigmoid();
      Tensor forget = gate(all, 1).sigmoid();
      Tensor signal = gate(all, 2);
      Tensor kept1 = forget.mul(cells.get(cells.size() - 1));
      Tensor kept2 = in.mul(signal.tanh());
      Tensor cell = kept1.add(kept2);
      kept.add(new Tensor[] {kept1, kept2, signal});
      cells.add(cell);
      return gate(all, 3).sigmoid().mul(cell.tanh());
    }

    @Override
    Tensor[] back(int step, Tensor x, Tensor relevance) {
      Tensor[] parts = kept.get(step);
      Tensor all = relevanceOfCell == null ? relevance : relevance.add(relevanceOfCell);
      Tensor q = all.div(stabilizer.apply(cells.get(step + 1)));
      relevanceOfCell = parts[0].mul(q);
      Tensor p = parts[1].mul(q).div(stabilizer.apply(parts[2]));
      return share(p, x, states.get(step), null, 2);
    }
  }

  private final class Gru extends Cell {
    private final List<Tensor[]> kept = new ArrayList<>();

    Gru(List<Tensor> parameters) {
      super(parameters);
    }

    @Override
    Tensor step(Tensor x, Tensor h) {
      Tensor a = ofInput(x);
      Tensor c = ofState(h);
      Tensor reset = gate(a, 0).add(gate(c, 0)).sigmoid();
      Tensor update = gate(a, 1).add(gate(c, 1)).sigmoid();
      Tensor signal = gate(a, 2).add(reset.mul(gate(c, 2)));
      Tensor fresh = signal.tanh();
      Tensor part = fresh.sub(update.mul(fresh));
      Tensor old = update.mul(h);
      kept.add(new Tensor[] {part, old, signal, reset});
      return part.add(old);
    }

    @Override
    Tensor[] back(int step, Tensor x, Tensor relevance) {
      Tensor[] parts = kept.get(step);
      Tensor q = relevance.div(stabilizer.apply(states.get(step + 1)));
      Tensor p = parts[0].mul(q).div(stabilizer.apply(parts[2]));
      Tensor[] shares = share(p, x, states.get(step), parts[3], 2);
      shares[1] = shares[1].add(parts[1].mul(q));
      return shares;
    }
  }

  private final class Plain extends Cell {
    private final boolean rectified;
    private final List<Tensor> sums = new ArrayList<>();

    Plain(List<Tensor> parameters, boolean rectified) {
      super(parameters);
      this.rectified = rectified;
    }

    @Override
    Tensor step(Tensor x, Tensor h) {
      Tensor sum = ofInput(x).add(ofState(h));
      sums.add(sum);
      return rectified ? sum.relu() : sum.tanh();
    }

    @Override
    Tensor[] back(int step, Tensor x, Tensor relevance) {
      Tensor p = relevance.div(stabilizer.apply(sums.get(step)));
      return share(p, x, states.get(step), null, 0);
    }
  }

  /** One call. */
  private final class Network {
    private final LayerCall call;
    private final String operator;
    private final int layers;
    private final int directions;
    private final boolean batchFirst;
    private final boolean single;
    private final List<Tensor> parameters;
    private final Tensor hidden;
    private final Tensor cells;

    Network(LayerCall call, String operator) {
      this.call = call;
      this.operator = operator;
      this.layers = (int) call.number("num_layers").orElseThrow(() -> refusal("it is packed"));
      this.directions = call.number("bidirectional").orElse(0) == 1 ? 2 : 1;
      this.batchFirst = call.number("batch_first").orElse(0) == 1;
      this.parameters = call.tensors("params");
      List<Tensor> start = call.tensors("hx");
      this.single = call.tensors("input").get(0).dim() == 2;
      this.hidden = batched(start.get(0), 1);
      this.cells = start.size() > 1 ? batched(start.get(1), 1) : null;
      boolean drops = call.number("dropout").orElse(0) > 0 && call.number("train").orElse(0) == 1;
      if (drops) {
        throw refusal("it drops values at random; export the model in evaluation mode");
      }
      int each = call.number("has_biases").orElse(0) == 1 ? 4 : 2;
      if (parameters.size() != layers * directions * each) {
        throw refusal("it has projections, which are not supported");
      }
    }

    private RuleException refusal(String why) {
      return new RuleException(
          "recurrent cannot explain layer '" + call.region().name() + "': " + why);
    }

    private Tensor batched(Tensor t, long axis) {
      return single ? t.unsqueeze(axis) : t;
    }

    /** Time, batch, features. */
    private Tensor timeFirst(Tensor t) {
      if (single) {
        return t.unsqueeze(1);
      }
      return batchFirst ? t.transpose(0, 1) : t;
    }

    private Tensor asGiven(Tensor t) {
      if (single) {
        return t.squeeze(1);
      }
      return batchFirst ? t.transpose(0, 1) : t;
    }

    List<Tensor> relevances(List<Tensor> relevance) {
      Tensor input = timeFirst(call.tensors("input").get(0));
      List<Tensor> ends = relevance.subList(1, relevance.size());
      List<List<Cell>> all = new ArrayList<>();
      List<Tensor> sequences = new ArrayList<>(List.of(input));
      for (int layer = 0; layer < layers; layer++) {
        List<Cell> both = new ArrayList<>();
        List<Tensor> outputs = new ArrayList<>();
        for (int direction = 0; direction < directions; direction++) {
          int number = layer * directions + direction;
          Cell cell = cell(number, ends.size() > 1 ? end(ends.get(1), number) : null);
          outputs.add(run(cell, sequences.get(layer), hidden.select(0, number), direction == 1));
          both.add(cell);
        }
        all.add(both);
        sequences.add(outputs.size() == 1 ? outputs.get(0) : torch.cat(vector(outputs), 2));
      }
      Tensor r = relevance.get(0) == null ? null : timeFirst(relevance.get(0));
      List<Tensor> ofStart = new ArrayList<>();
      for (int layer = layers - 1; layer >= 0; layer--) {
        Tensor below = null;
        List<Tensor> starts = new ArrayList<>();
        for (int direction = 0; direction < directions; direction++) {
          Cell cell = all.get(layer).get(direction);
          int number = layer * directions + direction;
          Tensor own = r == null ? null : r.narrow(2, direction * cell.width, cell.width);
          Tensor[] found =
              back(cell, sequences.get(layer), own, end(ends.get(0), number), direction == 1);
          below = below == null ? found[0] : below.add(found[0]);
          starts.add(found[1]);
        }
        ofStart.addAll(0, starts);
        r = below;
      }
      List<Tensor> result = Calls.nothing(call);
      give(result, "input", asGiven(r));
      giveStates(result, ofStart, all);
      return result;
    }

    private void give(List<Tensor> result, String argument, Tensor part) {
      int position = call.position(argument);
      if (position >= 0) {
        result.set(position, part);
      }
    }

    /** States that depend on the model's input get their share. */
    private void giveStates(List<Tensor> result, List<Tensor> ofStart, List<List<Cell>> all) {
      int position = call.position("hx");
      if (position < 0) {
        return;
      }
      Tensor ofHidden = torch.stack(vector(ofStart), 0);
      result.set(position, single ? ofHidden.squeeze(1) : ofHidden);
      List<Tensor> ofCells = new ArrayList<>();
      for (List<Cell> layer : all) {
        for (Cell cell : layer) {
          if (cell instanceof Lstm lstm) {
            ofCells.add(lstm.relevanceOfCell);
          }
        }
      }
      if (!ofCells.isEmpty()) {
        Tensor stacked = torch.stack(vector(ofCells), 0);
        result.set(position + 1, single ? stacked.squeeze(1) : stacked);
      }
    }

    private Tensor end(Tensor relevance, int number) {
      return relevance == null ? null : batched(relevance, 1).select(0, number);
    }

    private Cell cell(int number, Tensor relevanceOfCell) {
      int each = parameters.size() / (layers * directions);
      List<Tensor> own = parameters.subList(number * each, (number + 1) * each);
      Tensor state = cells == null ? null : cells.select(0, number);
      return Recurrent.this.cell(operator, own, state, relevanceOfCell);
    }

    private static Tensor run(Cell cell, Tensor sequence, Tensor start, boolean reversed) {
      int steps = (int) sequence.size(0);
      Tensor[] outputs = new Tensor[steps];
      Tensor h = start;
      cell.states.add(h);
      for (int i = 0; i < steps; i++) {
        int t = reversed ? steps - 1 - i : i;
        h = cell.step(sequence.select(0, t), h);
        cell.states.add(h);
        outputs[t] = h;
      }
      return torch.stack(new TensorVector(outputs), 0);
    }

    /** The relevances of the sequence below and of the first state. */
    private static Tensor[] back(
        Cell cell, Tensor sequence, Tensor relevance, Tensor end, boolean reversed) {
      int steps = (int) sequence.size(0);
      Tensor[] below = new Tensor[steps];
      Tensor r = end == null ? torch.zeros_like(cell.states.get(0)) : end;
      for (int i = steps - 1; i >= 0; i--) {
        int t = reversed ? steps - 1 - i : i;
        Tensor[] parts =
            cell.back(
                i, sequence.select(0, t), relevance == null ? r : r.add(relevance.select(0, t)));
        below[t] = parts[0];
        r = parts[1];
      }
      return new Tensor[] {torch.stack(new TensorVector(below), 0), r};
    }

    private static TensorVector vector(List<Tensor> tensors) {
      return new TensorVector(tensors.toArray(Tensor[]::new));
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "recurrent",
        Recurrent.class,
        "LSTM, GRU and their like, gates constant",
        v -> new Recurrent(v.get("stabilizer", Stabilizer.class)),
        Arguments.STABILIZER);
  }
}
