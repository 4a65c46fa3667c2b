// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "core/model/error.hpp"
#include "sdk/check/suite.hpp"

namespace waybill::sdk::check {

/// run_suite in a child process. A plugin that crashes, ends the process or goes silent for `silence` becomes a failed
/// finding of the check it did so in. Forks: call it while this process has one thread.
[[nodiscard]] core::result<report> run_isolated(options settings, std::chrono::milliseconds silence);

}  // namespace waybill::sdk::check
