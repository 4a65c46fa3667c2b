// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "core/store/config_writes.hpp"
#include "core/store/postgres/config_reader.hpp"

namespace waybill::core::postgres {

/// config_writes in PostgreSQL's SQL.
class config_writer : public config_writes<engine> {
public:
  config_writer(connection& db, config_reader& reader);

  result<void> touch_keys(const std::vector<std::pair<key_id, utc_time>>& used);

private:
  statement touch_key_;
  array_parameter keys_{oid::uuid};
  array_parameter times_{oid::bigint};
};

}  // namespace waybill::core::postgres
