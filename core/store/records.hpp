// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/destination.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

/// What goes into the store and what comes out of it, in words of the domain.
namespace waybill::core {

/// The client's promise that two requests are the same one (api.md, Idempotency).
struct idempotency_claim {
  std::string route;  ///< "POST /v1/deliveries"
  std::string key;
  sha256_digest body_hash{};
  utc_time expires_at{};
};

/// A request that passed intake: one delivery, one task per destination.
struct new_delivery {
  delivery_ptr content;
  std::vector<task> tasks;
  std::optional<idempotency_claim> idempotency;
};

/// What accepting one came to.
struct accept_result {
  enum class kind : std::uint8_t {
    accepted = 1,
    replayed,    ///< same key, same body: `original` is the delivery made first
    key_reused,  ///< same key, other body: nothing was written
  };
  kind outcome = kind::accepted;
  delivery_id original;
  utc_time original_created_at{};
  std::vector<std::pair<task_id, destination_id>> original_tasks;
  std::vector<task_id> held;  ///< wait for an earlier task of their ordering key (order_store.hpp)
};

/// Where a destination stands after an attempt; the last of a batch wins.
struct destination_progress {
  std::uint32_t consecutive_failures = 0;
  breaker_state breaker = breaker_state::closed;
  std::optional<utc_time> breaker_opened_at;
  std::optional<utc_time> breaker_next_attempt_at;
  std::uint32_t breaker_openings = 0;
};

/// One attempt and what it means for its task. The row in the queue is found by (task, owner_epoch).
struct attempt_record {
  task before;  ///< as the owner held it
  attempt made;
  task_status after = task_status::delivered;  ///< delivered, failed (= dead letter) or retrying
  std::uint32_t attempts_after = 0;
  std::optional<utc_time> due_at;  ///< retrying only
  std::uint64_t payload_size = 0;
  sha256_digest payload_sha256{};
  std::string idempotency_key;
  std::string correlation_id;
  std::string ordering_key;
  destination_progress progress;
};

/// What became of one attempt_record.
enum class record_result : std::uint8_t {
  recorded = 1,
  held,    ///< recorded; it must not be retried before an earlier task of its ordering key has ended
  fenced,  ///< zero rows: the task is no longer ours (cancelled, or owned by another epoch); nothing was written
};

/// Tasks fetched for a destination, best first (queue/task_rank.hpp).
struct claim_result {
  std::vector<queued_task> tasks;
  bool more_due = false;             ///< others are due already
  std::optional<utc_time> next_due;  ///< the earliest task that is neither claimed nor held
};

struct waiting_destination {
  destination_id destination;
  organization_id organization;
  std::uint64_t waiting = 0;
  std::optional<utc_time> next_due;  ///< nothing: all of them wait behind a dead letter
};

/// A task as shown to a client: from the queue while it waits, from delivery_logs afterwards.
struct task_view {
  task_id id;
  delivery_id delivery;
  destination_id destination;
  std::string destination_type;  ///< empty when the destination was deleted
  std::string destination_label;
  task_status status = task_status::pending;  ///< `parked` is derived: destination disabled or breaker open
  std::uint32_t attempts = 0;
  utc_time created_at{};
  std::optional<utc_time> next_attempt_at;
  std::optional<utc_time> finished_at;
  failure_category category = failure_category::none;  ///< of the last attempt
  std::int32_t code = 0;
  std::string failure_reason;  ///< customer's text of the last failed attempt
  std::string external_reference;
  std::vector<attempt> attempt_log;  ///< only where asked for; request and response only in attempt()
};

/// A delivery as shown to a client; content left out (see read_session::content).
struct delivery_view {
  delivery head;  ///< `content` empty
  std::uint64_t size = 0;
  delivery_status status = delivery_status::queued;
  std::vector<task_view> tasks;
};

struct delivery_filter {
  std::optional<destination_id> destination;
  std::optional<delivery_status> status;
  std::optional<utc_time> from;  ///< created_at >= from
  std::optional<utc_time> to;    ///< created_at < to
  std::optional<key_id> created_by;
  std::string payload_type;
  std::string tag;
  std::string correlation_id;
  std::string text;  ///< in file name, correlation id or metadata; case-insensitive
};

struct destination_filter {
  std::string type;
  std::string label;  ///< contains, case-insensitive
  std::string tag;
  std::optional<health_status> health;
  std::optional<destination_state> state;
};

struct dead_letter_filter {
  std::vector<destination_id> destinations;  ///< any of them; empty: all
  std::vector<task_id> tasks;                ///< likewise
  std::optional<failure_category> category;
  std::string destination_type;
  std::string payload_type;
  std::string tag;
  std::string correlation_id;
  std::optional<utc_time> from;  ///< finished_at >= from
  std::optional<utc_time> to;    ///< finished_at < to
};

struct dead_letter {
  task_view task;
  std::string payload_type;
  std::string correlation_id;
};

struct page_request {
  std::uint32_t limit = 50;
  std::string cursor;  ///< as an answer gave it; empty for the first page
};

template <class T>
struct page {
  std::vector<T> items;
  std::string next_cursor;  ///< empty on the last page
};

struct queue_stats {
  std::uint64_t pending = 0;
  std::uint64_t retrying = 0;
  std::uint64_t parked = 0;
  std::uint64_t due = 0;  ///< of pending and retrying, those whose time has come
  std::optional<utc_time> oldest_created_at;
  std::optional<utc_time> next_due;

  void add(const queue_stats& other) {
    const auto earlier = [](auto& mine, const auto& theirs) {
      if (theirs && (!mine || *theirs < *mine)) mine = theirs;
    };
    pending += other.pending;
    retrying += other.retrying;
    parked += other.parked;
    due += other.due;
    earlier(oldest_created_at, other.oldest_created_at);
    earlier(next_due, other.next_due);
  }
};

/// accepted = delivered + failed + cancelled + waiting, or something was lost (architecture section 4, law 1).
/// The first four are durable counters moved in the same transaction as the rows; `waiting` is a count of rows.
struct reconciliation {
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t waiting = 0;
  [[nodiscard]] std::int64_t difference() const {
    return static_cast<std::int64_t>(accepted) - static_cast<std::int64_t>(delivered + failed + cancelled + waiting);
  }
};

}  // namespace waybill::core
