/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <optional>
#include <utility>

#include "networks.h"

namespace oracle {

/** A request file; of each case the C++ side runs what the library runs for it. */
class Requests {
 public:
  /**
   * Reads a file.
   *
   * @param file JSON; models and arrays are found beside it
   * @param arrays the arrays of a data file x.npz are in the folder x of this one
   */
  Requests(const std::filesystem::path& file, std::filesystem::path arrays);

  /** The cases of the group "rule", and those without a group. */
  std::vector<json> cases() const;

  /** Runs a case; not for several threads. */
  Attribution run(const json& one) const;

  /** The arrays of a case. */
  Arrays arrays(const json& one) const;

 private:
  const torch::jit::Module& model(const std::string& name) const;

  std::filesystem::path folder_;
  std::filesystem::path arrays_;
  json root_;
  mutable std::pair<std::string, std::optional<torch::jit::Module>> last_;
};

}  // namespace oracle
