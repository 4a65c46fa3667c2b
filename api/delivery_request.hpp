// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "core/model/error.hpp"
#include "core/service.hpp"

namespace waybill::api {

/// Reads the body of POST /v1/deliveries, the hot path: one pass, no DOM. `content` is the exact bytes of payload.data,
/// `metadata` those of payload.metadata.
///
/// malformed_request: not acceptable JSON (one fault, with its place). validation_error: every field that breaks a rule, all at
/// once. `body_hash` is left for the caller, which knows the Idempotency-Key header. Pure; what the fuzz target calls.
[[nodiscard]] core::result<core::delivery_request> parse_delivery_request(std::string_view body, std::uint32_t max_depth);

/// 1 to 255 printable ASCII characters: the rule for idempotency keys, header and member alike.
[[nodiscard]] bool is_idempotency_key(std::string_view key);

}  // namespace waybill::api
