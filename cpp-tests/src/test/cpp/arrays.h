/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>

namespace oracle {

/** Reads a NumPy file of float32, float64 or int64 in C order. */
torch::Tensor read_npy(const std::filesystem::path& file);

/** Writes a NumPy file, of float32 or float64; makes the folder. */
void write_npy(const std::filesystem::path& file, const torch::Tensor& tensor);

/** The arrays of a request: one NumPy file each, in one folder; names may end in .npy. */
class Arrays {
 public:
  explicit Arrays(std::filesystem::path folder) : folder_(std::move(folder)) {}

  torch::Tensor get(const std::string& name) const {
    std::filesystem::path file = folder_ / name;
    return read_npy(file.extension() == ".npy" ? file : folder_ / (name + ".npy"));
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace oracle
