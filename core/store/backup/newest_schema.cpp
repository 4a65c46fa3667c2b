// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/newest_schema.hpp"

#include <algorithm>

#include "core/store/postgres/migration.hpp"
#include "core/store/sqlite/migration.hpp"

namespace waybill::core {

std::uint32_t newest_schema_known() {
  return std::max(static_cast<std::uint32_t>(sqlite::all_migrations().back().number()),
                  static_cast<std::uint32_t>(postgres::all_migrations().back().number));
}

}  // namespace waybill::core
