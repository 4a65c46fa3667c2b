// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/portable/ordering_writer.hpp"
#include "core/store/postgres/delivery_reader.hpp"
#include "core/store/postgres/shard_epochs.hpp"
#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {

/// What the order of ordering keys needs to know of this engine.
struct ordering_engine {
  using connection = postgres::connection;
  using statement = postgres::statement;
  using rows = postgres::rows;
  using shard_epochs = postgres::shard_epochs;
  using delivery_reader = postgres::delivery_reader;

  static constexpr const char* queue_by_key = "delivery_queue";
  static constexpr const char* parked_by_key = "parked_keys";
  static constexpr const char* failure_policy =
      "d.policy::json #>> '{ordering,onFailure}', o.policy::json #>> '{ordering,onFailure}'";
};

using ordering_writer = portable::ordering_writer<ordering_engine>;

}  // namespace waybill::core::postgres

extern template class waybill::core::portable::ordering_writer<waybill::core::postgres::ordering_engine>;
