// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "core/store/config_writes.hpp"
#include "core/store/sqlite/config_reader.hpp"

namespace waybill::core::sqlite {

/// config_writes in SQLite's SQL.
class config_writer : public config_writes<engine> {
public:
  config_writer(database& db, config_reader& reader);

  result<void> touch_keys(const std::vector<std::pair<key_id, utc_time>>& used);

private:
  statement touch_key_;
};

}  // namespace waybill::core::sqlite
