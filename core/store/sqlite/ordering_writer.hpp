// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/portable/ordering_writer.hpp"
#include "core/store/sqlite/delivery_reader.hpp"
#include "core/store/sqlite/shard_epochs.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// What the order of ordering keys needs to know of this engine.
struct ordering_engine {
  using connection = database;
  using statement = sqlite::statement;
  using rows = sqlite::rows;
  using shard_epochs = sqlite::shard_epochs;
  using delivery_reader = sqlite::delivery_reader;

  static constexpr const char* queue_by_key = "delivery_queue INDEXED BY delivery_queue_ordered";
  static constexpr const char* parked_by_key = "parked_keys INDEXED BY parked_keys_by_key";
  static constexpr const char* failure_policy =
      "json_extract(d.policy, '$.ordering.onFailure'), json_extract(o.policy, '$.ordering.onFailure')";
};

using ordering_writer = portable::ordering_writer<ordering_engine>;

}  // namespace waybill::core::sqlite

extern template class waybill::core::portable::ordering_writer<waybill::core::sqlite::ordering_engine>;
