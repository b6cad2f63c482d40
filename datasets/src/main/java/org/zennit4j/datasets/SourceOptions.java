/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a dataset is read. Immutable.
 *
 * @param classNames the names of the model's classes, class 0 first; folders and labels in text are
 *     looked up in it. Empty: folders are numbered in the order of their names, as torchvision's
 *     ImageFolder does
 * @param data the array of samples in an npz or HDF5 file; absent: the usual names are tried
 * @param labels the array of labels in an npz or HDF5 file; absent: the usual names are tried
 * @param labelFile labels of an npy or idx file, in another npy or idx file
 * @param upright whether photographs are turned as EXIF says
 */
public record SourceOptions(
    List<String> classNames,
    Optional<String> data,
    Optional<String> labels,
    Optional<Path> labelFile,
    boolean upright) {

  /**
   * Copies the list.
   *
   * @param classNames the names of the model's classes, class 0 first; folders and labels in text
   *     are looked up in it. Empty: folders are numbered in the order of their names, as
   *     torchvision's ImageFolder does
   * @param data the array of samples in an npz or HDF5 file; absent: the usual names are tried
   * @param labels the array of labels in an npz or HDF5 file; absent: the usual names are tried
   * @param labelFile labels of an npy or idx file, in another npy or idx file
   * @param upright whether photographs are turned as EXIF says
   */
  public SourceOptions {
    classNames = List.copyOf(classNames);
  }

  /**
   * Returns what is usual: no names, usual arrays, photographs turned upright.
   *
   * @return the options
   */
  public static SourceOptions defaults() {
    return new SourceOptions(List.of(), Optional.empty(), Optional.empty(), Optional.empty(), true);
  }

  /**
   * Returns options with the names of the model's classes.
   *
   * @param names class 0 first
   * @return new options
   */
  public SourceOptions withClassNames(List<String> names) {
    return new SourceOptions(names, data, labels, labelFile, upright);
  }

  /**
   * Returns options with the array of samples in an npz or HDF5 file.
   *
   * @param name its name
   * @return new options
   */
  public SourceOptions withData(String name) {
    return new SourceOptions(classNames, Optional.of(name), labels, labelFile, upright);
  }

  /**
   * Returns options with the array of labels in an npz or HDF5 file.
   *
   * @param name its name
   * @return new options
   */
  public SourceOptions withLabels(String name) {
    return new SourceOptions(classNames, data, Optional.of(name), labelFile, upright);
  }

  /**
   * Returns options with a file of labels.
   *
   * @param file npy or idx, one integer a sample
   * @return new options
   */
  public SourceOptions withLabelFile(Path file) {
    return new SourceOptions(classNames, data, labels, Optional.of(file), upright);
  }

  /**
   * Returns options that say whether EXIF is followed.
   *
   * @param yes whether photographs are turned as it says
   * @return new options
   */
  public SourceOptions withUpright(boolean yes) {
    return new SourceOptions(classNames, data, labels, labelFile, yes);
  }
}
