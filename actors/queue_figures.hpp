// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "actors/engine_context.hpp"
#include "core/queue/queue_pressure.hpp"

namespace waybill::actors {

/// The queue of the whole node as it stands, for its operator. Costs no look at the store.
[[nodiscard]] core::node_pressure node_pressure_of(const engine_context& context, std::size_t most_organizations);
/// The same for /metrics, with series of the deepest organizations by `telemetry.organizationSeries`.
void add_queue_samples(const engine_context& context, std::vector<core::metrics::sample>& to);

}  // namespace waybill::actors
