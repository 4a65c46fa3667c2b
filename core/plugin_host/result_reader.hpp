// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"

#include <waybill/plugin.h>

namespace waybill::core {

/// What a plugin said, and whether it broke the contract in saying so.
struct read_outcome {
  attempt_result result;
  bool is_fault = false;
};

/// Copies a wb_result out of the plugin's memory: min(sizes), texts cleaned and capped, records kept only if they are JSON
/// objects of at most 64 KiB. Anything that cannot be understood becomes retry/system with a detail that names it.
[[nodiscard]] read_outcome read_result(const wb_result* foreign);

/// The engine's own verdict where the plugin gave none: retry/system.
[[nodiscard]] attempt_result system_failure(std::string detail);

}  // namespace waybill::core
