// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int waybill_fuzz_download_headers(const std::uint8_t* data, std::size_t size);

TEST_CASE("what fuzzing found in the headers of a download is read without harm") {
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_FUZZ_CORPUS "/download_headers")) {
    INFO(entry.path());
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (std::size_t size = 0; size <= bytes.size(); ++size) CHECK(waybill_fuzz_download_headers(data, size) == 0);
    ++read;
  }
  CHECK(read > 5);
}
