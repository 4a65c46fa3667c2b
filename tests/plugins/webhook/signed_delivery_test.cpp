// SPDX-License-Identifier: Apache-2.0
// Signed deliveries, judged by the reference library of Standard Webhooks.
#include <catch2/catch.hpp>

#include "destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

constexpr const char* secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr const char* other = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIGRlc3RpbmF0aW9u";

json secrets(std::initializer_list<std::pair<const char*, const char*>> list) {
  json out = json::array();
  for (const auto& [algorithm, text] : list)
    out.push_back({{"id", std::to_string(out.size())}, {"algorithm", algorithm}, {"secret", text}});
  return out;
}

node_program reference() { return {{WAYBILL_REFERENCE_RECEIVER, "0"}, {std::string{"WEBHOOK_SECRET="} + secret}}; }

}  // namespace

TEST_CASE("the reference library accepts what is signed, enveloped and raw, in memory and streamed") {
  const auto receiver = reference();
  for (const auto* format : {"envelope", "raw"})
    for (const bool streamed : {false, true}) {
      destination d{
          {{"url", receiver.url("/")}, {"bodyFormat", format}, {"signingSecrets", secrets({{"hmac-sha256", secret}})}}};
      fake_delivery what;
      what.content = "{\"text\":\"" + std::string(300'000, 't') + " \xc3\xa9\"}";
      what.streamed = streamed;
      const auto seen = d.deliver(what);
      INFO(seen.response);
      CHECK(seen.code == 204);
    }
}

TEST_CASE("during a rotation the reference library accepts by the old secret and by the new one") {
  const auto receiver = reference();
  for (const auto& list :
       {secrets({{"hmac-sha256", secret}, {"hmac-sha256", other}}), secrets({{"hmac-sha256", other}, {"hmac-sha256", secret}}),
        secrets({{"hmac-sha512", other}, {"hmac-sha256", secret}})}) {
    destination d{{{"url", receiver.url("/")}, {"signingSecrets", list}}};
    CHECK(d.deliver().code == 204);
  }
}

TEST_CASE("the reference library refuses another secret and no signature at all") {
  const auto receiver = reference();
  destination wrong{{{"url", receiver.url("/")}, {"signingSecrets", secrets({{"hmac-sha256", other}})}}};
  const auto seen = wrong.deliver();
  CHECK(seen.code == 401);
  CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(seen.response.find("No matching signature") != std::string::npos);
  destination none{{{"url", receiver.url("/")}}};
  CHECK(none.deliver().code == 401);
}

TEST_CASE("each algorithm signs under its own label, and no secret is recorded") {
  node_program receiver{{WAYBILL_RECEIVER}};
  const auto* ed25519 = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
  destination d{{{"url", receiver.url("/what")},
                 {"signingSecrets", secrets({{"hmac-sha256", secret}, {"hmac-sha512", other}, {"ed25519", ed25519}})}}};
  for (const bool streamed : {false, true}) {
    fake_delivery what;
    what.streamed = streamed;
    const auto seen = d.deliver(what);
    const auto got = json::parse(json::parse(seen.response)["body"].get<std::string>());
    const auto signature = got["headers"]["webhook-signature"].get<std::string>();
    CHECK(signature.find("v1,") == 0);
    CHECK(signature.find(" v1h512,") != std::string::npos);
    CHECK(signature.find(" v1a,") != std::string::npos);
    for (const auto* s : {secret, other, ed25519})
      CHECK((seen.request + seen.response + seen.detail).find(s) == std::string::npos);
  }
}

TEST_CASE("ed25519 refuses to sign a stream too large to gather") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{{{"url", receiver.url("/what")},
                 {"bodyFormat", "raw"},
                 {"signingSecrets", secrets({{"ed25519", "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="}})}}};
  fake_delivery what;
  what.size = 17 * 1'048'576;
  what.generated = [](std::uint64_t) { return 'g'; };
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
}

TEST_CASE("a delivery can be canceled while its body is being hashed") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{{{"url", receiver.url("/what")},
                 {"bodyFormat", "raw"},
                 {"timeoutMs", 60'000},
                 {"signingSecrets", secrets({{"hmac-sha256", secret}})}}};
  fake_delivery what;
  what.size = 2'000'000'000;
  what.timeout_ms = 60'000;
  what.generated = [](std::uint64_t) { return 'g'; };
  const auto token = d.start(what);
  webhook()->cancel(d.handler(), token);
  CHECK(fake_host::instance().wait(token)->action == WB_ACTION_CANCELED);
}
