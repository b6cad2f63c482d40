/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import org.bytedeco.pytorch.global.torch;

/** Explains the rows of a partition, one batch after the other. */
final class PartitionExplainer implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1;

  private final Recipe recipe;
  private final Broadcast<byte[]> shipped;
  private final RowInputs inputs;
  private final boolean png;
  private final int batchSize;
  private final int threads;

  PartitionExplainer(
      Recipe recipe,
      Broadcast<byte[]> shipped,
      RowInputs inputs,
      boolean png,
      int batchSize,
      int threads) {
    this.recipe = recipe;
    this.shipped = shipped;
    this.inputs = inputs;
    this.png = png;
    this.batchSize = batchSize;
    this.threads = threads;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    TaskContext task = TaskContext.get();
    Network network = Networks.lease(recipe, shipped);
    // Also where the task fails, or nobody asks for the last row.
    task.addTaskCompletionListener((TaskCompletionListener) ended -> Networks.giveBack(network));
    // LibTorch keeps it by thread; a task has one.
    torch.set_num_threads(threads > 0 ? threads : task.cpus());
    return new Explained(rows, new BatchExplainer(network, inputs, png));
  }

  private final class Explained implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final BatchExplainer explainer;
    private Iterator<Row> ready = Collections.emptyIterator();

    Explained(Iterator<Row> rows, BatchExplainer explainer) {
      this.rows = rows;
      this.explainer = explainer;
    }

    @Override
    public boolean hasNext() {
      return ready.hasNext() || rows.hasNext();
    }

    @Override
    public Row next() {
      if (!ready.hasNext()) {
        if (!rows.hasNext()) {
          throw new NoSuchElementException();
        }
        List<Row> batch = new ArrayList<>(batchSize);
        while (batch.size() < batchSize && rows.hasNext()) {
          batch.add(rows.next());
        }
        ready = explainer.explain(batch).iterator();
      }
      return ready.next();
    }
  }
}
