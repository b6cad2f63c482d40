/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ModelLoadException;

/**
 * The pickled tensors of archives that torch up to 2.8 wrote: a zip in the zip, with a dictionary
 * from names to tensors. Only what such a dictionary is made of is read; nothing is executed, and
 * whatever else stands there is refused.
 */
final class ExportedPickle implements AutoCloseable, ExportedTensors.Bytes {
  private static final int LARGEST = 1 << 28;
  private static final int MOST_VALUES = 1 << 24;

  /** A tensor: the name of its storage and how it lies in it. */
  record Entry(String storage, ExportedTensors.Layout layout) {}

  /** A name of Python: a class or a function, which is never called. */
  private record Global(String name) {}

  /** A storage that a tensor lies in. */
  private record Storage(String key, ScalarType dtype) {}

  /** What stands where a call made something that does not matter. */
  private record Nothing() {}

  private static final Object MARK = new Object();

  private static final Map<String, ScalarType> DTYPES =
      Map.ofEntries(
          Map.entry("FloatStorage", ScalarType.Float),
          Map.entry("DoubleStorage", ScalarType.Double),
          Map.entry("HalfStorage", ScalarType.Half),
          Map.entry("BFloat16Storage", ScalarType.BFloat16),
          Map.entry("LongStorage", ScalarType.Long),
          Map.entry("IntStorage", ScalarType.Int),
          Map.entry("ShortStorage", ScalarType.Short),
          Map.entry("CharStorage", ScalarType.Char),
          Map.entry("ByteStorage", ScalarType.Byte),
          Map.entry("BoolStorage", ScalarType.Bool),
          Map.entry("ComplexFloatStorage", ScalarType.ComplexFloat),
          Map.entry("ComplexDoubleStorage", ScalarType.ComplexDouble));

  private final String entry;
  private final Path copy;
  private final ZipFile zip;
  private final String root;
  private final Map<String, Entry> tensors = new LinkedHashMap<>();

  private final List<Object> stack = new ArrayList<>();
  private final Map<Integer, Object> memo = new HashMap<>();
  private byte[] bytes;
  private int position;

  private ExportedPickle(String entry, Path copy, ZipFile zip) throws IOException {
    this.entry = entry;
    this.copy = copy;
    this.zip = zip;
    ZipEntry pickle =
        zip.stream()
            .filter(e -> e.getName().endsWith("/data.pkl"))
            .findFirst()
            .orElseThrow(() -> bad("holds no data.pkl"));
    this.root = pickle.getName().substring(0, pickle.getName().length() - "data.pkl".length());
    try (InputStream in = zip.getInputStream(pickle)) {
      this.bytes = in.readNBytes(LARGEST);
    }
    try {
      collect(read());
    } catch (IndexOutOfBoundsException | ClassCastException e) {
      throw new ModelLoadException(bad("is damaged").getMessage(), e);
    }
    this.bytes = null;
  }

  /** Opens the zip in the zip, by way of a temporary file. */
  static ExportedPickle open(String entry, ExportedArchive archive) throws IOException {
    Path copy = Files.createTempFile("zennit4j-weights", ".pt");
    ZipFile zip = null;
    try (InputStream in = archive.stream(entry)) {
      Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
      zip = new ZipFile(copy.toFile());
      return new ExportedPickle(entry, copy, zip);
    } catch (IOException | RuntimeException e) {
      if (zip != null) {
        zip.close();
      }
      Files.deleteIfExists(copy);
      throw e;
    }
  }

  /** The tensors by name, in the file's order. */
  Map<String, Entry> tensors() {
    return tensors;
  }

  private ZipEntry data(String storage) {
    String key = storage.substring(storage.lastIndexOf('/') + 1);
    ZipEntry found = zip.getEntry(root + "data/" + key);
    if (found == null || found.getMethod() != ZipEntry.STORED) {
      throw bad("has no data for the storage '" + key + "'");
    }
    return found;
  }

  @Override
  public long size(String storage) {
    return data(storage).getSize();
  }

  @Override
  public InputStream stream(String storage) throws IOException {
    return zip.getInputStream(data(storage));
  }

  private ModelLoadException bad(String what) {
    return new ModelLoadException(
        "the pickled tensors in '"
            + entry
            + "' cannot be read: the entry "
            + what
            + "; save the model with torch 2.9 or newer, which does not pickle them");
  }

  private void collect(Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw bad("holds no dictionary");
    }
    map.forEach(
        (name, tensor) -> {
          if (!(name instanceof String text) || !(tensor instanceof Entry found)) {
            throw bad("holds something else than tensors by name");
          }
          tensors.put(text, found);
        });
  }

  // ---- The few instructions that such a pickle is made of.

  private int next() {
    return bytes[position++] & 0xff;
  }

  private int little(int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
      value |= next() << (8 * i);
    }
    return value;
  }

  private String text(int length) {
    if (length < 0 || length > bytes.length - position) {
      throw bad("is damaged");
    }
    String text = new String(bytes, position, length, StandardCharsets.UTF_8);
    position += length;
    return text;
  }

  private String line() {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = next(); b != '\n'; b = next()) {
      line.write(b);
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  private Object pop() {
    return stack.remove(stack.size() - 1);
  }

  private List<Object> popToMark() {
    int mark = stack.lastIndexOf(MARK);
    List<Object> values = new ArrayList<>(stack.subList(mark + 1, stack.size()));
    stack.subList(mark, stack.size()).clear();
    return values;
  }

  private List<Object> popped(int count) {
    List<Object> values = new ArrayList<>(stack.subList(stack.size() - count, stack.size()));
    stack.subList(stack.size() - count, stack.size()).clear();
    return values;
  }

  private Object read() {
    while (true) {
      if (stack.size() > MOST_VALUES) {
        throw bad("is too large");
      }
      int code = next();
      switch (code) {
        case 0x80 -> next();
        case 0x95 -> position += 8;
        case '.' -> {
          return pop();
        }
        case '(' -> stack.add(MARK);
        case '}' -> stack.add(new LinkedHashMap<>());
        case ']' -> stack.add(new ArrayList<>());
        case ')' -> stack.add(List.of());
        case 'N' -> stack.add(new Nothing());
        case 0x88 -> stack.add(true);
        case 0x89 -> stack.add(false);
        case 'K' -> stack.add((long) next());
        case 'M' -> stack.add((long) little(2));
        case 'J' -> stack.add((long) little(4));
        case 0x8a -> stack.add(big(next()));
        case 'X' -> stack.add(text(little(4)));
        case 0x8c -> stack.add(text(next()));
        case 'c' -> stack.add(new Global(line() + "." + line()));
        case 0x93 -> {
          List<Object> names = popped(2);
          stack.add(new Global(names.get(0) + "." + names.get(1)));
        }
        case 'q' -> memo.put(next(), stack.get(stack.size() - 1));
        case 'r' -> memo.put(little(4), stack.get(stack.size() - 1));
        case 0x94 -> memo.put(memo.size(), stack.get(stack.size() - 1));
        case 'h' -> stack.add(recalled(next()));
        case 'j' -> stack.add(recalled(little(4)));
        case 't' -> {
          List<Object> tuple = popToMark();
          stack.add(tuple);
        }
        case 0x85 -> stack.add(popped(1));
        case 0x86 -> stack.add(popped(2));
        case 0x87 -> stack.add(popped(3));
        case 'Q' -> stack.add(storage((List<?>) pop()));
        case 'R' -> {
          List<?> arguments = (List<?>) pop();
          stack.add(made((Global) pop(), arguments));
        }
        case 's' -> {
          List<Object> pair = popped(2);
          put(pair.get(0), pair.get(1));
        }
        case 'u' -> {
          List<Object> pairs = popToMark();
          for (int i = 0; i + 1 < pairs.size(); i += 2) {
            put(pairs.get(i), pairs.get(i + 1));
          }
        }
        // The attributes of a dictionary or tensor.
        case 'b' -> pop();
        default -> throw bad(String.format("holds the instruction 0x%02x", code));
      }
    }
  }

  private Object recalled(int index) {
    Object value = memo.get(index);
    if (value == null) {
      throw bad("is damaged");
    }
    return value;
  }

  private long big(int count) {
    if (count > 8) {
      throw bad("holds a number of " + count + " bytes");
    }
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (long) next() << (8 * i);
    }
    int unused = 64 - 8 * count;
    return count == 0 ? 0 : value << unused >> unused;
  }

  @SuppressWarnings("unchecked") // every map on the stack was made here
  private void put(Object key, Object value) {
    ((Map<Object, Object>) stack.get(stack.size() - 1)).put(key, value);
  }

  /** {@code ('storage', class, key, device, numel)}. */
  private Storage storage(List<?> id) {
    if (id.size() != 5
        || !"storage".equals(id.get(0))
        || !(id.get(1) instanceof Global type)
        || !(id.get(2) instanceof String key)) {
      throw bad("names a storage that cannot be read");
    }
    String name = type.name().substring(type.name().lastIndexOf('.') + 1);
    return new Storage(key, DTYPES.get(name));
  }

  /** What a call would make; only the calls that tensors are made by are known. */
  private Object made(Global function, List<?> arguments) {
    return switch (function.name()) {
      case "collections.OrderedDict" -> new LinkedHashMap<>();
      case "torch._utils._rebuild_parameter" -> arguments.get(0);
      case "torch._utils._rebuild_tensor_v2" ->
          tensor(arguments, ((Storage) arguments.get(0)).dtype());
      case "torch._utils._rebuild_tensor_v3" ->
          tensor(arguments, dtype(((Global) arguments.get(6)).name()));
      default -> throw bad("calls " + function.name());
    };
  }

  private static ScalarType dtype(String name) {
    return switch (name) {
      case "torch.uint16" -> ScalarType.UInt16;
      case "torch.uint32" -> ScalarType.UInt32;
      case "torch.uint64" -> ScalarType.UInt64;
      case "torch.float8_e4m3fn" -> ScalarType.Float8_e4m3fn;
      case "torch.float8_e5m2" -> ScalarType.Float8_e5m2;
      default -> null;
    };
  }

  private Entry tensor(List<?> arguments, ScalarType dtype) {
    if (dtype == null) {
      throw bad("holds a tensor of a dtype that is not known");
    }
    Storage storage = (Storage) arguments.get(0);
    return new Entry(
        storage.key(),
        new ExportedTensors.Layout(
            dtype, longs(arguments.get(2)), longs(arguments.get(3)), (Long) arguments.get(1)));
  }

  private static long[] longs(Object list) {
    return ((List<?>) list).stream().mapToLong(number -> (Long) number).toArray();
  }

  @Override
  public void close() throws IOException {
    zip.close();
    Files.deleteIfExists(copy);
  }
}
