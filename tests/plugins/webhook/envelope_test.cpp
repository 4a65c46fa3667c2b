// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/envelope.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "../fake_host.hpp"

using namespace waybill::webhook;
using nlohmann::json;
using waybill::testing::fake_delivery;

namespace {

json envelope_of(fake_delivery what) { return json::parse(make_envelope(waybill::sdk::delivery{what.fill()})); }

}  // namespace

TEST_CASE("an envelope holds id, type, timestamp, data and metadata") {
  CHECK(envelope_of({}) == json{{"id", "dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2"},
                                {"type", "report"},
                                {"timestamp", "2026-01-31T09:15:00.123Z"},
                                {"data", {{"hello", "world"}}},
                                {"metadata", {{"department", "audit"}}}});
}

TEST_CASE("JSON content is spliced in as it stands") {
  fake_delivery what;
  what.content = "{ \"n\": 1.000000000000000000001,  \"n\": 2 }";
  CHECK(make_envelope(waybill::sdk::delivery{what.fill()}).find(what.content) != std::string::npos);
}

TEST_CASE("content that is not JSON goes as base64 beside its type and name") {
  fake_delivery what;
  what.content_type = "text/csv; charset=utf-8";
  what.filename = "a \"b\".csv";
  what.content = "a,b\n\xff";
  const auto e = envelope_of(what);
  CHECK(e["data"] == "YSxiCv8=");
  CHECK(e["dataEncoding"] == "base64");
  CHECK(e["contentType"] == "text/csv; charset=utf-8");
  CHECK(e["filename"] == "a \"b\".csv");
}

TEST_CASE("no content is null, no metadata an empty object") {
  fake_delivery what;
  what.content.clear();
  what.metadata.clear();
  CHECK(envelope_of(what)["data"].is_null());
  CHECK(envelope_of(what)["metadata"] == json::object());
}

TEST_CASE("media types of JSON are known") {
  for (const auto* yes :
       {"application/json", "Application/JSON; charset=utf-8", "text/json", "application/problem+json", "a/b+JSON ;x"})
    CHECK(is_json(yes));
  for (const auto* no : {"", "application/jsonp", "text/plain", "+json", "application/json5", "application/xml"})
    CHECK_FALSE(is_json(no));
}

TEST_CASE("the frame around a streamed content is the one of a content in memory") {
  fake_delivery what;
  const auto* raw = what.fill();
  for (const auto* type : {"application/json", "application/pdf"}) {
    what.content_type = type;
    raw = what.fill();
    const auto frame = frame_of(waybill::sdk::delivery{raw});
    const auto whole = make_envelope(waybill::sdk::delivery{raw});
    CHECK(whole.find(frame.prefix) == 0);
    CHECK(whole.substr(whole.size() - frame.suffix.size()) == frame.suffix);
  }
}
