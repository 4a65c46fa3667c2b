// SPDX-License-Identifier: Apache-2.0
// Offsets and sizes of everything that crosses the line, against what was recorded when it was released. Adding a field at
// the end of a record adds a line; a line that changes or goes breaks every plugin that exists.
#include <waybill/plugin.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>

namespace {

struct place {
  std::size_t offset;
  std::size_t size;
};

#define AT(record, field)                                                  \
  {                                                                        \
#record "." #field, { offsetof(record, field), sizeof(record::field) } \
  }

// clang-format off
const std::map<std::string, place> now = {
    AT(wb_str, ptr), AT(wb_str, size),
    AT(wb_delivery, struct_size), AT(wb_delivery, attempt), AT(wb_delivery, task_id), AT(wb_delivery, delivery_id),
    AT(wb_delivery, organization_id), AT(wb_delivery, destination_id), AT(wb_delivery, idempotency_key),
    AT(wb_delivery, correlation_id), AT(wb_delivery, traceparent), AT(wb_delivery, payload_type),
    AT(wb_delivery, content_type), AT(wb_delivery, filename), AT(wb_delivery, metadata), AT(wb_delivery, size),
    AT(wb_delivery, sha256), AT(wb_delivery, created_at_ms), AT(wb_delivery, deadline_ms), AT(wb_delivery, data),
    AT(wb_result, struct_size), AT(wb_result, action), AT(wb_result, category), AT(wb_result, code),
    AT(wb_result, retry_after_ms), AT(wb_result, bytes_sent), AT(wb_result, disable_destination), AT(wb_result, reserved),
    AT(wb_result, external_reference), AT(wb_result, detail), AT(wb_result, message), AT(wb_result, request),
    AT(wb_result, response),
    AT(wb_host, struct_size), AT(wb_host, abi_major), AT(wb_host, abi_minor), AT(wb_host, reserved), AT(wb_host, version),
    AT(wb_host, complete), AT(wb_host, read), AT(wb_host, retain), AT(wb_host, release), AT(wb_host, log),
    AT(wb_host, now_ms), AT(wb_host, monotonic_ms), AT(wb_host, metric_add), AT(wb_host, metric_observe),
    AT(wb_host, state_get), AT(wb_host, state_put), AT(wb_host, link_create), AT(wb_host, connect_allowed),
    AT(wb_host, random),
    AT(wb_plugin, struct_size), AT(wb_plugin, abi_major), AT(wb_plugin, abi_minor), AT(wb_plugin, min_minor),
    AT(wb_plugin, type), AT(wb_plugin, title), AT(wb_plugin, version), AT(wb_plugin, config_schema),
    AT(wb_plugin, features), AT(wb_plugin, validate), AT(wb_plugin, open), AT(wb_plugin, test_connection),
    AT(wb_plugin, deliver), AT(wb_plugin, cancel), AT(wb_plugin, drain), AT(wb_plugin, close), AT(wb_plugin, deliver_batch),
};

// clang-format on

#undef AT

// clang-format off
const std::map<std::string, std::uint64_t> numbers_now = {
    {"WB_ABI_MAJOR", WB_ABI_MAJOR}, {"WB_FEATURE_BATCH", WB_FEATURE_BATCH},
    {"WB_OK", WB_OK}, {"WB_REFUSED", WB_REFUSED}, {"WB_NOT_FOUND", WB_NOT_FOUND}, {"WB_TOO_LARGE", WB_TOO_LARGE},
    {"WB_FAILED", WB_FAILED},
    {"WB_ACTION_DELIVERED", WB_ACTION_DELIVERED}, {"WB_ACTION_RETRY", WB_ACTION_RETRY},
    {"WB_ACTION_REJECT", WB_ACTION_REJECT}, {"WB_ACTION_THROTTLED", WB_ACTION_THROTTLED},
    {"WB_ACTION_CANCELED", WB_ACTION_CANCELED},
    {"WB_CATEGORY_CONFIGURATION", WB_CATEGORY_CONFIGURATION}, {"WB_CATEGORY_NETWORK", WB_CATEGORY_NETWORK},
    {"WB_CATEGORY_AUTHENTICATION", WB_CATEGORY_AUTHENTICATION}, {"WB_CATEGORY_RATE_LIMIT", WB_CATEGORY_RATE_LIMIT},
    {"WB_CATEGORY_VALIDATION", WB_CATEGORY_VALIDATION}, {"WB_CATEGORY_REMOTE", WB_CATEGORY_REMOTE},
    {"WB_CATEGORY_TIMEOUT", WB_CATEGORY_TIMEOUT}, {"WB_CATEGORY_SYSTEM", WB_CATEGORY_SYSTEM},
    {"WB_LOG_DEBUG", WB_LOG_DEBUG}, {"WB_LOG_INFO", WB_LOG_INFO}, {"WB_LOG_WARNING", WB_LOG_WARNING},
    {"WB_LOG_ERROR", WB_LOG_ERROR}, {"WB_ALLOWED", WB_ALLOWED}, {"WB_DENIED", WB_DENIED},
    {"WB_FEATURE_BLOCKING", WB_FEATURE_BLOCKING}, {"WB_FEATURE_SIGNING_SECRETS", WB_FEATURE_SIGNING_SECRETS},
    {"WB_FEATURE_STREAMING", WB_FEATURE_STREAMING},
};
// clang-format on

}  // namespace

TEST_CASE("Every field that was released lies where it lay, every number means what it meant") {
  std::ifstream in{WAYBILL_LAYOUT};
  REQUIRE(in);
  std::set<std::string> recorded;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields{line};
    std::string name;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    fields >> name >> first;
    INFO(line);
    recorded.insert(name);
    if (const auto number = numbers_now.find(name); number != numbers_now.end()) {
      CHECK(number->second == first);
      continue;
    }
    REQUIRE(fields >> second);
    REQUIRE(now.count(name) == 1);
    CHECK(now.at(name).offset == first);
    CHECK(now.at(name).size == second);
  }
  // What is new is written down when it comes, or it could change unseen.
  for (const auto& [name, where] : now) {
    INFO("not recorded: " << name << ' ' << where.offset << ' ' << where.size);
    CHECK(recorded.count(name) == 1);
  }
  for (const auto& [name, value] : numbers_now) {
    INFO("not recorded: " << name << ' ' << value);
    CHECK(recorded.count(name) == 1);
  }
}

TEST_CASE("Records that cross the line are plain C") {
  CHECK(std::is_standard_layout_v<wb_delivery>);
  CHECK(std::is_standard_layout_v<wb_result>);
  CHECK(std::is_standard_layout_v<wb_host>);
  CHECK(std::is_standard_layout_v<wb_plugin>);
  CHECK(std::is_trivially_copyable_v<wb_delivery>);
  CHECK(std::is_trivially_copyable_v<wb_plugin>);
}
