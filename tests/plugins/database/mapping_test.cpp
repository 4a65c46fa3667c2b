// SPDX-License-Identifier: Apache-2.0
#include "plugins/database/mapping.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "../fake_host.hpp"
#include "plugins/database/statements.hpp"

using namespace waybill::database;
using waybill::sdk::delivery;
using waybill::testing::fake_delivery;

extern "C" int waybill_fuzz_mapping(const std::uint8_t* data, std::size_t size);
extern "C" int waybill_fuzz_connection_string(const std::uint8_t* data, std::size_t size);

namespace {

std::string value(const std::string& pointer, std::string content, const std::string& content_type = "application/json") {
  fake_delivery what;
  what.content = std::move(content);
  what.content_type = content_type;
  std::string why;
  const auto row = mapping{{{"c", pointer, false}}}.row(delivery{what.fill()}, what.content, why);
  if (!row) return "! " + why;
  CHECK(row->size() == 2);
  CHECK(row->front().bytes == what.idempotency_key);
  return row->back().null ? "NULL" : row->back().bytes;
}

int replay(const std::string& name, int (*function)(const std::uint8_t*, std::size_t)) {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/" + name}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(function(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
    ++replayed;
  }
  return replayed;
}

}  // namespace

TEST_CASE("a pointer finds its value, as it was written") {
  const std::string text =
      R"({"s":"a\"b","n":1.500,"big":123456789012345678901234567890,"t":true,"z":null,"o":{ "x":[1, 2] },"":"empty","a/b":{"m~n":8}})";
  CHECK(value("/data/s", text) == "a\"b");
  CHECK(value("/data/n", text) == "1.500");
  CHECK(value("/data/big", text) == "123456789012345678901234567890");
  CHECK(value("/data/t", text) == "true");
  CHECK(value("/data/z", text) == "NULL");
  CHECK(value("/data/o", text) == R"({ "x":[1, 2] })");
  CHECK(value("/data/o/x/1", text) == "2");
  CHECK(value("/data/a~1b/m~0n", text) == "8");
  CHECK(value("/data", text) == text);
  CHECK(value("/data", "  42 ") == "  42");
}

TEST_CASE("what is not there is NULL, and what is no JSON is told") {
  CHECK(value("/data/missing", "{}") == "NULL");
  CHECK(value("/data/a/b", R"({"a":1})") == "NULL");
  CHECK(value("/data/3", "[1]") == "NULL");
  CHECK(value("/data/x", "a,b\n", "text/csv") == "NULL");
  CHECK(value("/data/x", R"({"y" 1})").front() == '!');
  CHECK(value("/data/x", R"({"x":"a\u0000b"})").find("NUL") != std::string::npos);
}

TEST_CASE("the delivery's own members have values") {
  CHECK(value("/deliveryId", "{}") == fake_delivery{}.delivery_id);
  CHECK(value("/createdAt", "{}") == "2026-01-31T09:15:00.123Z");
  CHECK(value("/size", "{}") == "2");
  CHECK(value("/metadata/department", "{}") == "audit");
  CHECK(value("/filename", "{}") == "NULL");
  CHECK(value("/content", "{}") == "{}");
}

TEST_CASE("statements quote their names and number their values") {
  table_settings table;
  table.schema = "s";
  table.table = "t\"t";
  table.reference_column = "id";
  table.values = mapping{{{"a", "/data", false}}};
  CHECK(
      insert_statement(table, 2) ==
      R"(INSERT INTO "s"."t""t" AS t ("idempotency_key", "a") VALUES ($1, $2), ($3, $4) ON CONFLICT ("idempotency_key") DO NOTHING RETURNING t."idempotency_key"::text, t."id"::text)");
  CHECK(most_rows(table) == 32'767);
}

TEST_CASE("the corpora of mappings and of connection strings hold") {
  CHECK(replay("mapping", &waybill_fuzz_mapping) >= 5);
  CHECK(replay("connection_string", &waybill_fuzz_connection_string) >= 5);
}
