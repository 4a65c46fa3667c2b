// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine_context.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {

/// Reads a destination, its organization's policy, its secrets and its health, and opens its handler. Runs on a store reader
/// thread: it blocks for disk, and a plugin's `open` may be slow. Failures come in `opened.failure`.
[[nodiscard]] opened load_destination(engine_context& context, core::read_session& session, core::destination_id id);

/// The configuration a handler is opened with: secrets in clear, defaults filled in, signing secrets added.
[[nodiscard]] core::result<nlohmann::json> clear_config(engine_context& context, const core::destination& d,
                                                        const std::vector<core::signing_secret>& secrets);

}  // namespace waybill::actors
