// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <waybill/result.hpp>
#include <waybill/transfer/exchange.hpp>

#include "config.hpp"
#include "http_provider.hpp"
#include "smtp_session.hpp"

namespace waybill::email {

// What an outcome means (README.md has the tables). Records and references are added by the caller; complaints of the other
// side stand in `detail` and `message` and may echo a secret, which the caller takes out.

[[nodiscard]] sdk::result judge_connection(transfer::ending how, const std::string& detail);
/// `now_ms`: Unix time, for a Retry-After date.
[[nodiscard]] sdk::result judge_http(const transfer::outcome& what, const http_provider& provider, std::int64_t now_ms);
[[nodiscard]] sdk::result judge_http_test(const transfer::outcome& what, const http_provider& provider);

/// `accepted_before`: recipients that an earlier attempt reached.
[[nodiscard]] sdk::result judge_smtp(const smtp_outcome& what, partial_refusal partial, std::size_t accepted_before);
/// Of one reply that is not positive: its category.
[[nodiscard]] sdk::category category_of(const smtp_reply& reply, smtp_stage stage);

}  // namespace waybill::email
