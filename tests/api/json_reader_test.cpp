// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"

#include <catch2/catch.hpp>
#include <string>

#include <nlohmann/json.hpp>

namespace {

using waybill::api::is_acceptable_json;
using waybill::api::json_fault;
using waybill::api::json_kind;
using waybill::api::json_reader;

json_fault refusal(std::string_view text, std::uint32_t depth = 64) {
  json_fault fault;
  CHECK_FALSE(is_acceptable_json(text, depth, fault));
  return fault;
}

bool accepted(std::string_view text) {
  json_fault fault;
  return is_acceptable_json(text, 64, fault);
}

}  // namespace

TEST_CASE("the reader accepts every kind of JSON value") {
  for (const auto* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "10",
                           "1.5",
                           "1e5",
                           "1E-5",
                           "-0.0e+0",
                           "\"\"",
                           "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\\u00e9\\ud83d\\ude00\"",
                           "[]",
                           "{}",
                           " [ 1 , 2 ] ",
                           "{\"a\":{\"b\":[{}]}}",
                           "\t\n\r 1 ",
                           "\"ü€😀\"",
                           "12345678901234567890123456789",
                           "1e99999",
                           "{\"\":1}"})
    CHECK(accepted(text));
}

TEST_CASE("the reader refuses what is not JSON, and says where") {
  for (const auto* text :
       {"",        " ",         "{",           "[",        "]",          "}",     "[1",        "[1,",          "[1,]",
        "[,1]",    "{,}",       "{\"a\"}",     "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",   "tru",          "truex",
        "nul",     "NaN",       "Infinity",    "+1",       "01",         "1.",    ".5",        "1e",           "1e+",
        "-",       "--1",       "0x1",         "1 2",      "{}{}",       "[1 2]", "[1a]",      "\"",           "\"a",
        "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\\",       "// x",  "1 /* x */", "[\"a\" \"b\"]"})
    CHECK(refusal(text).rule == "json");
  CHECK(refusal("{\"a\": [1, 2, x]}").offset == 13);
  CHECK(refusal("{\"a\": [1, 2, x]}").pointer == "/a/2");
}

TEST_CASE("the reader refuses text that is not UTF-8, also where it is escaped") {
  for (const auto* text : {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xc0\xaf\"", "{\"\xff\":1}",
                           "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\""})
    CHECK(refusal(text).rule == "utf8");
  CHECK(refusal("\xef\xbb\xbf{}").rule == "json");  // a byte order mark (RFC 8259 section 8.1)
}

TEST_CASE("the reader refuses a member that comes twice, however it is spelled") {
  CHECK(refusal(R"({"a":1,"a":2})").rule == "duplicate");
  CHECK(refusal(R"({"a":1,"\u0061":2})").rule == "duplicate");
  CHECK(refusal(R"({"x":[0,{"b":1,"c":2,"b":3}]})").pointer == "/x/1/b");
  CHECK(accepted(R"({"a":{"a":1},"b":{"a":1}})"));
  CHECK(accepted(R"([{"a":1},{"a":1}])"));
}

TEST_CASE("the reader refuses a member that comes twice in a large object") {
  std::string text = "{";
  for (int i = 0; i < 1'000; ++i) text += "\"m" + std::to_string(i) + "\":0,";
  CHECK(accepted(text + "\"last\":0}"));
  CHECK(refusal(text + "\"m500\":0}").rule == "duplicate");
  CHECK(refusal(text + "\"\\u006d500\":0}").rule == "duplicate");
}

TEST_CASE("the reader bounds the depth") {
  CHECK(accepted(std::string(64, '[') + std::string(64, ']')));
  CHECK(refusal(std::string(65, '[') + std::string(65, ']')).rule == "depth");
  CHECK(refusal(std::string(10'000, '[') + "1" + std::string(10'000, ']')).rule == "depth");
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  CHECK(refusal(objects).rule == "depth");
}

TEST_CASE("the reader hands out a value as the bytes it stood in") {
  for (const auto* value :
       {"12345678901234567890123", "0.1000", "{\"a\" : [ 1.0 , \"\\u0041\" ] }", "\"\\u0041\"", "null", "1E400", "[ ]"}) {
    const auto text = std::string{" { \"k\" :\t"} + value + " \n} ";
    json_reader reader{text, 64};
    std::string_view name;
    std::string_view raw;
    REQUIRE(reader.enter_object());
    REQUIRE(reader.next_member(name));
    CHECK(name == "k");
    REQUIRE(reader.skip(raw));
    CHECK(raw == value);
    CHECK_FALSE(reader.next_member(name));
    CHECK(reader.finish());
  }
}

TEST_CASE("the reader undoes escapes") {
  const std::string text = R"(["\"\\\/\b\f\n\r\t\u0000\u00e9\u20ac\ud83d\ude00","ü"])";
  json_reader reader{text, 64};
  std::string out;
  REQUIRE(reader.enter_array());
  REQUIRE(reader.next_element());
  REQUIRE(reader.peek() == json_kind::string);
  REQUIRE(reader.read_string(out));
  CHECK(out == nlohmann::json::parse(text)[0].get<std::string>());
  REQUIRE(reader.next_element());
  REQUIRE(reader.read_string(out));
  CHECK(out == "ü");
  CHECK_FALSE(reader.next_element());
  CHECK(reader.finish());
}

TEST_CASE("the reader stays failed") {
  json_reader reader{"[1,x]", 64};
  std::string_view raw;
  CHECK_FALSE(reader.skip(raw));
  CHECK(reader.failed());
  CHECK_FALSE(reader.finish());
  CHECK_FALSE(reader.enter_array());
  CHECK(reader.peek() == json_kind::invalid);
}

TEST_CASE("a name in a pointer is escaped") {
  CHECK(waybill::api::pointer_token("a/b~c") == "a~1b~0c");
  CHECK(refusal(R"({"a/b":x})").pointer == "/a~1b");
}
