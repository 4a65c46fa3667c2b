// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <waybill/handler.hpp>

#include "target.hpp"

namespace waybill::storage {

// What the handler's hooks do. Each returns at once; the completions are called when it is done.

/// One delivery as one object.
void store_delivery(const std::shared_ptr<target>& to, const sdk::delivery& what, sdk::completion&& done);
/// Deliveries whose content is in memory as one NDJSON object, each a line and with an outcome of its own; what streams as an
/// object of its own.
void store_batch(const std::shared_ptr<target>& to, std::vector<sdk::batch_item> items);
/// Writes an object where deliveries would go, and deletes it again.
void store_test(const std::shared_ptr<target>& to, std::int64_t deadline_ms, sdk::completion&& done);

}  // namespace waybill::storage
