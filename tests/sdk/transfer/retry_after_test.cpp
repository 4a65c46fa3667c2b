// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/retry_after.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using std::chrono::milliseconds;
using waybill::transfer::parse_retry_after;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::int64_t now_ms = 784'111'770'000;  // Sun, 06 Nov 1994 08:49:30 GMT
constexpr milliseconds year{std::int64_t{365} * 86'400'000};

}  // namespace

TEST_CASE("seconds are read") {
  CHECK(parse_retry_after("0", now_ms) == milliseconds{0});
  CHECK(parse_retry_after("120", now_ms) == milliseconds{120'000});
  CHECK(parse_retry_after(" 7 \r\n", now_ms) == milliseconds{7'000});
  CHECK(parse_retry_after("99999999999999999999999999999999", now_ms) == year);
}

TEST_CASE("each of the three HTTP-dates of RFC 9110 is read") {
  for (const auto* date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    CHECK(parse_retry_after(date, now_ms) == milliseconds{7'000});
}

TEST_CASE("a date in the past means now, one far ahead is capped") {
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:20 GMT", now_ms) == milliseconds{0});
  CHECK(parse_retry_after("Sat, 06 Nov 2094 08:49:20 GMT", now_ms) == year);
}

TEST_CASE("anything else is nothing") {
  for (const auto* text : {"", " ", "-1", "1.5", "soon", "1 2", "0x10", "2030-01-01", "20:30", "1e3", "Sun"})
    CHECK_FALSE(parse_retry_after(text, now_ms));
  CHECK_FALSE(parse_retry_after(std::string(1'000, '1'), now_ms));
}

TEST_CASE("the corpus of Retry-After texts holds") {
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/retry_after"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
  }
}
