/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.zennit4j.requests.RequestException;

/**
 * Which columns are read, and which are added.
 *
 * @param input pictures (binary) or values (an array of numbers)
 * @param shape an array of numbers; null where all rows have one shape
 * @param target a number, the class to explain; null for another target
 * @param prefix of the names of the columns that are added
 * @param png whether heatmaps are drawn
 */
record Columns(String input, String shape, String target, String prefix, boolean png)
    implements Serializable {

  /** The columns of the result: those that came, then those that are added. */
  StructType result(StructType schema) {
    StructType result = schema;
    for (StructField field : added()) {
      if (Arrays.asList(schema.fieldNames()).contains(field.name())) {
        throw new RequestException(
            "the DataFrame has a column "
                + field.name()
                + " already: drop it, or choose other names by withPrefix");
      }
      result = result.add(field);
    }
    return result;
  }

  private List<StructField> added() {
    DataType floats = DataTypes.createArrayType(DataTypes.FloatType, false);
    List<StructField> fields = new ArrayList<>();
    fields.add(field("output", floats));
    fields.add(field("prediction", DataTypes.IntegerType));
    fields.add(field("relevance", floats));
    fields.add(field("relevance_shape", DataTypes.createArrayType(DataTypes.IntegerType, false)));
    if (png) {
      fields.add(field("heatmap", DataTypes.BinaryType));
    }
    fields.add(field("reason", DataTypes.StringType));
    return fields;
  }

  private StructField field(String name, DataType type) {
    return DataTypes.createStructField(prefix + name, type, /* nullable= */ true);
  }

  /** Whether the input is pictures; complains about columns of other types. */
  boolean pictures(StructType schema) {
    DataType type = type(schema, input);
    if (target != null && !(type(schema, target) instanceof NumericType)) {
      throw wrong(schema, target, "numbers: the classes to explain");
    }
    if (type instanceof BinaryType) {
      return true;
    }
    if (!isNumbers(type)) {
      throw wrong(schema, input, "bytes of picture files, or arrays of numbers");
    }
    if (shape != null && !isNumbers(type(schema, shape))) {
      throw wrong(schema, shape, "arrays of numbers: the shapes");
    }
    return false;
  }

  private static boolean isNumbers(DataType type) {
    return type instanceof ArrayType array && array.elementType() instanceof NumericType;
  }

  private static DataType type(StructType schema, String name) {
    if (!Arrays.asList(schema.fieldNames()).contains(name)) {
      throw new RequestException(
          "the DataFrame has no column "
              + name
              + "; it has "
              + String.join(", ", schema.fieldNames()));
    }
    return schema.apply(name).dataType();
  }

  private static RequestException wrong(StructType schema, String name, String wanted) {
    return new RequestException(
        "column "
            + name
            + " holds "
            + schema.apply(name).dataType().simpleString()
            + "; it must hold "
            + wanted);
  }
}
