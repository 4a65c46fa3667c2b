// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int waybill_fuzz_storage_answers(const std::uint8_t* data, std::size_t size);
extern "C" int waybill_fuzz_storage_config(const std::uint8_t* data, std::size_t size);

namespace {

template <class Function>
void replay(const char* name, Function function) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator{std::string{WAYBILL_CORPUS "/"} + name}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    CHECK(function(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
    ++count;
  }
  CHECK(count > 0);
}

}  // namespace

TEST_CASE("what was found of stores' answers is read within bounds") {
  replay("storage_answers", waybill_fuzz_storage_answers);
}

TEST_CASE("what was found of configurations is good or has a fault") { replay("storage_config", waybill_fuzz_storage_config); }
