// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace waybill::webhook {

/// What a receiver says of one element of a batch.
struct item_answer {
  std::int32_t status = 0;           ///< 100 to 599, as a status of HTTP
  std::uint64_t retry_after_ms = 0;  ///< 0: it did not say
};
/// By the element's `id`.
using item_answers = std::unordered_map<std::string, item_answer>;

/// Reads {"results":[{"id":"…","status":200,"retryAfterMs":1000},…]}. Nothing if the answer is no such thing: then its status
/// speaks for all. An entry without a usable id and status is passed over; of two with one id the worse, that is the higher
/// status, holds.
[[nodiscard]] std::optional<item_answers> read_batch_answer(std::string_view body);

}  // namespace waybill::webhook
