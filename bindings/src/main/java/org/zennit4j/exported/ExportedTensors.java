/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.Natives;

/**
 * The parameters, buffers and constants of an exported program, by name. An entry of the archive is
 * a storage: several tensors may look at it, each with sizes, strides and an offset of its own, and
 * equal ones are one tensor here.
 */
final class ExportedTensors implements AutoCloseable {
  /** A tensor whose strides are zero may stand for more elements than its storage holds. */
  private static final long MOST_ELEMENTS = 1L << 32;

  private static final int CHUNK = 1 << 20;

  /**
   * A tensor as stored.
   *
   * @param tensor on the CPU
   * @param names all names that stand for it, in the file's order
   */
  record Stored(Tensor tensor, List<String> names) {}

  /** Where the bytes of a storage come from. */
  interface Bytes {
    long size(String storage) throws IOException;

    InputStream stream(String storage) throws IOException;
  }

  /** How a tensor lies in its storage, in elements. */
  static final class Layout {
    private final ScalarType dtype;
    private final long[] sizes;
    private final long[] strides;
    private final long offset;

    Layout(ScalarType dtype, long[] sizes, long[] strides, long offset) {
      this.dtype = dtype;
      this.sizes = sizes;
      this.strides = strides;
      this.offset = offset;
    }

    String key() {
      return dtype + Arrays.toString(sizes) + Arrays.toString(strides) + offset;
    }
  }

  private final Map<String, Stored> byName = new LinkedHashMap<>();
  private final Map<String, Tensor> storages = new HashMap<>();
  private final Map<String, Stored> views = new HashMap<>();
  private final List<Pointer> owned = new ArrayList<>();

  /** Reads all tensors of an archive. */
  static ExportedTensors read(ExportedArchive archive) throws IOException {
    ExportedTensors tensors = new ExportedTensors();
    boolean done = false;
    try (PointerScope scope = new PointerScope()) {
      for (String kind : List.of("weights", "constants")) {
        if (archive.tensors(kind).isPresent()) {
          tensors.readTable(archive.tensors(kind).get(), kind, archive);
        } else if (archive.pickled(kind).isPresent()) {
          tensors.readPickled(archive.pickled(kind).get(), archive);
        } else if (kind.equals("weights")) {
          throw new ModelLoadException(
              "the archive is incomplete: it has no weights; torch.export.save was interrupted, or failed");
        }
      }
      done = true;
      return tensors;
    } finally {
      if (!done) {
        tensors.close();
      }
    }
  }

  private void readTable(ExportedJson table, String kind, ExportedArchive archive)
      throws IOException {
    Bytes bytes =
        new Bytes() {
          @Override
          public long size(String storage) {
            return archive.size(storage);
          }

          @Override
          public InputStream stream(String storage) throws IOException {
            return archive.stream(storage);
          }
        };
    for (Map.Entry<String, ExportedJson> entry : table.fields().entrySet()) {
      String name = entry.getKey();
      ExportedJson json = entry.getValue();
      if (json.has("use_pickle") && json.get("use_pickle").flag()) {
        throw new ModelLoadException(
            "the tensor '"
                + name
                + "' is pickled, which is not read; save the model with plain dense tensors");
      }
      ExportedJson meta = json.get("tensor_meta");
      if (meta.has("layout") && meta.get("layout").integer() != ExportedArgument.STRIDED) {
        throw new ModelLoadException("the tensor '" + name + "' is sparse, which is not supported");
      }
      Layout layout =
          new Layout(
              ExportedArgument.dtype(meta.get("dtype")),
              meta.get("sizes").elements().stream().mapToLong(ExportedJson::size).toArray(),
              meta.get("strides").elements().stream().mapToLong(ExportedJson::size).toArray(),
              meta.has("storage_offset") ? meta.get("storage_offset").size() : 0);
      add(name, "data/" + kind + "/" + json.text("path_name"), layout, bytes);
    }
  }

  private void readPickled(String entry, ExportedArchive archive) throws IOException {
    try (ExportedPickle pickle = ExportedPickle.open(entry, archive)) {
      for (Map.Entry<String, ExportedPickle.Entry> tensor : pickle.tensors().entrySet()) {
        add(
            tensor.getKey(),
            entry + "/" + tensor.getValue().storage(),
            tensor.getValue().layout(),
            pickle);
      }
    }
  }

  private void add(String name, String storage, Layout layout, Bytes bytes) throws IOException {
    Tensor data = storages.get(storage);
    if (data == null) {
      data = own(bytes(storage, bytes));
      storages.put(storage, data);
    }
    check(name, layout, data.numel());
    String key = storage + "\n" + layout.key();
    Stored stored = views.get(key);
    if (stored == null) {
      stored = new Stored(own(view(data, layout)), new ArrayList<>());
      views.put(key, stored);
    }
    byName.put(name, stored);
    stored.names().add(name);
  }

  private <P extends Pointer> P own(P pointer) {
    owned.add(Natives.keep(pointer));
    return pointer;
  }

  /** Entries may lie at any address in the file: the copy is aligned. */
  private static Tensor bytes(String storage, Bytes source) throws IOException {
    long size = source.size(storage);
    Tensor data = torch.empty(new long[] {size}, new TensorOptions(ScalarType.Byte), null);
    if (size == 0) {
      return data;
    }
    try (InputStream in = source.stream(storage);
        BytePointer target = new BytePointer(data.data_ptr())) {
      byte[] chunk = new byte[(int) Math.min(size, CHUNK)];
      long done = 0;
      while (done < size) {
        int n = in.readNBytes(chunk, 0, (int) Math.min(chunk.length, size - done));
        if (n == 0) {
          throw new ModelLoadException(
              "the entry '" + storage + "' ends after " + done + " of " + size + " bytes");
        }
        target.position(done).put(chunk, 0, n);
        done += n;
      }
    }
    return data;
  }

  /** Every element must lie in the storage; all numbers of the file may be wrong. */
  private static void check(String name, Layout layout, long bytes) {
    long[] sizes = layout.sizes;
    long[] strides = layout.strides;
    String what = "the tensor '" + name + "' of shape " + Arrays.toString(sizes);
    if (sizes.length != strides.length || sizes.length > 64) {
      throw new ModelLoadException(what + " has " + strides.length + " strides");
    }
    long element = torch.elementSize(layout.dtype);
    try {
      long elements = 1;
      long last = layout.offset;
      boolean bad = layout.offset < 0;
      for (int i = 0; i < sizes.length; i++) {
        bad |= sizes[i] < 0 || strides[i] < 0;
        elements = Math.multiplyExact(elements, sizes[i]);
        last = Math.addExact(last, Math.multiplyExact(Math.max(sizes[i] - 1, 0), strides[i]));
      }
      boolean inside = elements == 0 || Math.multiplyExact(last + 1, element) <= bytes;
      boolean large = elements > Math.max(MOST_ELEMENTS, bytes / element);
      if (bad || !inside || large) {
        throw new ModelLoadException(
            what
                + ", strides "
                + Arrays.toString(strides)
                + ", offset "
                + layout.offset
                + " does not fit into the "
                + bytes
                + " bytes that are stored");
      }
    } catch (ArithmeticException e) {
      throw new ModelLoadException(what + " has sizes that cannot be", e);
    }
  }

  private static Tensor view(Tensor data, Layout layout) {
    long element = torch.elementSize(layout.dtype);
    boolean empty = Arrays.stream(layout.sizes).anyMatch(size -> size == 0);
    if (empty) {
      return torch.empty(layout.sizes, new TensorOptions(layout.dtype), null);
    }
    Tensor whole = data.narrow(0, 0, data.numel() / element * element);
    return torch.as_strided(
        whole.view(layout.dtype), layout.sizes, layout.strides, new LongOptional(layout.offset));
  }

  /** A tensor, or null. */
  Stored get(String name) {
    return byName.get(name);
  }

  @Override
  public void close() {
    Natives.releaseAll(owned);
    owned.clear();
  }
}
