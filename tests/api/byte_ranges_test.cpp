// SPDX-License-Identifier: Apache-2.0
#include "api/byte_ranges.hpp"

#include <catch2/catch.hpp>

using namespace waybill::api;

namespace {

using ranges = std::vector<byte_range>;

ranges parts_of(std::string_view field, std::uint64_t size = 100) {
  const auto wanted = parse_ranges(field, size);
  CHECK(wanted.verdict == range_verdict::parts);
  return wanted.parts;
}
range_verdict verdict_of(std::string_view field, std::uint64_t size = 100) { return parse_ranges(field, size).verdict; }

}  // namespace

TEST_CASE("a range is read from its first byte, to its last, or from the end") {
  CHECK(parts_of("bytes=0-9") == ranges{{0, 9}});
  CHECK(parts_of("bytes=90-") == ranges{{90, 99}});
  CHECK(parts_of("bytes=-10") == ranges{{90, 99}});
  CHECK(parts_of("Bytes = 5-5 ") == ranges{{5, 5}});
  CHECK(parts_of("bytes=-1000") == ranges{{0, 99}});
  CHECK(parts_of("bytes=10-1000") == ranges{{10, 99}});
  CHECK(parts_of("bytes=0-99999999999999999999999") == ranges{{0, 99}});
}

TEST_CASE("several ranges keep the order in which they were asked for") {
  CHECK(parts_of("bytes=50-59, 0-9 ,,-5") == ranges{{50, 59}, {0, 9}, {95, 99}});
  CHECK(parts_of("bytes=0-9,200-300") == ranges{{0, 9}});
}

TEST_CASE("ranges that all lie behind the end cannot be satisfied") {
  CHECK(verdict_of("bytes=100-") == range_verdict::unsatisfiable);
  CHECK(verdict_of("bytes=100-200,300-") == range_verdict::unsatisfiable);
  CHECK(verdict_of("bytes=-0") == range_verdict::unsatisfiable);
  CHECK(verdict_of("bytes=99999999999999999999-") == range_verdict::unsatisfiable);
}

TEST_CASE("what is no range, or asks too much, is answered with the whole") {
  for (const auto* field : {"", "bytes", "bytes=", "bytes=,", "items=0-9", "bytes=a-9", "bytes=9-0", "bytes=0-9;1", "bytes=--5",
                            "bytes=1", "bytes=0x1-2", "bytes=0-9,a", "bytes=-", "bytes=0-9,5-15", "bytes=0-59,60-99"})
    CHECK(verdict_of(field) == range_verdict::whole);
  std::string many = "bytes=0-0";
  for (std::size_t i = 1; i <= most_ranges; ++i) many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  CHECK(verdict_of(many) == range_verdict::whole);
}

TEST_CASE("entity tags are compared strongly for If-Match and weakly for If-None-Match") {
  CHECK(lists_etag("\"a\", \"b\"", "\"b\"", etag_match::strong));
  CHECK(lists_etag(" * ", "\"b\"", etag_match::strong));
  CHECK_FALSE(lists_etag("W/\"b\"", "\"b\"", etag_match::strong));
  CHECK(lists_etag("W/\"b\"", "\"b\"", etag_match::weak));
  CHECK_FALSE(lists_etag("\"bb\"", "\"b\"", etag_match::weak));
}
