// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "sdk/check/report.hpp"

#include <nlohmann/json.hpp>

namespace waybill::sdk::check {

struct options {
  std::string library;
  nlohmann::json config;                       ///< one the plugin should take; secrets in clear
  bool has_target = false;                     ///< the configuration leads to a live peer: deliveries and the test must succeed
  std::size_t deliveries = 32;                 ///< of the `threads` check
  std::chrono::milliseconds patience{10'000};  ///< the deadline of an ordinary call
  std::chrono::milliseconds grace{2'000};      ///< how late the answer to a deadline may be
  std::chrono::milliseconds settle{100};       ///< how long to look for what should not come, such as a second completion
  std::function<void(const std::string& check)> on_begin;
  std::function<void(const finding&)> on_finding;
};

/// Loads the plugin as the engine would and runs every check, in this process: a plugin that crashes takes it along. Uses
/// the process-wide plugin log observer and counters, so it must be alone. Takes up to `patience` per check if the plugin
/// does not answer.
[[nodiscard]] report run_suite(const options& settings);

}  // namespace waybill::sdk::check
