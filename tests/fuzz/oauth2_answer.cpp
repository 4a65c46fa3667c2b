// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/oauth2.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Whatever a token endpoint answers: a token can stand in a header and lives for a year at most, and an error's text holds
// nothing but a known shape of code.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  constexpr std::int64_t now_ms = 1'769'850'900'123;
  if (const auto token = waybill::transfer::parse_token(text, now_ms)) {
    if (token->text.empty() || !waybill::transfer::is_header_value(token->text)) std::abort();
    if (token->expires_at_ms < now_ms || token->expires_at_ms > now_ms + std::int64_t{365} * 86'400'000) std::abort();
    if (token->renew_at_ms > token->expires_at_ms || token->renew_at_ms < now_ms) std::abort();
  }
  waybill::transfer::outcome what;
  what.how = waybill::transfer::ending::answered;
  what.status = 400;
  what.body = text;
  if (waybill::transfer::why_no_token(what).error.size() > 63) std::abort();
  return 0;
}
