// SPDX-License-Identifier: Apache-2.0
#include "verdict.hpp"

#include <algorithm>

#include <waybill/transfer/retry_after.hpp>

namespace waybill::webhook {
namespace {

using sdk::category;
using sdk::result;
using transfer::ending;

constexpr std::size_t longest_reference = 256;

[[nodiscard]] category category_of(std::int32_t status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return category::authentication;
    case 408:
    case 504:
      return category::timeout;
    case 429:
      return category::rate_limit;
    default:
      return category::remote;
  }
}

[[nodiscard]] bool blames_content(std::int32_t status) {
  return status == 400 || status == 411 || status == 413 || status == 415 || status == 422;
}

[[nodiscard]] result unanswered(const transfer::outcome& what) {
  const auto retry = [&](category why, const char* message) {
    auto r = result::retry(why, what.detail);
    r.message = message;
    return r;
  };
  switch (what.how) {
    case ending::guard_refused:
      return retry(category::network, "The receiver's address may not be reached from here.");
    case ending::unresolved:
      return retry(category::network, "The receiver's name has no address.");
    case ending::unreachable:
      return retry(category::network, "The receiver could not be reached.");
    case ending::tls_failed:
      return retry(category::network, "No secure connection to the receiver could be made.");
    case ending::timed_out:
      return retry(category::timeout, "The receiver did not answer in time.");
    case ending::broken:
      return retry(category::network, "The connection ended before the receiver's answer was complete.");
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

[[nodiscard]] result gone() {
  auto r = result::reject(category::remote, "the receiver answered 410: it is gone for good", 410);
  r.disable_destination = true;
  r.message = "The receiver says that it no longer exists.";
  return r;
}

}  // namespace

result judge_delivery(const transfer::outcome& what, const config& settings, std::int64_t now_ms) {
  const auto status = what.status;
  if (what.how != ending::answered) {
    auto r = unanswered(what);
    r.bytes_sent = what.bytes_sent;
    return r;
  }
  result r;
  if (status >= 200 && status < 300)
    r = result::delivered(status);
  else if (status == 410)
    r = gone();
  else {
    const auto& finals = settings.non_retryable_status;
    const bool final = std::find(finals.begin(), finals.end(), status) != finals.end();
    r = result::retry(category_of(status), "the receiver answered " + std::to_string(status), status);
    if (status >= 300 && status < 400) r.detail += ": redirects are not followed";
    r.message = "The receiver answered with status " + std::to_string(status) + ".";
    if (final) {
      r.what = sdk::action::reject;
      if (blames_content(status)) r.why = category::validation;
    } else if (status == 429 || status == 503) {
      if (status == 429) r.what = sdk::action::throttled;
      const auto wait = transfer::parse_retry_after(what.header("retry-after"), now_ms);
      if (wait) r.retry_after_ms = static_cast<std::uint64_t>(wait->count());
    }
  }
  r.bytes_sent = what.bytes_sent;
  return r;
}

result judge_test(const transfer::outcome& what) {
  if (what.how != ending::answered) return unanswered(what);
  if (category_of(what.status) != category::authentication) return result::delivered(what.status);
  auto r = result::retry(category::authentication, "the receiver answered " + std::to_string(what.status) + " to OPTIONS",
                         what.status);
  r.message = "The receiver does not accept the credentials.";
  return r;
}

std::string clean_reference(std::string_view text) {
  std::string out{text.substr(0, longest_reference)};
  for (auto& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

}  // namespace waybill::webhook
