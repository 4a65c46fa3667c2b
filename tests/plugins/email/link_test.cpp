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

/// What the host is told by link_create, and what it answers.
struct link_host {
  std::uint32_t answer = WB_OK;
  std::string options;
  fake_delivery* what = nullptr;
};
link_host& links() {
  static link_host one;
  return one;
}

/// The plugin copies the host's table when it is loaded, so this stands before.
void give_links() {
  auto* const table = const_cast<wb_host*>(fake_host::instance().table());
  table->link_create = [](wb_handler_ctx*, const wb_delivery*, wb_str options, char* buffer,
                          std::uint64_t* size) -> std::uint32_t {
    links().options = std::string{to_view(options)};
    const std::string_view link = "https://files.example.com/d/signed";
    std::copy(link.begin(), link.end(), buffer);
    *size = link.size();
    return links().answer;
  };
}

}  // namespace

TEST_CASE("a link goes in place of content above the limit, and what cannot be linked fails clearly") {
  give_links();
  auto& apis = mail_apis::instance();
  const auto delivered = destination{config()}.deliver();
  INFO(delivered.detail);
  REQUIRE(delivered.action == WB_ACTION_DELIVERED);
  const auto mail = apis.mails().back();
  CHECK(mail["TextBody"] == "Hello\n\nreport.json (17 bytes): https://files.example.com/d/signed\n");
  CHECK(mail["attachments"].empty());
  CHECK(json::parse(links().options) == json::parse(R"({"expiryHours":1.5,"maxAccess":3})"));
  CHECK(json::parse(delivered.request)["content"]["sentAs"] == "link");
  CHECK((delivered.request + delivered.response).find("/d/signed") == std::string::npos);
  struct row {
    std::uint32_t answer, action, category;
    const char* says;
  };
  for (const auto& r : {row{WB_NOT_FOUND, WB_ACTION_REJECT, WB_CATEGORY_CONFIGURATION, "no link service"},
                        row{WB_REFUSED, WB_ACTION_REJECT, WB_CATEGORY_CONFIGURATION, "refuses these options"},
                        row{WB_FAILED, WB_ACTION_RETRY, WB_CATEGORY_SYSTEM, "could not be made"}}) {
    links().answer = r.answer;
    const auto seen = destination{config()}.deliver();
    INFO(seen.detail);
    CHECK(seen.action == r.action);
    CHECK(seen.category == r.category);
    CHECK(seen.detail.find(r.says) != std::string::npos);
  }
  auto refusing = config();
  refusing["attachment"]["oversize"] = "reject";
  const auto refused = destination{refusing}.deliver();
  CHECK(refused.action == WB_ACTION_REJECT);
  CHECK(refused.category == WB_CATEGORY_VALIDATION);
}
