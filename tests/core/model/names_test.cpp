// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include "core/model/delivery.hpp"
#include "core/model/destination.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

/// Every value from 1 to `last` has a name of its own that leads back to it.
template <class Enum, class From>
void check_names(Enum last, From from) {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(last); ++i) {
    const auto name = to_string(static_cast<Enum>(i));
    CHECK(from(name) == static_cast<Enum>(i));
    CHECK(names.insert(name).second);
  }
  CHECK_FALSE(from("unknown"));
  CHECK_FALSE(from(""));
}

}  // namespace

TEST_CASE("every state has a name that leads back to it", "[names]") {
  check_names(delivery_status::cancelled, delivery_status_from);
  check_names(task_status::cancelled, task_status_from);
  check_names(failure_category::system, failure_category_from);
  check_names(destination_state::disabled, destination_state_from);
  check_names(health_status::disabled, health_status_from);
}

TEST_CASE("names are those of the API", "[names]") {
  CHECK(to_string(delivery_status::completed) == "completed");
  CHECK(to_string(task_status::parked) == "parked");
  CHECK(to_string(failure_category::rate_limit) == "rate_limit");
  CHECK(to_string(attempt_action::throttled) == "throttled");
  CHECK(to_string(attempt_action::canceled) == "canceled");
  CHECK(to_string(breaker_state::half_open) == "half-open");
  CHECK(to_string(static_cast<task_status>(0)) == "unknown");
  CHECK(to_string(static_cast<task_status>(200)) == "unknown");
}

TEST_CASE("a task is final once delivered, failed or cancelled", "[names]") {
  CHECK_FALSE(is_final(task_status::pending));
  CHECK_FALSE(is_final(task_status::retrying));
  CHECK_FALSE(is_final(task_status::parked));
  CHECK(is_final(task_status::delivered));
  CHECK(is_final(task_status::failed));
  CHECK(is_final(task_status::cancelled));
}

TEST_CASE("every error code has a stable upper-case name", "[names]") {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(error_code::internal_error); ++i) {
    const auto name = to_string(static_cast<error_code>(i));
    CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos);
    CHECK(names.insert(name).second);
  }
}
