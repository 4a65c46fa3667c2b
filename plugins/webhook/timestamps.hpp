// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace waybill::webhook {

/// A time as text, without an allocation.
class iso8601 {
public:
  /// Unix time, ms, of the years 0 to 9999: `2026-01-31T09:15:00.123Z`.
  explicit iso8601(std::int64_t unix_ms);
  [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }

private:
  std::array<char, 24> text_;
};

}  // namespace waybill::webhook
