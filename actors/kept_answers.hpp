// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "actors/engine_context.hpp"
#include "core/model/once.hpp"

namespace waybill::actors {

/// The answer that an earlier request with this key got, opened; nothing if the key is free. idempotency_key_reused.
[[nodiscard]] core::result<std::optional<core::kept_answer>> earlier_answer(const engine_context& context,
                                                                            core::read_session& session,
                                                                            core::organization_id org,
                                                                            const core::once_claim& claim);

/// Keeps the answer to `made` in the transaction that made it, sealed: it may hold a secret that is shown this once.
[[nodiscard]] core::result<void> keep_answer(const engine_context& context, core::write_session& session,
                                             core::organization_id org, const core::once_call& call, const void* made);

}  // namespace waybill::actors
