/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Says how the results of cases were made, such that each sidecar is a file of requests itself. */
final class CaseSidecars {
  private final Provenance common;
  private final RequestFile file;
  private final RequestRunner.Form form;
  private final String device;

  /** Models are large, and many cases use one. */
  private final Map<Path, String> digests = new HashMap<>();

  CaseSidecars(Provenance common, RequestFile file, RequestRunner.Form form, String device) {
    this.common = common;
    this.file = file;
    this.form = form;
    this.device = device;
  }

  /** The sidecar of a case that worked; paths in it are relative to the folder. */
  Provenance of(
      ObjectNode node, Path model, Optional<Path> data, List<String> warnings, Path folder) {
    ObjectNode request = node.deepCopy();
    request.remove(List.of("expect", "tolerance", "reference_error"));
    if (!request.has("layers") && node.path("expect").has("layers")) {
      ArrayNode layers = request.putArray("layers");
      node.get("expect").get("layers").fieldNames().forEachRemaining(layers::add);
    }
    relocate(request, folder);
    data.ifPresent(path -> request.put("data", Provenance.relative(path, folder)));
    String name = node.get("model").textValue();
    Map<String, Object> files = new LinkedHashMap<>();
    files.put(file.form(name, form).toString(), Provenance.relative(model, folder));
    Provenance result = common.with("device", device).with("model", entry(model, folder));
    if (data.isPresent()) {
      result = result.with("data", entry(data.get(), folder));
    }
    return result
        .with("warnings", warnings)
        .with("models", Map.of(name, files))
        .with("cases", List.of(request));
  }

  private Map<String, Object> entry(Path path, Path folder) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("file", Provenance.relative(path, folder));
    entry.put("sha256", digests.computeIfAbsent(path, Provenance::sha256));
    return entry;
  }

  /** Arrays that are files, named relative to the requests, are named relative to the folder. */
  private void relocate(JsonNode node, Path folder) {
    if (node instanceof ObjectNode object) {
      List<String> keys = new ArrayList<>();
      object.fieldNames().forEachRemaining(keys::add);
      keys.forEach(key -> object.set(key, relocated(object.get(key), folder)));
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        array.set(i, relocated(array.get(i), folder));
      }
    }
  }

  private JsonNode relocated(JsonNode node, Path folder) {
    if (node.isTextual() && node.textValue().endsWith(".npy")) {
      Path path = file.resolve(node.textValue());
      if (Files.isRegularFile(path)) {
        return JsonNodeFactory.instance.textNode(Provenance.relative(path, folder));
      }
    }
    relocate(node, folder);
    return node;
  }
}
