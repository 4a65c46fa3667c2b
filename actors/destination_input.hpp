// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine_context.hpp"
#include "core/service.hpp"

#include <nlohmann/json.hpp>

namespace waybill::actors {

/// A destination that passed every check, not yet sealed.
struct checked_destination {
  core::destination resource;   ///< `config` unset; ids and times are the caller's to set
  nlohmann::json clear_config;  ///< secrets in clear, defaults filled in
};

/// All faults at once, pointers into the request body. May take as long as the plugin's validation.
[[nodiscard]] core::result<checked_destination> check_new_destination(const engine_context& context,
                                                                      const core::destination_input& input);
/// `stored` with the input laid over it: whole members for `replace`, an RFC 7396 merge patch of the config for `merge`. A
/// secret sent back as the redacted mark keeps its value. The type cannot change.
[[nodiscard]] core::result<checked_destination> check_changed_destination(const engine_context& context,
                                                                          const core::destination& stored,
                                                                          const core::destination_input& input,
                                                                          core::update_kind kind);

}  // namespace waybill::actors
