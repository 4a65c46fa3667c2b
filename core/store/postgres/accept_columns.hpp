// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

#include "core/store/postgres/array_parameter.hpp"
#include "core/store/records.hpp"

namespace waybill::core::postgres {

/// The rows of a batch of accepted requests, column by column. A value that nearly every row has (no attempt yet, due from
/// creation) is left out as NULL, which the statements know: a column of nothing else is not even sent.
struct accept_columns {
  struct delivery_columns {
    array_parameter number{oid::bigint}, id{oid::uuid}, organization{oid::uuid}, created_by{oid::uuid}, created_at{oid::bigint},
        priority{oid::bigint}, payload_type{oid::text}, content_type{oid::text}, filename{oid::text}, metadata{oid::text},
        correlation{oid::text}, tags{oid::text}, traceparent{oid::text}, idempotency{oid::text}, scheduled_at{oid::bigint},
        deliver_within{oid::bigint}, ordering_key{oid::text}, tasks{oid::bytea}, size{oid::bigint}, sha256{oid::bytea},
        content{oid::bytea}, payload{oid::uuid};
  } delivery;
  struct task_columns {
    array_parameter id{oid::uuid}, destination{oid::uuid}, delivery{oid::uuid}, organization{oid::uuid}, rank{oid::bigint},
        due_at{oid::bigint}, epoch{oid::bigint}, created_at{oid::bigint}, deliver_by{oid::bigint}, attempts{oid::bigint},
        total_attempts{oid::bigint}, shard{oid::bigint}, priority{oid::bigint}, deferred{oid::bigint}, state{oid::bigint},
        ordering_number{oid::bigint}, ordering_state{oid::bigint}, ordering_key{oid::text};
  } task;
  struct tag_columns {
    array_parameter organization{oid::uuid}, tag{oid::text}, delivery{oid::uuid};
  } tag;
  struct key_columns {
    array_parameter organization{oid::uuid}, route{oid::text}, key{oid::text}, body_hash{oid::bytea}, delivery{oid::uuid},
        expires_at{oid::bigint};
  } key;
  struct payload_columns {
    array_parameter id{oid::uuid}, organization{oid::uuid};
  } payload;

  void clear();
  /// The delivery with its tags, its key and its payload; not its tasks. Without a number the server counts on by itself.
  void add(const new_delivery& request, std::optional<std::int64_t> number);
  /// A task, to be followed by one of the two below.
  void add(const core::task& one, std::int16_t deferred);
  void add_unordered();
  void add_ordered(std::int64_t number, std::int64_t state, const std::string& ordering_key);

  /// Of the tasks, each once.
  [[nodiscard]] const array_parameter& destinations() const { return destinations_; }

  static constexpr const char* empty_object = "{}";  ///< usual metadata

private:
  array_parameter destinations_{oid::uuid};
  std::unordered_set<destination_id> known_;  ///< those in destinations_
};

}  // namespace waybill::core::postgres
