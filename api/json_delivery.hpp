// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/service.hpp"
#include "core/store/records.hpp"

namespace waybill::api {

/// How much of an attempt a reader may see: `detail` is written for operators, `message` for customers (style: two texts).
enum class audience : std::uint8_t { customer = 1, operators };

/// Deliveries as clients see them (openapi.yaml: DeliveryReceipt, Delivery, Attempt, DeadLetter). JSON text.
/// The hot one: `base_url` needs no escaping in JSON (checked when the server starts).
[[nodiscard]] std::string receipt_text(const core::delivery_receipt& receipt, std::string_view base_url);
[[nodiscard]] std::string delivery_text(const core::delivery_view& view, audience reader, std::string_view base_url);
/// With the request as sent and the answer as received, redacted by the engine.
[[nodiscard]] std::string attempt_text(const core::attempt& attempt, audience reader);
[[nodiscard]] std::string dead_letter_text(const core::dead_letter& letter, std::string_view base_url);
/// With its attempts.
[[nodiscard]] std::string dead_letter_text(const core::dead_letter& letter, audience reader, std::string_view base_url);
[[nodiscard]] std::string queue_text(const core::queue_report& report, bool with_node);

}  // namespace waybill::api
