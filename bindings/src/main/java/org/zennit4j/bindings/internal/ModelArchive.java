/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.zennit4j.bindings.ModelLoadException;

/** Looks into a model file before LibTorch does: what it is, and whether it is whole. */
public final class ModelArchive {
  private static final Pattern UNKNOWN =
      Pattern.compile("Unknown builtin op: ([\\w.]+::[\\w.]+\\w)");

  /** What a file is that can be read. */
  public enum Format {
    TORCH_SCRIPT,
    EXPORTED
  }

  /** The program in archives of torch up to 2.7, which have no root folder. */
  public static final String OLD_PROGRAM = "serialized_exported_program.json";

  /** What makes a file that can be read. */
  private static final String REMEDY =
      "; in Python: torch.export.save(torch.export.export(model.eval(), (example,)), \"model.pt2\")";

  private static final int SNIFFED = 4096;

  private ModelArchive() {}

  /**
   * Finds out what a file is, and tells the usual mistakes apart.
   *
   * @param source the file's name for messages
   * @param checksums whether all bytes are compared with the CRC-32 in the archive's directory
   * @return the format
   * @throws ModelLoadException if the file is no model that can be read, or damaged
   */
  public static Format check(Path file, String source, boolean checksums) {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> entries = Collections.list(zip.entries());
      Format format = format(zip, entries, source);
      if (checksums) {
        for (ZipEntry entry : entries) {
          checkEntry(zip, entry, source);
        }
      }
      return format;
    } catch (IOException | IllegalArgumentException e) {
      String kind = kind(file);
      throw new ModelLoadException(
          source
              + (kind == null
                  ? ": not a torch.export or TorchScript archive, or a truncated one ("
                      + e.getMessage()
                      + "); save the model with torch.export.save or torch.jit.save"
                  : ": " + kind),
          e);
    }
  }

  /** What a file is that is no zip, by its first bytes; null if that is not known. */
  private static String kind(Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(SNIFFED);
    } catch (IOException e) {
      return null;
    }
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    if (bytes.length >= 8 && text.startsWith("ET", 4)) {
      return "an ExecuTorch program, which is compiled for its own runtime; export the model it was made of"
          + REMEDY;
    }
    if (text.startsWith("version https://git-lfs")) {
      return "a pointer of Git LFS, not the model itself; fetch it with git lfs pull";
    }
    if (text.startsWith("\u0080") && text.length() > 2 && text.charAt(1) <= 5) {
      return "a pickled object of an old torch.save, which holds weights but no program that can be run"
          + " without Python; load it there"
          + REMEDY
          + ", or save it with torch.jit.save";
    }
    if (isSafetensors(bytes)) {
      return "safetensors, which hold weights but no program; load them into the model" + REMEDY;
    }
    if (text.startsWith("GGUF")) {
      return "a GGUF file, which holds weights but no program of PyTorch; take the PyTorch model"
          + REMEDY;
    }
    if (isOnnx(text)) {
      return "an ONNX model, which is not read; take the PyTorch model that it was made of"
          + REMEDY;
    }
    return null;
  }

  private static boolean isSafetensors(byte[] bytes) {
    if (bytes.length < 10 || bytes[8] != '{') {
      return false;
    }
    long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return header >= 2 && header < 1L << 32;
  }

  /** A protocol buffer whose first field is a small version and whose next is a text or message. */
  private static boolean isOnnx(String text) {
    return text.length() > 4
        && text.charAt(0) == 8
        && text.charAt(1) > 0
        && text.charAt(1) < 64
        && "\u0012\u001a\"*2:B".indexOf(text.charAt(2)) >= 0;
  }

  /**
   * The operator that LibTorch did not find, if that is why it refused a model.
   *
   * @param refusal what LibTorch threw
   * @return such as {@code torchvision::nms}, or null
   */
  public static String unknownOperator(RuntimeException refusal) {
    Matcher found = UNKNOWN.matcher(String.valueOf(refusal.getMessage()));
    return found.find() ? found.group(1) : null;
  }

  private static Format format(ZipFile zip, List<? extends ZipEntry> entries, String source)
      throws IOException {
    Set<String> names = new HashSet<>();
    ZipEntry pickle = null;
    for (ZipEntry entry : entries) {
      String name = entry.getName().substring(entry.getName().indexOf('/') + 1);
      names.add(name);
      pickle = name.equals("data.pkl") ? entry : pickle;
    }
    if (names.contains(OLD_PROGRAM)
        || names.stream().anyMatch(n -> n.startsWith("models/") && n.endsWith(".json"))) {
      return Format.EXPORTED;
    }
    if (names.stream().anyMatch(n -> n.startsWith("data/aotinductor/"))) {
      throw new ModelLoadException(
          source
              + ": an AOTInductor package: compiled code, in which there are no layers left; export the model instead"
              + REMEDY);
    }
    if (names.stream().anyMatch(n -> n.startsWith("code/") || n.equals("constants.pkl"))) {
      return Format.TORCH_SCRIPT;
    }
    if (names.stream().anyMatch(n -> n.startsWith("data/") && n.contains("sample_inputs"))
        || names.contains("archive_format")
        || names.contains("serialized_state_dict.pt")) {
      throw new ModelLoadException(
          source
              + ": an incomplete torch.export archive without a program: torch.export.save was interrupted, or failed;"
              + " look at its message, and save the model again"
              + REMEDY);
    }
    if (pickle == null) {
      throw new ModelLoadException(
          source + ": an archive that holds no model of PyTorch; save the model" + REMEDY);
    }
    throw new ModelLoadException(
        source
            + (isObject(zip, pickle)
                ? ": a pickled module: it can be run by the Python that has its class only; load it there"
                : ": holds weights but no program (a state dict?); build the model in Python, and load them into it")
            + REMEDY
            + ", or torch.jit.save of torch.jit.trace(model.eval(), example)");
  }

  /** Whether a pickle begins with an object of a class other than a dictionary. */
  private static boolean isObject(ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = zip.getInputStream(entry)) {
      String text = new String(in.readNBytes(SNIFFED), StandardCharsets.ISO_8859_1);
      return text.length() > 3
          && text.charAt(2) == 'c'
          && !text.startsWith("collections", 3)
          && !text.startsWith("torch._utils", 3);
    }
  }

  private static void checkEntry(ZipFile zip, ZipEntry entry, String source) throws IOException {
    CRC32 crc = new CRC32();
    byte[] buffer = new byte[1 << 16];
    long size = 0;
    try (InputStream in = zip.getInputStream(entry)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        crc.update(buffer, 0, n);
        size += n;
      }
    }
    if (size != entry.getSize() || crc.getValue() != entry.getCrc()) {
      throw new ModelLoadException(
          source
              + ": the file is damaged: the checksum of '"
              + entry.getName()
              + "' is wrong; copy it again from where it was saved");
    }
  }
}
