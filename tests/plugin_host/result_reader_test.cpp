// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/result_reader.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <string>

#include "core/plugin_host/foreign_text.hpp"

using namespace waybill::core;

namespace {

wb_result well_formed(std::uint32_t action) {
  wb_result r{};
  r.struct_size = sizeof r;
  r.action = action;
  return r;
}

}  // namespace

TEST_CASE("A result is copied with everything it says") {
  auto r = well_formed(WB_ACTION_THROTTLED);
  const std::string request = R"({"method":"POST"})";
  r.category = WB_CATEGORY_RATE_LIMIT;
  r.code = 429;
  r.retry_after_ms = 1'500;
  r.bytes_sent = 12;
  r.disable_destination = 1;
  r.external_reference = view_of("ref-1");
  r.detail = view_of("too many requests");
  r.message = view_of("slow down");
  r.request = view_of(request);
  const auto out = read_result(&r);
  CHECK_FALSE(out.is_fault);
  CHECK(out.result.action == attempt_action::throttled);
  CHECK(out.result.category == failure_category::rate_limit);
  CHECK(out.result.code == 429);
  CHECK(out.result.retry_after == milliseconds{1'500});
  CHECK(out.result.bytes_sent == 12);
  CHECK(out.result.disable_destination);
  CHECK(out.result.external_reference == "ref-1");
  CHECK(out.result.detail == "too many requests");
  CHECK(out.result.message == "slow down");
  CHECK(out.result.request == request);
  CHECK(out.result.response.empty());
}

TEST_CASE("An action that does not exist, no result or a result without an action become retry and system") {
  auto garbage = well_formed(77);
  auto unset = well_formed(0);
  auto tiny = well_formed(WB_ACTION_DELIVERED);
  tiny.struct_size = 4;
  for (const wb_result* r : {static_cast<const wb_result*>(&garbage), static_cast<const wb_result*>(&unset),
                             static_cast<const wb_result*>(&tiny), static_cast<const wb_result*>(nullptr)}) {
    const auto out = read_result(r);
    CHECK(out.is_fault);
    CHECK(out.result.action == attempt_action::retry);
    CHECK(out.result.category == failure_category::system);
    CHECK_FALSE(out.result.detail.empty());
  }
}

TEST_CASE("Fields past the sender's size are unset") {
  auto r = well_formed(WB_ACTION_RETRY);
  r.code = 503;
  r.detail = view_of("past the end");
  r.struct_size = offsetof(wb_result, retry_after_ms);
  const auto out = read_result(&r);
  CHECK_FALSE(out.is_fault);
  CHECK(out.result.code == 503);
  CHECK(out.result.detail.empty());
}

TEST_CASE("A failure without a category gets one, a success has none") {
  auto retry = well_formed(WB_ACTION_RETRY);
  CHECK(read_result(&retry).result.category == failure_category::system);
  auto throttled = well_formed(WB_ACTION_THROTTLED);
  CHECK(read_result(&throttled).result.category == failure_category::rate_limit);
  auto delivered = well_formed(WB_ACTION_DELIVERED);
  delivered.category = WB_CATEGORY_REMOTE;
  CHECK(read_result(&delivered).result.category == failure_category::none);
  auto invented = well_formed(WB_ACTION_RETRY);
  invented.category = 99;
  const auto out = read_result(&invented);
  CHECK(out.is_fault);
  CHECK(out.result.category == failure_category::system);
}

TEST_CASE("A record that is too large or no JSON object is left out and says so") {
  auto r = well_formed(WB_ACTION_DELIVERED);
  const std::string large = "{\"a\":\"" + std::string(70'000, 'x') + "\"}";
  r.request = view_of(large);
  r.response = view_of("[1]");
  const auto out = read_result(&r);
  CHECK(out.is_fault);
  CHECK(out.result.action == attempt_action::delivered);
  CHECK(out.result.request == R"({"omitted":"larger than 65536 bytes","bytes":70008})");
  CHECK(out.result.response == R"({"omitted":"not a JSON object"})");
}

TEST_CASE("What counts as a record") {
  const auto verdict = [](std::string_view text) { return check_record(view_of(text)); };
  CHECK(verdict("") == record_verdict::empty);
  CHECK(verdict("{}") == record_verdict::good);
  CHECK(verdict(" {\"a\":[1,2,{\"b\":\"\\u00e9\"}]} ") == record_verdict::good);
  CHECK(verdict("{\"a\":1") == record_verdict::not_a_json_object);
  CHECK(verdict("{\"a\":1}}") == record_verdict::not_a_json_object);
  CHECK(verdict("{\"a\":\"\xff\"}") == record_verdict::not_a_json_object);
  CHECK(verdict("text") == record_verdict::not_a_json_object);
  std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
  CHECK(verdict(deep) == record_verdict::not_a_json_object);
}

TEST_CASE("Sizes without bytes are no bytes") {
  auto r = well_formed(WB_ACTION_DELIVERED);
  r.detail = wb_str{nullptr, UINT64_MAX};
  r.request = wb_str{nullptr, UINT64_MAX};
  const auto out = read_result(&r);
  CHECK(out.result.detail.empty());
  CHECK(out.result.request.empty());
}

TEST_CASE("Waiting times and byte counts without measure are cut to one") {
  auto r = well_formed(WB_ACTION_THROTTLED);
  r.retry_after_ms = UINT64_MAX;
  r.bytes_sent = UINT64_MAX;
  const auto out = read_result(&r);
  CHECK(out.result.retry_after == std::chrono::hours{24} * 400);
  CHECK(out.result.bytes_sent == static_cast<std::uint64_t>(INT64_MAX));
}

TEST_CASE("Texts are cut at a character, with what is not text replaced") {
  CHECK(clean_text("plain", 100) == "plain");
  CHECK(clean_text("tab\tand\nline", 100) == "tab\tand\nline");
  CHECK(clean_text(std::string_view{"a\0b\x1b[31m", 8}, 100) == "a b [31m");
  CHECK(clean_text("caf\xe9", 100) == "caf\xEF\xBF\xBD");
  CHECK(clean_text("\xF0\x9F\x98\x80\xF0\x9F", 100) == "\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(clean_text("0123456789", 8) == "01234\xE2\x80\xA6");
  CHECK(clean_text("0123\xC3\xA9"
                   "6789",
                   8) == "0123\xE2\x80\xA6");
  CHECK(clean_text("\xED\xA0\x80", 100) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}
