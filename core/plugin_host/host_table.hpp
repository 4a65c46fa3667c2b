// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/model/time.hpp"
#include "core/telemetry/log.hpp"

#include <waybill/plugin.h>

namespace waybill::core {

/// The table every plugin of this process gets. Its slots let no exception out, take NULL for any pointer, and find what
/// they need through the token, the delivery or the context they are given.
[[nodiscard]] const wb_host& host_table();

/// The clock behind now_ms and monotonic_ms: the machine's until another is set. `time` must outlive its setting.
void set_host_clock(const clock& time);
/// Back to the machine's clock, if `time` is the one in use.
void unset_host_clock(const clock& time);

/// Sees every line plugins log, before it is written; for a checker that looks for secrets in them. Empty: nobody.
/// Called on the plugin's thread, one line at a time; must not log itself.
using plugin_log_observer = std::function<void(log_level, std::string_view type, std::string_view text)>;
void observe_plugin_log(plugin_log_observer observer);

}  // namespace waybill::core
