// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// Content is cut into pieces of this size, the last one shorter: the unit of storing, of reading and of memory.
inline constexpr std::size_t payload_chunk_bytes = 1'048'576;

/// Uploaded content, kept apart from the deliveries that name it and shared by them. Belongs to one organization: the same
/// bytes of another are another payload, so nobody learns what others have.
struct payload {
  payload_id id;
  organization_id organization;
  std::string content_type;
  std::uint64_t size = 0;
  sha256_digest sha256{};
  std::uint64_t references = 0;  ///< deliveries that name it
  utc_time created_at{};
  std::optional<utc_time> expires_at;  ///< when it goes if no delivery names it until then
};

/// What an attempt may take longer for a payload than for content in memory: a second per MiB, which even a slow line carries.
[[nodiscard]] inline milliseconds transfer_allowance(const delivery& content) {
  if (content.in_memory()) return milliseconds{0};
  return std::chrono::seconds{content.payload_size / payload_chunk_bytes + 1};
}

/// RFC 6839 and RFC 8259: `application/json`, `text/json` or a type with the suffix `+json`, parameters aside.
[[nodiscard]] bool is_json_media_type(std::string_view content_type);

}  // namespace waybill::core
