/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.io.IOException;
import java.io.InputStream;
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
final class ModelArchive {
  private static final Pattern UNKNOWN =
      Pattern.compile("Unknown builtin op: ([\\w.]+::[\\w.]+\\w)");

  private ModelArchive() {}

  /**
   * Tells the usual mistakes apart.
   *
   * @param source the file's name for messages
   * @param checksums whether all bytes are compared with the CRC-32 in the archive's directory
   * @throws ModelLoadException if the file is no TorchScript archive, or damaged
   */
  static void check(Path file, String source, boolean checksums) {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> entries = Collections.list(zip.entries());
      checkKind(entries, source);
      if (checksums) {
        for (ZipEntry entry : entries) {
          checkEntry(zip, entry, source);
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new ModelLoadException(
          source
              + ": not a TorchScript archive, or a truncated one ("
              + e.getMessage()
              + "); save the model with torch.jit.save",
          e);
    }
  }

  /**
   * The operator that LibTorch did not find, if that is why it refused a model.
   *
   * @param refusal what LibTorch threw
   * @return such as {@code torchvision::nms}, or null
   */
  static String unknownOperator(RuntimeException refusal) {
    Matcher found = UNKNOWN.matcher(String.valueOf(refusal.getMessage()));
    return found.find() ? found.group(1) : null;
  }

  private static void checkKind(List<? extends ZipEntry> entries, String source) {
    Set<String> names = new HashSet<>();
    for (ZipEntry entry : entries) {
      names.add(entry.getName().substring(entry.getName().indexOf('/') + 1));
    }
    if (names.contains("models/model.json") || names.contains("serialized_exported_program.json")) {
      throw new ModelLoadException(
          source
              + ": a torch.export archive, which is not supported yet; save the model with torch.jit.save");
    }
    if (names.stream().noneMatch(n -> n.startsWith("code/") || n.equals("constants.pkl"))) {
      throw new ModelLoadException(
          source
              + ": holds weights or a pickled object but no program (a state dict?); build the model in Python, and save"
              + " torch.jit.trace(model.eval(), example) or torch.jit.script(model.eval()) with torch.jit.save");
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
