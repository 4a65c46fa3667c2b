// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/service.hpp"

/// One of each thing a fake_service shows, with the fixed ids it knows.
namespace waybill::tests {

[[nodiscard]] core::utc_time moment();
[[nodiscard]] core::attempt one_attempt();
[[nodiscard]] core::task_view one_task();
[[nodiscard]] core::delivery one_delivery();
[[nodiscard]] core::delivery_view one_view();
[[nodiscard]] core::destination one_destination(std::uint64_t version);
[[nodiscard]] core::signing_secret one_secret(std::string clear);
[[nodiscard]] core::api_key one_key();
[[nodiscard]] core::organization one_organization(std::uint64_t version);
[[nodiscard]] core::queue_report one_queue();
[[nodiscard]] core::destination_type one_type();

}  // namespace waybill::tests
