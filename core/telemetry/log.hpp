// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/model/error.hpp"

namespace waybill::core {

enum class log_level : std::uint8_t { debug = 1, info, warning, error };

/// Structured logging on spdlog: a line is a stable event name, a sentence, and fields. Text or JSON, to standard error. A
/// field whose name marks a secret (authorization, password, secret, token, api key, cookie, signature, …) is written as
/// "••••" whatever its value. Thread-safe.
using log_field = std::pair<std::string_view, std::string>;
void log(log_level level, std::string_view event, std::string_view text, std::initializer_list<log_field> fields = {});
[[nodiscard]] bool log_enabled(log_level level);
/// level: debug | info | warning | error; format: text | json. validation_error for another word.
[[nodiscard]] result<void> set_up_logging(std::string_view level, std::string_view format);
/// Writes out what waits; later lines are written before log() returns. For the end of the process, which calls it by itself
/// on exit() but not on _exit() or abort().
void stop_logging();
/// Is this a name whose value must not be shown? Case-insensitive; also used for HTTP headers.
[[nodiscard]] bool names_a_secret(std::string_view field);

}  // namespace waybill::core
