/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * Attributes whenever it is told to, so that another program can take turns with it.
 *
 *     overhead MODEL THREADS CLASS
 *
 * Each line of the standard input is a file of inputs, a tab, and a composite as JSON; the answer is one line: the
 * nanoseconds that passed, the nanoseconds of processor time, and the sum of the relevance. Inputs and rules are kept
 * until a line names others.
 */
#include <chrono>
#include <ctime>
#include <iostream>

#include "networks.h"

namespace {

int64_t processor_time() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: overhead MODEL THREADS CLASS" << std::endl;
    return 2;
  }
  torch::jit::Module module = oracle::load(argv[1]);
  at::set_num_threads(std::stoi(argv[2]));
  int64_t target = std::stoll(argv[3]);
  std::string file;
  std::string composite;
  oracle::Tensor input;
  std::unique_ptr<oracle::Network> network;
  for (std::string line; std::getline(std::cin, line);) {
    size_t tab = line.find('\t');
    if (line.substr(0, tab) != file) {
      file = line.substr(0, tab);
      input = oracle::read_npy(file);
    }
    if (line.substr(tab + 1) != composite) {
      composite = line.substr(tab + 1);
      network.reset();
      network = oracle::Network::of(module, oracle::Composite(oracle::json::parse(composite), oracle::Arrays("")));
    }
    auto start = std::chrono::steady_clock::now();
    int64_t processor = processor_time();
    oracle::Attribution found = oracle::attribute(*network, input, [&](const oracle::Tensor& output) {
      return oracle::one_hot(output, std::vector<int64_t>(output.size(0), target));
    });
    processor = processor_time() - processor;
    auto passed = std::chrono::steady_clock::now() - start;
    std::cout << std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count() << ' ' << processor << ' '
              << found.relevance.sum().item<double>() << std::endl;
  }
  return 0;
}
