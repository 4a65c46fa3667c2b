// SPDX-License-Identifier: Apache-2.0
#include "http_verdict.hpp"

#include <waybill/host.hpp>
#include <waybill/transfer/retry_after.hpp>

namespace waybill::storage {
namespace {

using sdk::category;
using sdk::result;
using transfer::ending;

constexpr std::size_t longest_code = 64;
constexpr std::size_t longest_text = 256;

[[nodiscard]] category category_of(std::int32_t status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return category::authentication;
    case 404:
      return category::configuration;
    case 408:
    case 504:
      return category::timeout;
    case 429:
      return category::rate_limit;
    case 400:
    case 411:
    case 412:
    case 413:
    case 415:
    case 422:
      return category::validation;
    default:
      return category::remote;
  }
}

[[nodiscard]] const char* message_of(category why) {
  switch (why) {
    case category::authentication:
      return "The store does not accept the credentials, or they do not permit this.";
    case category::configuration:
      return "The store does not know the bucket or container.";
    case category::validation:
      return "The store refused the object.";
    case category::rate_limit:
      return "The store asks to slow down.";
    case category::timeout:
      return "The store did not answer in time.";
    default:
      return "The store could not take the object.";
  }
}

[[nodiscard]] result unanswered(const transfer::outcome& what) {
  const auto retry = [&](category why, const char* message) {
    auto r = result::retry(why, what.detail);
    r.message = message;
    return r;
  };
  switch (what.how) {
    case ending::guard_refused:
      return retry(category::network, "The store's address may not be reached from here.");
    case ending::unresolved:
      return retry(category::network, "The store's name has no address.");
    case ending::unreachable:
      return retry(category::network, "The store could not be reached.");
    case ending::tls_failed:
      return retry(category::network, "No secure connection to the store could be made.");
    case ending::timed_out:
      return retry(category::timeout, "The store did not answer in time.");
    case ending::broken:
      return retry(category::network, "The connection ended before the store's answer was complete.");
    case ending::canceled:
      return result::canceled();
    case ending::body_failed:
      return retry(category::system, "The content could not be read.");
    case ending::answered:
    case ending::not_possible:
      break;
  }
  return retry(category::system, "The request could not be made.");
}

}  // namespace

std::string clean_code(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, longest_code)) {
    const bool plain =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    if (plain) out += c;
  }
  return out;
}

std::string clean_text(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, longest_text)) out += c >= 0x20 && c < 0x7f ? c : ' ';
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

result judge_http(const transfer::outcome& what, std::string_view doing, const service_error& why) {
  if (what.how != ending::answered) {
    auto r = unanswered(what);
    if (r.what != sdk::action::canceled) r.detail = std::string{doing} + " failed: " + r.detail;
    return r;
  }
  const auto status = what.status;
  if (status >= 200 && status < 300) return result::delivered(status);
  auto r =
      result::retry(category_of(status), std::string{doing} + " failed: the store answered " + std::to_string(status), status);
  if (!why.code.empty()) r.detail += ", " + why.code;
  if (!why.message.empty()) r.detail += ": " + why.message;
  if (status >= 300 && status < 400) r.detail += " (redirects are not followed: check region and endpoint)";
  if (status == 429 || status == 503) {
    r.what = sdk::action::throttled;
    r.why = category::rate_limit;
    const auto wait = transfer::parse_retry_after(what.header("retry-after"), sdk::now_ms());
    if (wait) r.retry_after_ms = static_cast<std::uint64_t>(wait->count());
  }
  r.message = message_of(r.why);
  return r;
}

void add_records(result& into, const transfer::exchange& sent, const transfer::outcome& what,
                 const transfer::redactor& secrets) {
  std::string clean;
  if (secrets.scrub(into.detail, clean)) into.detail = clean;
  into.request = transfer::request_record(sent, secrets);
  into.response = transfer::response_record(what, secrets);
}

}  // namespace waybill::storage
