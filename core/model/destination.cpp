// SPDX-License-Identifier: Apache-2.0
#include "core/model/destination.hpp"

#include "core/model/enum_names.hpp"

namespace waybill::core {
namespace {

constexpr enum_names<destination_state, 2> destination_state_names{{"enabled", "disabled"}};
constexpr enum_names<health_status, 4> health_status_names{{"healthy", "degraded", "unhealthy", "disabled"}};
constexpr enum_names<breaker_state, 3> breaker_state_names{{"closed", "open", "half-open"}};

}  // namespace

std::string_view to_string(destination_state state) { return destination_state_names.of(state); }
std::string_view to_string(health_status status) { return health_status_names.of(status); }
std::string_view to_string(breaker_state state) { return breaker_state_names.of(state); }
std::optional<destination_state> destination_state_from(std::string_view text) { return destination_state_names.from(text); }
std::optional<health_status> health_status_from(std::string_view text) { return health_status_names.from(text); }

}  // namespace waybill::core
