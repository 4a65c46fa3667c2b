// SPDX-License-Identifier: Apache-2.0
#include "api/delivery_request.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using waybill::api::parse_delivery_request;
using waybill::core::error_code;

std::string data_of(const std::string& data) { return R"({"payload":{"type":"data","data":)" + data + "}}"; }

std::set<std::string> faults_of(const std::string& body) {
  const auto request = parse_delivery_request(body, 64);
  REQUIRE_FALSE(request);
  CHECK(request.error().code == error_code::validation_error);
  std::set<std::string> pointers;
  for (const auto& fault : request.error().fields) pointers.insert(fault.pointer);
  return pointers;
}

}  // namespace

TEST_CASE("a delivery request keeps the payload's data byte for byte") {
  for (const std::string data :
       {"12345678901234567890123", "0.1000", "{ \"a\" : [1.0,\"\\u00e9\"] }", "null", "\"x\"", "[]", "1e999", "-0"}) {
    const auto request = parse_delivery_request(data_of(" " + data + "\n "), 64);
    REQUIRE(request);
    CHECK(request->content == data);
  }
}

TEST_CASE("a delivery request is read whole") {
  const auto request = parse_delivery_request(
      R"({"organizationId":"org_01K0000000E008000000000001","destinations":["dst_01K0000000E008000000000002"],
          "payload":{"type":"report","data":{"a":1},"filename":"q1.json","contentType":"text/csv; charset=utf-8","metadata":{"n":0.10}},
          "options":{"priority":8,"idempotencyKey":"k 1","correlationId":"c","tags":["q1","ü"],
                     "scheduledAt":"2026-01-01T00:00:00.123Z","deliverWithinMs":86400000,"orderingKey":"o"}})",
      64);
  REQUIRE(request);
  CHECK(request->organization->to_string() == "org_01K0000000E008000000000001");
  REQUIRE(request->destinations.size() == 1);
  CHECK(request->destinations[0].to_string() == "dst_01K0000000E008000000000002");
  CHECK(request->payload_type == "report");
  CHECK(request->content == R"({"a":1})");
  CHECK(request->filename == "q1.json");
  CHECK(request->content_type == "text/csv; charset=utf-8");
  CHECK(request->metadata == R"({"n":0.10})");
  CHECK(request->priority == 8);
  CHECK(request->idempotency_key == "k 1");
  CHECK(request->correlation_id == "c");
  CHECK(request->tags == std::vector<std::string>{"q1", "ü"});
  CHECK(waybill::core::to_rfc3339(*request->scheduled_at) == "2026-01-01T00:00:00.123Z");
  CHECK(request->deliver_within->count() == 86'400'000);
  CHECK(request->ordering_key == "o");
}

TEST_CASE("a delivery request may leave nearly everything out") {
  const auto request = parse_delivery_request(data_of("1"), 64);
  REQUIRE(request);
  CHECK(request->destinations.empty());
  CHECK(request->priority == 5);
  CHECK(request->content_type == "application/json");
  CHECK(request->metadata == "{}");
  CHECK(parse_delivery_request(R"({"destinations":"default","payload":{"type":"data","data":1}})", 64)->destinations.empty());
}

TEST_CASE("every fault of a delivery request is told at once, each with its pointer") {
  CHECK(faults_of(R"({"organizationId":1,"destinations":[1,"x","dst_01K0000000E008000000000002"],"surprise":{"a":[1]},
                      "payload":{"type":"letter","data":1,"filename":"../x","contentType":"x","metadata":[],"payloadId":"pay_1"},
                      "options":{"priority":11,"idempotencyKey":"","correlationId":"","tags":["",1],"scheduledAt":"tomorrow",
                                 "deliverWithinMs":0,"orderingKey":2,"a/b":1}})") ==
        std::set<std::string>{"/organizationId", "/destinations/0", "/destinations/1", "/surprise", "/payload/type",
                              "/payload/filename", "/payload/contentType", "/payload/metadata", "/payload/payloadId",
                              "/options/priority", "/options/idempotencyKey", "/options/correlationId", "/options/tags/0",
                              "/options/tags/1", "/options/scheduledAt", "/options/deliverWithinMs", "/options/orderingKey",
                              "/options/a~1b"});
  CHECK(faults_of("{}") == std::set<std::string>{"/payload"});
  CHECK(faults_of(R"({"payload":{}})") == std::set<std::string>{"/payload/type", "/payload/data"});
  CHECK(faults_of(R"({"payload":1,"options":2,"destinations":3})") ==
        std::set<std::string>{"/payload", "/options", "/destinations"});
  CHECK(faults_of("[]") == std::set<std::string>{""});
  CHECK(faults_of(R"({"destinations":[],"payload":{"type":"data","data":1}})") == std::set<std::string>{"/destinations"});
  CHECK(faults_of(R"({"destinations":["dst_01K0000000E008000000000002","dst_01k0000000e008000000000002"],
                      "payload":{"type":"data","data":1}})") == std::set<std::string>{"/destinations"});
}

TEST_CASE("integers of a delivery request are integers within their bounds") {
  for (const std::string value : {"1.0", "1e0", "-1", "11", "99999999999999999999", "true", "\"5\"", "null"})
    CHECK(faults_of(R"({"payload":{"type":"data","data":1},"options":{"priority":)" + value + "}}") ==
          std::set<std::string>{"/options/priority"});
}

TEST_CASE("a delivery request that is no acceptable JSON is malformed, with the place") {
  for (const std::string body : {"", "{", "{}x", "{\"payload\":{\"type\":\"data\",\"data\":[1,]}}", "\"\xff\""}) {
    const auto request = parse_delivery_request(body, 64);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == error_code::malformed_request);
    CHECK(request.error().fields.size() == 1);
  }
  const auto deep = parse_delivery_request(data_of(std::string(10'000, '[') + std::string(10'000, ']')), 64);
  REQUIRE_FALSE(deep);
  CHECK(deep.error().message.find("nested more than 64 levels") != std::string::npos);
  const auto twice = parse_delivery_request(R"({"payload":{"type":"data","data":{"x":1,"x":2}}})", 64);
  REQUIRE_FALSE(twice);
  CHECK(twice.error().fields[0].pointer == "/payload/data/x");
}

TEST_CASE("the number of faults told is bounded") {
  std::string body = "{";
  for (int i = 0; i < 5'000; ++i) body += "\"m" + std::to_string(i) + "\":1,";
  const auto request = parse_delivery_request(body + "\"z\":1}", 64);
  REQUIRE_FALSE(request);
  CHECK(request.error().fields.size() == 100);
}

TEST_CASE("the corpus of delivery requests holds no surprise") {
  int replayed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_FUZZ_CORPUS "/delivery_request")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    INFO(entry.path());
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
    // Every way of cutting it short, too.
    for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 600); ++size)
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), size);
    ++replayed;
  }
  CHECK(replayed >= 20);
}
