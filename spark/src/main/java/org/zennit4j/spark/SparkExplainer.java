/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.requests.CompositeReader;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.Provenance;
import org.zennit4j.requests.RequestException;

/**
 * Explains the rows of a DataFrame on Spark's executors. A row is a picture (the bytes of a file,
 * as {@code binaryFile} reads them) or an array of numbers with a shape. All its columns stay, and
 * these are added:
 *
 * <table>
 * <caption>Columns</caption>
 * <tr><td>{@code output}</td><td>array of float</td><td>the network's output</td></tr>
 * <tr><td>{@code prediction}</td><td>int</td><td>the class with the highest one</td></tr>
 * <tr><td>{@code relevance}</td><td>array of float</td><td>in C order, of this shape:</td></tr>
 * <tr><td>{@code relevance_shape}</td><td>array of int</td><td>such as 3, 224, 224</td></tr>
 * <tr><td>{@code heatmap}</td><td>binary</td><td>a PNG, {@linkplain #withHeatmap if asked
 *     for}</td></tr>
 * <tr><td>{@code reason}</td><td>string</td><td>null, or why the others are null: a picture that
 *     cannot be read, a shape that does not fit, NaN</td></tr>
 * </table>
 *
 * <p>Each executor loads the model once, for all its tasks, when the first row comes, and closes it
 * when the JVM ends; models of other settings that no task uses are closed when there are more than
 * a few. LibTorch's natives must be on the executors' class path ({@code --jars}). Immutable; safe
 * for use by several threads.
 */
public final class SparkExplainer implements Serializable {
  private static final long serialVersionUID = 1;

  private final Recipe recipe;

  /** The model's file, where the driver ships it. */
  private final Broadcast<byte[]> shipped;

  private final Columns columns;
  private final List<Long> shape;
  private final int target;
  private final int batchSize;
  private final int threads;

  private SparkExplainer(
      Recipe recipe,
      Broadcast<byte[]> shipped,
      Columns columns,
      List<Long> shape,
      int target,
      int batchSize,
      int threads) {
    this.recipe = recipe;
    this.shipped = shipped;
    this.columns = columns;
    this.shape = shape;
    this.target = target;
    this.batchSize = batchSize;
    this.threads = threads;
  }

  /**
   * An explainer of the model in a file that every executor has, with the composite that suits the
   * network, of the prediction, for {@code binaryFile}'s pictures preprocessed as {@link
   * Preprocessing#IMAGENET}, in batches of 32.
   *
   * @param model a path that every executor has
   * @return the explainer
   */
  public static SparkExplainer of(String model) {
    return of(model, null);
  }

  private static SparkExplainer of(String model, Broadcast<byte[]> shipped) {
    return new SparkExplainer(
        new Recipe(model, null, null, null, Preprocessing.IMAGENET, /* keepEnding= */ false),
        shipped,
        new Columns("content", null, null, "", /* png= */ false),
        List.of(),
        -1,
        32,
        0);
  }

  /**
   * An explainer of the model in a file of the driver, which Spark broadcasts to the executors; it
   * may have 2 GB.
   *
   * @param spark ships it
   * @param model torch.export or TorchScript
   * @return the explainer, otherwise as {@link #of}
   * @throws RequestException if there is no such file
   */
  public static SparkExplainer shipping(SparkSession spark, Path model) {
    try {
      // Not SparkContext.addFile: in Spark 4.0 the tasks of a session do not get its files.
      byte[] bytes = Files.readAllBytes(model);
      Broadcast<byte[]> shipped =
          JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(bytes);
      return of(model.getFileName() + ", SHA-256 " + Provenance.sha256(model), shipped);
    } catch (IOException e) {
      throw new RequestException("the model " + model + " cannot be read: " + e.getMessage(), e);
    }
  }

  private SparkExplainer with(Recipe changed) {
    return new SparkExplainer(changed, shipped, columns, shape, target, batchSize, threads);
  }

  private SparkExplainer with(Columns changed) {
    return new SparkExplainer(recipe, shipped, changed, shape, target, batchSize, threads);
  }

  /**
   * Chooses which layer gets which rule.
   *
   * @param composite a name, such as {@code epsilon_plus_flat}, which gets the canonizers and
   *     bounds that the command line gives it; or JSON, which stays as it is
   * @return a changed explainer
   * @throws Zennit4jException if there is none of that name, or the JSON is not understood
   */
  public SparkExplainer withComposite(String composite) {
    if (composite.strip().startsWith("{")) {
      new CompositeReader().read(composite);
    } else {
      Network.checkName(composite);
    }
    return with(
        new Recipe(
            recipe.model(), composite, null, null, recipe.preprocessing(), recipe.keepEnding()));
  }

  /**
   * Chooses one of SignXAI's methods instead of a composite.
   *
   * @param method its name
   * @param options of it, a JSON object
   * @return a changed explainer
   * @throws Zennit4jException if there is none of that name, or the JSON is not understood
   */
  public SparkExplainer withMethod(String method, String options) {
    MethodName.parse(method);
    if (!Json.parse(options).isObject()) {
      throw new RequestException("options of " + method + " are a JSON object, not " + options);
    }
    return with(
        new Recipe(
            recipe.model(), null, method, options, recipe.preprocessing(), recipe.keepEnding()));
  }

  /**
   * Chooses how pictures become the network's input. A network of one channel needs {@link
   * org.zennit4j.images.ColorOrder#GREY}.
   *
   * @param preprocessing also has the bounds of the input, for rules that need them
   * @return a changed explainer
   */
  public SparkExplainer withPreprocessing(Preprocessing preprocessing) {
    return with(
        new Recipe(
            recipe.model(),
            recipe.composite(),
            recipe.method(),
            recipe.options(),
            preprocessing,
            recipe.keepEnding()));
  }

  /**
   * Leaves a softmax or sigmoid at the end of the network, which is otherwise taken off.
   *
   * @param keep whether it stays
   * @return a changed explainer
   */
  public SparkExplainer withKeepEnding(boolean keep) {
    return with(
        new Recipe(
            recipe.model(),
            recipe.composite(),
            recipe.method(),
            recipe.options(),
            recipe.preprocessing(),
            keep));
  }

  /**
   * Explains one class in every row.
   *
   * @param number of the class
   * @return a changed explainer
   * @throws RequestException if it is negative
   */
  public SparkExplainer withTarget(int number) {
    if (number < 0) {
      throw new RequestException("a class has a number from 0 on, not " + number);
    }
    Columns without =
        new Columns(columns.input(), columns.shape(), null, columns.prefix(), columns.png());
    return new SparkExplainer(recipe, shipped, without, shape, number, batchSize, threads);
  }

  /**
   * Explains the class that a column names; a row without one gets nulls and a reason.
   *
   * @param name a column of numbers
   * @return a changed explainer
   */
  public SparkExplainer withTargetColumn(String name) {
    Columns changed =
        new Columns(columns.input(), columns.shape(), name, columns.prefix(), columns.png());
    return new SparkExplainer(recipe, shipped, changed, shape, -1, batchSize, threads);
  }

  /**
   * Chooses the column that is explained.
   *
   * @param name a column of bytes, which are picture files; {@code content} by default
   * @return a changed explainer
   */
  public SparkExplainer withPictures(String name) {
    return with(new Columns(name, null, columns.target(), columns.prefix(), columns.png()));
  }

  /**
   * Chooses a column of arrays that is explained, all of one shape. They are the network's input as
   * they are, in float32.
   *
   * @param name a column of arrays of numbers
   * @param sample the shape of one sample, without the batch
   * @return a changed explainer
   * @throws RequestException if there is no such shape
   */
  public SparkExplainer withArrays(String name, long... sample) {
    if (sample.length == 0 || Arrays.stream(sample).anyMatch(n -> n < 1)) {
      throw new RequestException("no shape of a sample: " + Arrays.toString(sample));
    }
    Columns changed = new Columns(name, null, columns.target(), columns.prefix(), columns.png());
    List<Long> sizes = Arrays.stream(sample).boxed().toList();
    return new SparkExplainer(recipe, shipped, changed, sizes, target, batchSize, threads);
  }

  /**
   * Chooses a column of arrays that is explained, and one of their shapes. Rows of different shapes
   * are explained in batches of their own.
   *
   * @param name a column of arrays of numbers
   * @param shapeColumn a column of arrays of numbers: the shape of each sample, without the batch
   * @return a changed explainer
   */
  public SparkExplainer withShapedArrays(String name, String shapeColumn) {
    return with(new Columns(name, shapeColumn, columns.target(), columns.prefix(), columns.png()));
  }

  /**
   * Sets how many rows are explained at once. The last digits of floating-point values may depend
   * on it, as with every batch.
   *
   * @param size at least 1
   * @return a changed explainer
   * @throws RequestException if it is smaller
   */
  public SparkExplainer withBatchSize(int size) {
    if (size < 1) {
      throw new RequestException("a batch has one row or more, not " + size);
    }
    return new SparkExplainer(recipe, shipped, columns, shape, target, size, threads);
  }

  /**
   * Sets how many threads LibTorch uses in each task, by default {@code spark.task.cpus}.
   *
   * @param number at least 1; 0 for the default
   * @return a changed explainer
   * @throws RequestException if it is smaller
   */
  public SparkExplainer withThreads(int number) {
    if (number < 0) {
      throw new RequestException("threads are 1 or more, or 0 for the task's cores, not " + number);
    }
    return new SparkExplainer(recipe, shipped, columns, shape, target, batchSize, number);
  }

  /**
   * Adds the column {@code heatmap} with a PNG of each row's relevance, where that is a picture's.
   *
   * @param png whether it is added
   * @return a changed explainer
   */
  public SparkExplainer withHeatmap(boolean png) {
    return with(
        new Columns(columns.input(), columns.shape(), columns.target(), columns.prefix(), png));
  }

  /**
   * Sets what the names of the added columns begin with, by default nothing.
   *
   * @param prefix such as {@code lrp_}
   * @return a changed explainer
   */
  public SparkExplainer withPrefix(String prefix) {
    return with(
        new Columns(columns.input(), columns.shape(), columns.target(), prefix, columns.png()));
  }

  /**
   * Adds the columns of explanations to a DataFrame. As usual with Spark, nothing is computed
   * before an action; a model that cannot be loaded fails the job then.
   *
   * @param rows pictures or arrays
   * @return the same rows, in the same order and partitions, with more columns
   * @throws RequestException if a column is missing, of another type, or has the name of an added
   *     one
   */
  public Dataset<Row> explain(Dataset<Row> rows) {
    StructType schema = rows.schema();
    boolean pictures = columns.pictures(schema);
    if (!pictures && columns.shape() == null && shape.isEmpty()) {
      throw new RequestException(
          "column "
              + columns.input()
              + " holds arrays: give their shape by withArrays or withShapedArrays");
    }
    RowInputs inputs =
        new RowInputs(columns, schema, pictures ? recipe.preprocessing() : null, shape, target);
    return rows.mapPartitions(
        new PartitionExplainer(recipe, shipped, inputs, columns.png(), batchSize, threads),
        Encoders.row(columns.result(schema)));
  }
}
