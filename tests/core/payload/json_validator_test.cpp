// SPDX-License-Identifier: Apache-2.0
#include "core/payload/json_validator.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/core/temporary_folder.hpp"

extern "C" int waybill_fuzz_json_validator(const std::uint8_t* data, std::size_t size);

using namespace waybill::core;

namespace {

bool accepts(std::string_view text) {
  json_validator v;
  return v.add(text) && v.finish();
}

}  // namespace

TEST_CASE("a JSON text is one, whatever it holds") {
  for (const auto* text :
       {"{}", "[]", "0", "-0.5e+3", "\"\"", "true", " null ", R"({"a":[1,{"b":"\u00e9\\\"/"}],"":2})", "\"é漢😀\""})
    CHECK(accepts(text));
  CHECK(accepts(std::string(512, '[') + std::string(512, ']')));
}

TEST_CASE("what is no JSON text is none") {
  for (const auto* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{1:2}",
                           "01",
                           "-",
                           "1.",
                           "1e",
                           ".5",
                           "+1",
                           "tru",
                           "nul",
                           "truex",
                           "{} {}",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\n\"",
                           "\"\xff\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xc0\xaf\"",
                           "\"\xf4\x90\x80\x80\"",
                           "]",
                           "[}",
                           "\xef\xbb\xbf{}",
                           "// x\n{}"})
    CHECK_FALSE(accepts(text));
  CHECK_FALSE(accepts(std::string(513, '[') + std::string(513, ']')));
}

TEST_CASE("the place of a fault is told") {
  json_validator v;
  CHECK(v.add("{\"a\":"));
  CHECK_FALSE(v.add("1,,"));
  CHECK(v.position() == 7);
  CHECK_FALSE(v.add("1"));
}

TEST_CASE("the corpus of JSON texts is judged alike however it is cut") {
  for (const auto& entry : std::filesystem::directory_iterator{WAYBILL_FUZZ_CORPUS "/json_validator"}) {
    INFO(entry.path());
    const auto bytes = tests::read_all(entry.path().string());
    for (std::size_t size = 0; size <= bytes.size(); ++size)
      CHECK(waybill_fuzz_json_validator(reinterpret_cast<const std::uint8_t*>(bytes.data()), size) == 0);
  }
}
