/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "arrays.h"

#include <fstream>
#include <regex>
#include <sstream>

namespace oracle {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw std::runtime_error(file.string() + ": " + why);
}

}  // namespace

torch::Tensor read_npy(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  char magic[8];
  unsigned char length[2];
  if (!in.read(magic, 8) || !in.read(reinterpret_cast<char*>(length), 2) || magic[6] != 1) {
    refuse(file, "no NumPy file of version 1");
  }
  std::string header(length[0] + 256 * length[1], ' ');
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  std::smatch match;
  static const std::regex pattern("'descr': '<(f4|f8|i8)', 'fortran_order': False, 'shape': \\(([^)]*)\\)");
  if (!std::regex_search(header, match, pattern)) {
    refuse(file, "header not understood: " + header);
  }
  std::vector<int64_t> shape;
  std::stringstream sizes(match[2]);
  for (std::string size; std::getline(sizes, size, ',');) {
    if (size.find_first_not_of(' ') != std::string::npos) {
      shape.push_back(std::stoll(size));
    }
  }
  torch::ScalarType dtype = match[1] == "f4" ? torch::kFloat : match[1] == "f8" ? torch::kDouble : torch::kLong;
  torch::Tensor tensor = torch::empty(shape, dtype);
  if (!in.read(static_cast<char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()))) {
    refuse(file, "too short");
  }
  return tensor;
}

void write_npy(const std::filesystem::path& file, const torch::Tensor& tensor) {
  torch::Tensor dense = tensor.detach().contiguous();
  std::ostringstream header;
  header << "{'descr': '<f" << dense.element_size() << "', 'fortran_order': False, 'shape': (";
  for (int64_t size : dense.sizes()) {
    header << size << ", ";
  }
  header << "), }";
  std::string text = header.str();
  text.append(63 - (10 + text.size()) % 64, ' ');
  text.push_back('\n');
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.write("\x93NUMPY\x01\x00", 8);
  out.put(static_cast<char>(text.size() % 256)).put(static_cast<char>(text.size() / 256));
  out << text;
  out.write(static_cast<const char*>(dense.data_ptr()), static_cast<std::streamsize>(dense.nbytes()));
  if (!out) {
    refuse(file, "cannot be written");
  }
}

}  // namespace oracle
