// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/model/destination.hpp"
#include "core/model/error.hpp"
#include "core/model/id.hpp"

namespace waybill::api {

class exchange;

// What handlers share: the id in a path (a text that is none is not found, like the id of nothing), and the answer that shows
// a destination with its health.

[[nodiscard]] std::optional<core::delivery_id> delivery_in_path(exchange& x);
[[nodiscard]] std::optional<core::destination_id> destination_in_path(exchange& x);
[[nodiscard]] std::optional<core::organization_id> organization_in_path(exchange& x);
[[nodiscard]] std::optional<core::job_id> job_in_path(exchange& x);

/// 200 with the destination, its ETag, and its health where the service tells it.
void answer_with_destination(exchange& x, core::result<core::destination> changed);

}  // namespace waybill::api
