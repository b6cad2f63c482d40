/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "requests.h"

#include <fstream>

namespace oracle {

Requests::Requests(const std::filesystem::path& file, std::filesystem::path arrays)
    : folder_(file.parent_path()), arrays_(std::move(arrays)) {
  std::ifstream in(file);
  if (!in) {
    throw std::runtime_error("cannot read " + file.string());
  }
  root_ = json::parse(in);
}

std::vector<json> Requests::cases() const {
  std::vector<json> result;
  for (const json& one : root_["cases"]) {
    if (one.value("group", "rule") == "rule") {
      result.push_back(one);
    }
  }
  return result;
}

Arrays Requests::arrays(const json& one) const {
  return Arrays(
      one.contains("data") ? arrays_ / std::filesystem::path(one["data"].get<std::string>()).stem() : folder_);
}

const torch::jit::Module& Requests::model(const std::string& name) const {
  if (last_.first != name) {
    last_ = {name, load((folder_ / root_["models"][name]["scripted"].get<std::string>()).string())};
  }
  return *last_.second;
}

Attribution Requests::run(const json& one) const {
  Arrays arrays = this->arrays(one);
  std::unique_ptr<Network> network =
      Network::of(model(one["model"]), Composite(one.value("composite", json()), arrays));
  const json& target = one["target"];
  return attribute(*network, arrays.get(one["inputs"][0]), [&](const Tensor& output) {
    if (target.contains("seed")) {
      return arrays.get(target["seed"]);
    }
    return target.contains("output") ? output : one_hot(output, target["classes"].get<std::vector<int64_t>>());
  });
}

}  // namespace oracle
