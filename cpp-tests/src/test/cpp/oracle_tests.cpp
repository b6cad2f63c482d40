/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * Runs the cases of request files, a test for each, and writes each result as the library does: OUTPUT/ID/relevance.0.npy.
 * Where a case says what to expect, the result is held to it.
 *
 *     oracle_tests OUTPUT REQUESTS ARRAYS [REQUESTS ARRAYS]...
 */
#include <ATen/Config.h>
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <gtest/gtest.h>
#include <torch/version.h>

#include "requests.h"

namespace oracle {

namespace {

/** |found - expected| <= atol + rtol |expected|, elementwise; NaN and infinite where that is expected. */
void expect_close(const std::string& what, const Tensor& found, const Tensor& expected, const json& tolerance) {
  ASSERT_EQ(found.sizes(), expected.sizes()) << what;
  Tensor wrong = at::isclose(found, expected, tolerance["rtol"], tolerance["atol"], /*equal_nan=*/true).logical_not();
  EXPECT_EQ(wrong.sum().item<int64_t>(), 0)
      << what << " differs by up to " << (found - expected).abs().max().item<double>();
}

class CaseTest : public testing::Test {
 public:
  CaseTest(std::shared_ptr<const Requests> requests, json one, std::filesystem::path output)
      : requests_(std::move(requests)), case_(std::move(one)), output_(std::move(output)) {}

  void TestBody() override {
    Attribution found = requests_->run(case_);
    std::filesystem::path folder = output_ / case_["id"].get<std::string>();
    write_npy(folder / "output.npy", found.output);
    write_npy(folder / "relevance.0.npy", found.relevance);
    if (case_.contains("expect")) {
      Arrays arrays = requests_->arrays(case_);
      const json& expect = case_["expect"];
      expect_close("output", found.output, arrays.get(expect["output"]), case_["tolerance"]);
      expect_close("relevance", found.relevance, arrays.get(expect["relevance"][0]), case_["tolerance"]);
    }
  }

 private:
  std::shared_ptr<const Requests> requests_;
  json case_;
  std::filesystem::path output_;
};

/** Headers of another version would compile, and then read memory in another layout. */
TEST(LibTorch, HasTheVersionOfTheHeaders) {
  std::string expected = std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
                         std::to_string(TORCH_VERSION_PATCH);
  EXPECT_NE(at::show_config().find("TORCH_VERSION=" + expected), std::string::npos) << at::show_config();
}

void register_cases(const char* requests, const char* arrays, const char* output) {
  auto file = std::make_shared<const Requests>(requests, arrays);
  for (const json& one : file->cases()) {
    std::string id = one["id"];
    testing::RegisterTest(
        one["model"].get<std::string>().c_str(), id.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [=]() -> testing::Test* { return new CaseTest(file, one, output); });
  }
}

}  // namespace

}  // namespace oracle

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc < 4 || argc % 2 != 0) {
    std::cerr << "usage: oracle_tests OUTPUT REQUESTS ARRAYS [REQUESTS ARRAYS]..." << std::endl;
    return 2;
  }
  for (int i = 2; i < argc; i += 2) {
    oracle::register_cases(argv[i], argv[i + 1], argv[1]);
  }
  return RUN_ALL_TESTS();
}
