// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>

#include "tests/core/temporary_folder.hpp"

#include <catch2/catch.hpp>

extern "C" int waybill_fuzz_config(const std::uint8_t* data, std::size_t size);
extern "C" int waybill_fuzz_config_texts(const std::uint8_t* data, std::size_t size);

using namespace waybill::core::tests;

namespace {

using fuzz_function = int (*)(const std::uint8_t*, std::size_t);

void run(fuzz_function fuzz, const std::string& bytes) {
  CHECK(fuzz(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
}

/// Every file of the corpus, then each a few times with a byte changed, cut or doubled.
void replay(fuzz_function fuzz, const std::string& name) {
  std::mt19937 random{1};
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{std::string{WAYBILL_FUZZ_CORPUS} + "/" + name}) {
    INFO(entry.path());
    ++files;
    const auto bytes = read_all(entry.path().string());
    run(fuzz, bytes);
    for (int i = 0; i < 200 && !bytes.empty(); ++i) {
      auto changed = bytes;
      const auto at = random() % changed.size();
      switch (random() % 3) {
        case 0:
          changed[at] = static_cast<char>(random());
          break;
        case 1:
          changed.resize(at);
          break;
        case 2:
          changed.insert(at, changed.substr(random() % changed.size()));
          break;
      }
      run(fuzz, changed);
    }
  }
  CHECK(files > 0);
}

}  // namespace

TEST_CASE("no file of the corpus breaks the reading of a configuration", "[fuzz]") { replay(waybill_fuzz_config, "config"); }

TEST_CASE("no file of the corpus breaks the reading of small texts", "[fuzz]") {
  replay(waybill_fuzz_config_texts, "config_texts");
}
