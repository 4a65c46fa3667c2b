// SPDX-License-Identifier: Apache-2.0
#include "core/model/delivery.hpp"

#include "core/model/enum_names.hpp"

namespace waybill::core {
namespace {

constexpr enum_names<delivery_status, 5> delivery_status_names{{"queued", "processing", "completed", "failed", "cancelled"}};
constexpr enum_names<task_status, 6> task_status_names{{"pending", "retrying", "parked", "delivered", "failed", "cancelled"}};
constexpr enum_names<failure_category, 9> failure_category_names{
    {"none", "configuration", "network", "authentication", "rate_limit", "validation", "remote", "timeout", "system"}};
constexpr enum_names<attempt_action, 5> attempt_action_names{{"delivered", "retry", "reject", "throttled", "canceled"}};

}  // namespace

std::string_view to_string(delivery_status status) { return delivery_status_names.of(status); }
std::string_view to_string(task_status status) { return task_status_names.of(status); }
std::string_view to_string(failure_category category) { return failure_category_names.of(category); }
std::string_view to_string(attempt_action action) { return attempt_action_names.of(action); }
std::optional<delivery_status> delivery_status_from(std::string_view text) { return delivery_status_names.from(text); }
std::optional<task_status> task_status_from(std::string_view text) { return task_status_names.from(text); }
std::optional<failure_category> failure_category_from(std::string_view text) { return failure_category_names.from(text); }

}  // namespace waybill::core
