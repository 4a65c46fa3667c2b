// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::core {

using std::chrono::milliseconds;

/// Wall-clock UTC in milliseconds: what is stored and shown. Never used to measure a duration.
using utc_time = std::chrono::time_point<std::chrono::system_clock, milliseconds>;
/// Monotonic: deadlines and durations.
using mono_time = std::chrono::steady_clock::time_point;

/// RFC 3339 in UTC with milliseconds: `2026-01-31T09:15:00.123Z`.
[[nodiscard]] std::string to_rfc3339(utc_time time);
/// Accepts any RFC 3339 date-time (offset, fraction of 1 to 9 digits); nothing for anything else.
[[nodiscard]] std::optional<utc_time> parse_rfc3339(std::string_view text);

[[nodiscard]] inline std::int64_t to_unix_ms(utc_time time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline utc_time from_unix_ms(std::int64_t ms) { return utc_time{milliseconds{ms}}; }

/// The time, injected so that tests decide what it is. Thread-safe.
class clock {
public:
  virtual ~clock() = default;
  [[nodiscard]] virtual utc_time now() const = 0;
  [[nodiscard]] virtual mono_time monotonic() const = 0;
};

/// The clocks of the machine.
class system_clock final : public clock {
public:
  [[nodiscard]] utc_time now() const override {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] mono_time monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace waybill::core
