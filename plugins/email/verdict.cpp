// SPDX-License-Identifier: Apache-2.0
#include "verdict.hpp"

#include <algorithm>
#include <string>

#include <waybill/transfer/retry_after.hpp>

namespace waybill::email {
namespace {

using sdk::category;
using sdk::result;
using transfer::ending;

[[nodiscard]] category category_of(std::int32_t status) {
  switch (status) {
    case 400:
    case 411:
    case 413:
    case 415:
    case 422:
      return category::validation;
    case 401:
    case 403:
    case 407:
      return category::authentication;
    case 404:
    case 405:
      return category::configuration;
    case 408:
    case 504:
      return category::timeout;
    case 429:
      return category::rate_limit;
    default:
      return category::remote;
  }
}

[[nodiscard]] std::string quoted(const smtp_reply& reply) {
  auto out = std::to_string(reply.code);
  if (!reply.enhanced.empty()) out += " " + reply.enhanced;
  if (const auto text = reply.text(); !text.empty()) out += " " + text.substr(0, 500);
  return out;
}

[[nodiscard]] bool starts_with(const std::string& text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
}

/// 4xx: later; 5xx: never, but for credentials, which the operator can put right, and for what is said before the mail is
/// spoken of, which is not about it.
[[nodiscard]] result of_reply(const smtp_reply& reply, smtp_stage stage) {
  const auto why = category_of(reply, stage);
  auto detail = "the server answered to " + std::string{name_of(stage)} + ": " + quoted(reply);
  if (why == category::rate_limit) return result::throttled(0, std::move(detail), reply.code);
  if (reply.code >= 500 && why != category::authentication && stage >= smtp_stage::sender)
    return result::reject(why, std::move(detail), reply.code);
  return result::retry(why, std::move(detail), reply.code);
}

[[nodiscard]] const char* message_of(const smtp_outcome& what) {
  switch (what.stage) {
    case smtp_stage::authentication:
      return "The mail server does not accept the credentials.";
    case smtp_stage::sender:
      return "The mail server does not accept the sender.";
    case smtp_stage::recipients:
      return "The mail server does not accept the recipients.";
    case smtp_stage::content:
      return "The mail server does not accept the mail.";
    default:
      return "The mail server does not serve us.";
  }
}

/// Nobody was accepted: the most hopeful of the replies decides.
[[nodiscard]] result of_recipients(const smtp_outcome& what) {
  const auto hopeful =
      std::find_if(what.recipients.begin(), what.recipients.end(), [](const auto& r) { return r.transient(); });
  return of_reply(hopeful != what.recipients.end() ? *hopeful : what.reply, smtp_stage::recipients);
}

/// The mail was taken; were all of its recipients?
[[nodiscard]] result of_accepted(const smtp_outcome& what, partial_refusal partial) {
  std::size_t later = 0;
  std::size_t never = 0;
  const smtp_reply* example = nullptr;
  for (const auto& reply : what.recipients) {
    if (reply.positive()) continue;
    if (reply.transient()) {
      if (later++ == 0) example = &reply;
    } else if (never++ == 0 && later == 0) {
      example = &reply;
    }
  }
  if (example == nullptr) return result::delivered(what.reply.code);
  const auto refused =
      std::to_string(later + never) + " of " + std::to_string(what.recipients.size()) + " recipients refused: ";
  auto r = result::delivered(what.reply.code);
  if (later > 0)
    r = result::retry(category_of(*example, smtp_stage::recipients), {}, example->code);
  else if (partial == partial_refusal::fail)
    r = result::reject(category_of(*example, smtp_stage::recipients), {}, example->code);
  r.detail = refused + quoted(*example);
  r.message = "The mail server refused " + std::to_string(later + never) + " of " + std::to_string(what.recipients.size()) +
              " recipients.";
  return r;
}

}  // namespace

category category_of(const smtp_reply& reply, smtp_stage stage) {
  // RFC 3463: 7.28 and 4.5.3 and their like are Google's and Microsoft's words for "too much".
  for (const auto* often : {"4.7.28", "4.7.32", "4.7.500", "4.5.3", "4.4.5"})
    if (starts_with(reply.enhanced, often)) return category::rate_limit;
  switch (reply.code) {
    case 454:
    case 530:
    case 534:
    case 535:
    case 538:
      return category::authentication;
    case 552:
    case 523:
      return category::validation;
    default:
      break;
  }
  if (stage == smtp_stage::authentication) return category::authentication;
  if (reply.enhanced.size() < 3)
    return stage == smtp_stage::recipients && reply.code >= 500 ? category::validation : category::remote;
  // x.1: addresses; x.3.4 and x.2.3: the mail is too large; x.6: its form.
  const auto subject = reply.enhanced.substr(1);
  const bool blames_mail = starts_with(subject, ".1.") || subject == ".3.4" || subject == ".2.3" || starts_with(subject, ".6.");
  return blames_mail && reply.code >= 500 ? category::validation : category::remote;
}

result judge_connection(ending how, const std::string& detail) {
  const auto retry = [&](category why, const char* message) {
    auto r = result::retry(why, detail);
    r.message = message;
    return r;
  };
  switch (how) {
    case ending::guard_refused:
      return retry(category::network, "The mail service's address may not be reached from here.");
    case ending::unresolved:
      return retry(category::network, "The mail service's name has no address.");
    case ending::unreachable:
      return retry(category::network, "The mail service could not be reached.");
    case ending::tls_failed:
      return retry(category::network, "No secure connection to the mail service could be made.");
    case ending::timed_out:
      return retry(category::timeout, "The mail service did not answer in time.");
    case ending::broken:
      return retry(category::network, "The connection ended before the mail service's answer was complete.");
    case ending::canceled:
      return result::canceled();
    case ending::body_failed:
      return retry(category::system, "The content could not be read.");
    case ending::answered:
    case ending::not_possible:
      break;
  }
  return retry(category::system, "The mail could not be sent.");
}

result judge_http(const transfer::outcome& what, const http_provider& provider, std::int64_t now_ms) {
  if (what.how != ending::answered) {
    auto r = judge_connection(what.how, what.detail);
    r.bytes_sent = what.bytes_sent;
    return r;
  }
  const auto status = what.status;
  result r;
  if (status >= 200 && status < 300) {
    r = result::delivered(status);
  } else {
    const auto why = category_of(status);
    r = result::retry(why, "the provider answered " + std::to_string(status), status);
    r.message = "The mail service answered with status " + std::to_string(status) + ".";
    if (const auto says = provider.complaint(what.body).substr(0, 500); !says.empty()) r.detail += ": " + says;
    if (status >= 300 && status < 400) r.detail += ": redirects are not followed";
    if (why == category::validation) r.what = sdk::action::reject;
    if (status == 429) r.what = sdk::action::throttled;
    if (status == 429 || status == 503)
      if (const auto wait = transfer::parse_retry_after(what.header("retry-after"), now_ms))
        r.retry_after_ms = static_cast<std::uint64_t>(wait->count());
  }
  r.bytes_sent = what.bytes_sent;
  return r;
}

result judge_http_test(const transfer::outcome& what, const http_provider& provider) {
  if (what.how != ending::answered) return judge_connection(what.how, what.detail);
  if (provider.passes(what.status, what.body)) return result::delivered(what.status);
  auto r = result::retry(category_of(what.status), "the provider answered " + std::to_string(what.status) + " to the test",
                         what.status);
  if (const auto says = provider.complaint(what.body).substr(0, 500); !says.empty()) r.detail += ": " + says;
  r.message = r.why == category::authentication ? "The mail service does not accept the credentials."
                                                : "The mail service answered with status " + std::to_string(what.status) + ".";
  return r;
}

result judge_smtp(const smtp_outcome& what, partial_refusal partial, std::size_t accepted_before) {
  result r;
  if (what.fault) {
    r = judge_connection(what.fault.how, what.fault.detail + " (at " + std::string{name_of(what.stage)} + ")");
  } else if (!what.unfit.empty()) {
    // The size of a mail does not change; what a server offers may.
    const bool too_large = what.stage == smtp_stage::sender;
    r = too_large ? result::reject(category::validation, what.unfit)
                  : result::retry(what.stage == smtp_stage::tls ? category::network : category::authentication, what.unfit);
    r.message = too_large ? "The mail is too large for the mail server." : "The mail server cannot be used as configured.";
  } else if (what.good()) {
    r = of_accepted(what, partial);
  } else {
    r = what.stage == smtp_stage::recipients ? of_recipients(what) : of_reply(what.reply, what.stage);
    r.message = message_of(what);
    // Those who have it are no failure; what is left was refused for good.
    if (accepted_before > 0 && r.what == sdk::action::reject && what.stage == smtp_stage::recipients &&
        partial == partial_refusal::deliver)
      r.what = sdk::action::delivered;
    if (r.what == sdk::action::delivered) r.why = category::none;
  }
  r.bytes_sent = what.bytes_sent;
  return r;
}

}  // namespace waybill::email
