// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/oauth2.hpp>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace waybill::transfer {
namespace {

using nlohmann::json;

constexpr std::int64_t assumed_lifetime_s = 300;
constexpr std::int64_t longest_lifetime_s = std::int64_t{365} * 24 * 3'600;

[[nodiscard]] std::int64_t lifetime_of(const json& answer) {
  const auto found = answer.find("expires_in");
  std::int64_t seconds = assumed_lifetime_s;
  if (found != answer.end() && found->is_number())
    seconds = static_cast<std::int64_t>(std::clamp(found->get<double>(), 0.0, 1e9));
  // Some servers send it as text.
  if (found != answer.end() && found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    if (!text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos)
      seconds = std::stoll(text);
  }
  return std::clamp<std::int64_t>(seconds, 0, longest_lifetime_s);
}

/// The `error` code of RFC 6749 section 5.2; nothing else of the answer, which may hold anything.
[[nodiscard]] std::string error_code(std::string_view answer) {
  const auto document = json::parse(answer.begin(), answer.end(), nullptr, false);
  if (!document.is_object()) return {};
  const auto found = document.find("error");
  if (found == document.end() || !found->is_string()) return {};
  const auto& code = found->get_ref<const std::string&>();
  const bool known_shape = code.size() < 64 && code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  return known_shape ? code : std::string{};
}

}  // namespace

std::string form_encoded(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out.append({'%', digits[u >> 4], digits[u & 15]});
  }
  return out;
}

std::optional<access_token> parse_token(std::string_view answer, std::int64_t now_ms) {
  const auto document = json::parse(answer.begin(), answer.end(), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto text = document.find("access_token");
  if (text == document.end() || !text->is_string()) return std::nullopt;
  const auto type = document.find("token_type");
  if (type != document.end() && type->is_string() && !equal_ignoring_case(type->get_ref<const std::string&>(), "bearer"))
    return std::nullopt;
  access_token token;
  token.text = text->get<std::string>();
  if (token.text.empty() || !is_header_value(token.text)) return std::nullopt;
  const auto next = document.find("refresh_token");
  if (next != document.end() && next->is_string()) token.refresh_token = next->get<std::string>();
  const auto lifetime_ms = lifetime_of(document) * 1'000;
  // A tenth of its life before the end, a minute at most: a request must not meet the end on its way.
  token.expires_at_ms = now_ms + lifetime_ms;
  token.renew_at_ms = token.expires_at_ms - std::min<std::int64_t>(lifetime_ms / 10, 60'000);
  return token;
}

token_failure why_no_token(const outcome& what) {
  token_failure failure;
  if (what.how != ending::answered) {
    failure.why = what.how == ending::timed_out ? sdk::category::timeout : sdk::category::network;
    failure.detail = "no OAuth 2.0 token: " + what.detail;
    return failure;
  }
  failure.code = what.status;
  if (what.status == 200) {
    failure.detail = "no OAuth 2.0 token: the answer holds none";
    return failure;
  }
  if (what.status == 429) failure.why = sdk::category::rate_limit;
  if (what.status >= 500) failure.why = sdk::category::remote;
  failure.error = error_code(what.body);
  failure.detail = "no OAuth 2.0 token: the token URL answered " + std::to_string(what.status);
  if (!failure.error.empty()) failure.detail += ", " + failure.error;
  return failure;
}

}  // namespace waybill::transfer
