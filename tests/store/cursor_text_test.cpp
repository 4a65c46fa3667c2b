// SPDX-License-Identifier: Apache-2.0
#include "core/store/cursor_text.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

using namespace waybill::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

TEST_CASE("a cursor holds its id and belongs to its list") {
  for (const auto& id : {lowest_id, highest_id(), new_uuid7()}) {
    const auto text = make_cursor(cursor_kind::deliveries, id);
    CHECK(text.find_first_of("+/=&?# ") == std::string::npos);
    REQUIRE(read_cursor(cursor_kind::deliveries, text));
    CHECK(*read_cursor(cursor_kind::deliveries, text) == id);
    CHECK_FALSE(read_cursor(cursor_kind::dead_letters, text));
  }
}

TEST_CASE("a cursor with any one character changed is nearly always found out, and never crashes") {
  // An id that never changes, so that the count below is always the same.
  const id_bytes id{0x01, 0x9a, 0x4f, 0x2c, 0x7d, 0x10, 0x7b, 0x3e, 0x91, 0xc4, 0x5a, 0x66, 0x0f, 0xe8, 0x23, 0xb7};
  const auto good = make_cursor(cursor_kind::deliveries, id);
  int accepted = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int c = 0; c < 256; ++c) {
      auto bent = good;
      bent[i] = static_cast<char>(c);
      if (bent != good && read_cursor(cursor_kind::deliveries, bent)) ++accepted;
    }
  CHECK(accepted < 76);  // one in twenty of the 24 * 63 other texts of the alphabet
}

TEST_CASE("the corpus of the cursor fuzzer passes") {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator(WAYBILL_FUZZ_CORPUS "/store_cursor")) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
    ++replayed;
  }
  CHECK(replayed >= 3);
}
