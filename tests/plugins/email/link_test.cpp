// SPDX-License-Identifier: Apache-2.0
// Content that is too large for an attachment.
#include <catch2/catch.hpp>

#include "destination.hpp"
#include "mail_apis.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

json config() {
  return {{"provider", mail_apis::instance().provider("postmark")},
          {"from", "reports@example.com"},
          {"to", {"a@example.com"}},
          {"subject", "s"},
          {"text", "Hello"},
          {"attachment", {{"maxBytes", 10}, {"link", {{"expiryHours", 1.5}, {"maxAccess", 3}}}}}};
}

/// One delivery on a host whose link service answers like this; `options` is what it was asked for.
seen_result delivered(const json& settings, std::uint32_t answer, std::string* options = nullptr) {
  destination d{settings};
  d.context.link_create = [=](const wb_delivery*, std::string_view asked, std::string& link) {
    if (options != nullptr) *options = std::string{asked};
    link = "https://files.example.com/d/signed";
    return answer;
  };
  return d.deliver();
}

}  // namespace

TEST_CASE("a link goes in place of content above the limit") {
  std::string options;
  const auto seen = delivered(config(), WB_OK, &options);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  const auto mail = mail_apis::instance().mails().back();
  CHECK(mail["TextBody"] == "Hello\n\nreport.json (17 bytes): https://files.example.com/d/signed\n");
  CHECK(mail["attachments"].empty());
  CHECK(json::parse(options) == json::parse(R"({"expiryHours":1.5,"maxAccess":3})"));
  CHECK(json::parse(seen.request)["content"]["sentAs"] == "link");
  CHECK((seen.request + seen.response).find("/d/signed") == std::string::npos);
}

TEST_CASE("what cannot be linked fails, and says why") {
  struct row {
    std::uint32_t answer, action, category;
    const char* says;
  };
  for (const auto& r : {row{WB_NOT_FOUND, WB_ACTION_REJECT, WB_CATEGORY_CONFIGURATION, "no link service"},
                        row{WB_REFUSED, WB_ACTION_REJECT, WB_CATEGORY_CONFIGURATION, "refuses these options"},
                        row{WB_FAILED, WB_ACTION_RETRY, WB_CATEGORY_SYSTEM, "could not be made"}}) {
    const auto seen = delivered(config(), r.answer);
    INFO(seen.detail);
    CHECK(seen.action == r.action);
    CHECK(seen.category == r.category);
    CHECK(seen.detail.find(r.says) != std::string::npos);
  }
  auto refusing = config();
  refusing["attachment"]["oversize"] = "reject";
  const auto refused = delivered(refusing, WB_OK);
  CHECK(refused.action == WB_ACTION_REJECT);
  CHECK(refused.category == WB_CATEGORY_VALIDATION);
}
