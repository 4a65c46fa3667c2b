// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/model/time.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::core {

enum class log_format : std::uint8_t { text = 1, json };

/// One line of the log without its line feed: secrets masked, control characters escaped (a value cannot begin a line of its
/// own), values longer than 8 KiB cut, in JSON also bytes that are not UTF-8 replaced. Pure.
///   text: `2026-01-31T09:15:00.123Z INFO  node.ready Listening. address=127.0.0.1:8080`
///   json: `{"time":…,"level":"info","event":…,"message":…,"address":…}`
[[nodiscard]] std::string log_line(log_format format, utc_time time, log_level level, std::string_view event,
                                   std::string_view text, std::initializer_list<log_field> fields);

}  // namespace waybill::core
