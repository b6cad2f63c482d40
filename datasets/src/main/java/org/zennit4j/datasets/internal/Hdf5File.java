/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.hdf5.global.hdf5;
import org.bytedeco.javacpp.BytePointer;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.datasets.DatasetException;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/**
 * An HDF5 file. Thread-safe: the library itself works for one thread at a time. The caller closes
 * it; its data sets are closed with it.
 */
public final class Hdf5File implements AutoCloseable {
  /** Rows of one chunk: about this many bytes. */
  private static final long CHUNK_BYTES = 256 << 10;

  private final Path path;
  private final List<Hdf5Data> open = new ArrayList<>();
  private final Leaks.Trace trace;
  private long id;

  private Hdf5File(Path path, long id) {
    this.path = path;
    this.id = id;
    this.trace = Leaks.of(this, "the HDF5 file " + path);
  }

  /**
   * Opens a file for reading.
   *
   * @param path the file
   * @return the open file
   * @throws DatasetException if there is no such file or it is no HDF5
   */
  public static Hdf5File open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new DatasetException(path + ": no such file");
    }
    synchronized (Hdf5.LOCK) {
      Hdf5.load();
      return new Hdf5File(
          path,
          Hdf5.check(
              hdf5.H5Fopen(path.toString(), hdf5.H5F_ACC_RDONLY, hdf5.H5P_DEFAULT),
              "cannot read " + path));
    }
  }

  /**
   * Makes a file; what was there is lost.
   *
   * @param path the file; its folder must exist
   * @return the open, empty file
   */
  public static Hdf5File create(Path path) {
    synchronized (Hdf5.LOCK) {
      Hdf5.load();
      return new Hdf5File(
          path,
          Hdf5.check(
              hdf5.H5Fcreate(
                  path.toString(), hdf5.H5F_ACC_TRUNC, hdf5.H5P_DEFAULT, hdf5.H5P_DEFAULT),
              "cannot write " + path));
    }
  }

  long id() {
    if (id < 0) {
      throw new DatasetException(path + " was closed");
    }
    return id;
  }

  Path path() {
    return path;
  }

  /**
   * Lists what lies in a group.
   *
   * @param group its path, "/" for the root
   * @return the names, sorted
   */
  public List<String> names(String group) {
    synchronized (Hdf5.LOCK) {
      List<String> names = new ArrayList<>();
      for (long i = 0; ; i++) {
        long length =
            hdf5.H5Lget_name_by_idx(
                id(),
                group,
                hdf5.H5_INDEX_NAME,
                hdf5.H5_ITER_INC,
                i,
                (BytePointer) null,
                0,
                hdf5.H5P_DEFAULT);
        if (length < 0) {
          hdf5.H5Eclear2(hdf5.H5E_DEFAULT);
          return names;
        }
        byte[] name = new byte[Math.toIntExact(length) + 1];
        hdf5.H5Lget_name_by_idx(
            id(),
            group,
            hdf5.H5_INDEX_NAME,
            hdf5.H5_ITER_INC,
            i,
            name,
            name.length,
            hdf5.H5P_DEFAULT);
        names.add(new String(name, 0, name.length - 1, java.nio.charset.StandardCharsets.UTF_8));
      }
    }
  }

  /**
   * Opens a data set.
   *
   * @param name its path in the file
   * @return the data set; it belongs to this file
   * @throws DatasetException if there is none, or its type is no number
   */
  public Hdf5Data data(String name) {
    synchronized (Hdf5.LOCK) {
      for (Hdf5Data known : open) {
        if (known.name().equals(name)) {
          return known;
        }
      }
      long data =
          Hdf5.check(
              hdf5.H5Dopen2(id(), name, hdf5.H5P_DEFAULT), "cannot read " + name + " in " + path);
      return keep(new Hdf5Data(this, name, data));
    }
  }

  private Hdf5Data keep(Hdf5Data data) {
    open.add(data);
    return data;
  }

  /**
   * Makes a data set without rows, to which rows can be appended.
   *
   * @param name its path in the file; groups on the way are made
   * @param dtype the type of its elements
   * @param row the shape of one row; empty if a row is a number
   * @param level how hard it is packed: 0 not, 1 fast, 9 best
   * @return the data set; it belongs to this file
   */
  public Hdf5Data create(String name, DType dtype, long[] row, int level) {
    synchronized (Hdf5.LOCK) {
      long[] shape = new long[row.length + 1];
      System.arraycopy(row, 0, shape, 1, row.length);
      long[] most = shape.clone();
      most[0] = -1;
      long bytes = dtype.itemSize() * Arrays.stream(row).reduce(1, (a, b) -> a * b);
      long[] chunk = shape.clone();
      // A power of two, so that the chunks of parts come to lie on those of the whole.
      chunk[0] = Long.highestOneBit(Math.max(1, Math.min(256, CHUNK_BYTES / Math.max(1, bytes))));
      String what = "cannot write " + name + " to " + path;
      long space = Hdf5.check(hdf5.H5Screate_simple(shape.length, shape, most), what);
      long creation = Hdf5.check(hdf5.H5Pcreate(hdf5.H5P_CLS_DATASET_CREATE_ID_g()), what);
      long links = Hdf5.check(hdf5.H5Pcreate(hdf5.H5P_CLS_LINK_CREATE_ID_g()), what);
      long type = Hdf5Data.stored(dtype);
      try {
        Hdf5.check(hdf5.H5Pset_chunk(creation, chunk.length, chunk), what);
        // A date of its own would make two equal runs differ.
        Hdf5.check(hdf5.H5Pset_obj_track_times(creation, false), what);
        if (level > 0) {
          if (dtype.itemSize() > 1) {
            Hdf5.check(hdf5.H5Pset_shuffle(creation), what);
          }
          Hdf5.check(hdf5.H5Pset_deflate(creation, level), what);
        }
        Hdf5.check(hdf5.H5Pset_create_intermediate_group(links, 1), what);
        long data =
            Hdf5.check(
                hdf5.H5Dcreate2(id(), name, type, space, links, creation, hdf5.H5P_DEFAULT), what);
        return keep(new Hdf5Data(this, name, data));
      } finally {
        hdf5.H5Sclose(space);
        hdf5.H5Pclose(creation);
        hdf5.H5Pclose(links);
      }
    }
  }

  /**
   * Makes a data set of all of its rows.
   *
   * @param name its path in the file; groups on the way are made
   * @param rows its elements, of one dimension or more
   * @param level how hard it is packed: 0 not, 1 fast, 9 best
   * @return the data set; it belongs to this file
   */
  public Hdf5Data write(String name, NdArray rows, int level) {
    long[] shape = rows.shape();
    Hdf5Data data = create(name, rows.dtype(), Arrays.copyOfRange(shape, 1, shape.length), level);
    data.append(rows);
    return data;
  }

  /** Closes the file and its data sets; closing twice is harmless. */
  @Override
  public void close() {
    synchronized (Hdf5.LOCK) {
      if (id < 0) {
        return;
      }
      for (Hdf5Data data : open) {
        data.close();
      }
      long closing = id;
      id = -1;
      trace.close();
      Hdf5.check(hdf5.H5Fclose(closing), "cannot close " + path);
    }
  }
}
