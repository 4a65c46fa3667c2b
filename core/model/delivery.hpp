// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

using sha256_digest = std::array<std::uint8_t, 32>;

enum class delivery_status : std::uint8_t { queued = 1, processing, completed, failed, cancelled };
enum class task_status : std::uint8_t { pending = 1, retrying, parked, delivered, failed, cancelled };
/// Why an attempt failed (architecture section 7). `configuration` and `validation` are final by default.
enum class failure_category : std::uint8_t {
  none = 1,
  configuration,
  network,
  authentication,
  rate_limit,
  validation,
  remote,
  timeout,
  system,
};
enum class attempt_action : std::uint8_t { delivered = 1, retry, reject, throttled, canceled };

[[nodiscard]] std::string_view to_string(delivery_status status);
[[nodiscard]] std::string_view to_string(task_status status);
[[nodiscard]] std::string_view to_string(failure_category category);
[[nodiscard]] std::string_view to_string(attempt_action action);
[[nodiscard]] std::optional<delivery_status> delivery_status_from(std::string_view text);
[[nodiscard]] std::optional<task_status> task_status_from(std::string_view text);
[[nodiscard]] std::optional<failure_category> failure_category_from(std::string_view text);

/// Delivered, failed or cancelled: the task has left the queue.
[[nodiscard]] constexpr bool is_final(task_status status) { return status >= task_status::delivered; }

/// The one accepted request: immutable from acceptance on, shared by all of its tasks and by the attempts under way.
struct delivery {
  delivery_id id;
  organization_id organization;
  key_id created_by;  ///< the key that handed it in: a producer reads its own deliveries only
  utc_time created_at{};
  std::string payload_type;  ///< report | export | data | custom
  std::string content_type;
  std::string filename;
  std::string content;  ///< the bytes as accepted; empty if they are a payload's
  sha256_digest sha256{};
  payload_id payload;              ///< nil: the content is above
  std::uint64_t payload_size = 0;  ///< of the payload
  std::string metadata = "{}";     ///< a JSON object
  std::uint8_t priority = 5;       ///< 0 to 10, higher first
  std::string correlation_id;
  std::vector<std::string> tags;
  std::string traceparent;
  std::string idempotency_key;  ///< the client's; empty if none
  std::optional<utc_time> scheduled_at;
  std::optional<milliseconds> deliver_within;
  std::string ordering_key;

  [[nodiscard]] bool in_memory() const { return payload.is_nil(); }
  [[nodiscard]] std::uint64_t content_size() const { return in_memory() ? content.size() : payload_size; }
};
using delivery_ptr = std::shared_ptr<const delivery>;

/// One delivery to one destination: the unit that is queued, tried, retried, parked, dead-lettered.
struct task {
  task_id id;
  delivery_id delivery;
  organization_id organization;
  destination_id destination;
  std::uint64_t owner_epoch = 0;  ///< the fence: a write with another epoch changes nothing
  task_status status = task_status::pending;
  std::uint8_t priority = 5;
  std::int64_t rank = 0;             ///< its place in the order of the queue (queue/task_rank.hpp)
  std::uint32_t attempts = 0;        ///< made so far since acceptance or the last redrive
  std::uint32_t total_attempts = 0;  ///< ever made; numbers the next attempt's record
  utc_time created_at{};
  utc_time due_at{};
  std::optional<utc_time> deliver_by;  ///< created_at + deliver_within
};

/// A task on its way to a handler.
struct queued_task {
  task state;
  delivery_ptr content;
};

/// What the plugin said of one attempt, copied out of wb_result, texts capped and free of secrets.
struct attempt_result {
  attempt_action action = attempt_action::retry;
  failure_category category = failure_category::none;
  std::int32_t code = 0;
  std::optional<milliseconds> retry_after;
  std::uint64_t bytes_sent = 0;
  bool disable_destination = false;
  std::string external_reference;
  std::string detail;    ///< for the operator
  std::string message;   ///< for the customer
  std::string request;   ///< JSON object or empty
  std::string response;  ///< JSON object or empty
};

/// One try of a task, as kept for ever or until retention.
struct attempt {
  attempt_id id;
  task_id task;
  std::uint32_t number = 0;  ///< 1 for the first
  utc_time started_at{};
  milliseconds duration{0};
  attempt_result result;
};

}  // namespace waybill::core
