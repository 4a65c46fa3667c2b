// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <waybill/result.hpp>
#include <waybill/transfer/exchange.hpp>

#include "config.hpp"

namespace waybill::webhook {

/// What an outcome means for a delivery (README.md has the table). `now_ms`: Unix time, for a Retry-After date. Records and
/// references are added by the caller.
[[nodiscard]] sdk::result judge_delivery(const transfer::outcome& what, const config& settings, std::int64_t now_ms);
/// What it means for a connection test: every status but 401, 403 and 407 shows that the receiver is reachable.
[[nodiscard]] sdk::result judge_test(const transfer::outcome& what);
/// Printable ASCII of at most 256 characters.
[[nodiscard]] std::string clean_reference(std::string_view text);

}  // namespace waybill::webhook
