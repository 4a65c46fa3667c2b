// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/batch_answer.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace waybill::webhook;

extern "C" int waybill_fuzz_batch_answer(const std::uint8_t* data, std::size_t size);

TEST_CASE("an answer with results is read element by element") {
  const auto read = read_batch_answer(
      R"({"took":5,"results":[{"id":"a","status":200},{"id":"b","status":429,"retryAfterMs":1500},{"id":"c","status":410}]})");
  REQUIRE(read);
  CHECK(read->size() == 3);
  CHECK(read->at("a").status == 200);
  CHECK(read->at("b").retry_after_ms == 1'500);
  CHECK(read->at("c").status == 410);
}

TEST_CASE("what is no such answer is none, and its status speaks for all") {
  for (const auto* body : {"", "ok", "[]", "{}", R"({"results":5})", R"({"results":[)", "\xff"})
    CHECK_FALSE(read_batch_answer(body));
  CHECK(read_batch_answer(R"({"results":[]})")->empty());
}

TEST_CASE("an entry without a usable id and status is passed over") {
  const auto read = read_batch_answer(R"({"results":[7,{"id":5,"status":200},{"id":"a"},{"id":"b","status":"200"},
    {"id":"c","status":99},{"id":"d","status":600},{"id":"e","status":500,"retryAfterMs":-1},{"status":200}]})");
  REQUIRE(read);
  CHECK(read->size() == 1);
  CHECK(read->at("e").retry_after_ms == 0);
}

TEST_CASE("of two entries with one id the worse holds, and no wait is longer than a month") {
  const auto read = read_batch_answer(
      R"({"results":[{"id":"a","status":500},{"id":"a","status":200},{"id":"b","status":429,"retryAfterMs":18446744073709551615}]})");
  CHECK(read->at("a").status == 500);
  CHECK(read->at("b").retry_after_ms == std::uint64_t{30} * 24 * 60 * 60 * 1'000);
}

TEST_CASE("the corpus of answers to batches holds") {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/batch_answer"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(waybill_fuzz_batch_answer(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
    ++replayed;
  }
  CHECK(replayed >= 10);
}
