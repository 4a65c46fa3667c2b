// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/sqlite/database.hpp"

namespace waybill::core::sqlite {

/// One numbered step of the schema: its name begins with the number, in three digits. Numbers grow along the list, with gaps.
/// Released steps never change.
struct migration {
  std::string_view name;
  std::string_view sql;

  [[nodiscard]] std::int64_t number() const;
};

/// The steps this binary knows (generated from migrations/*.sql).
[[nodiscard]] const std::vector<migration>& all_migrations();

/// Brings the file to the newest schema: each step in a transaction of its own that holds the write lock, so two processes
/// that start at once do not run one twice. store_unavailable for a file that a newer binary wrote or that is not ours.
[[nodiscard]] result<void> migrate(database& db);

}  // namespace waybill::core::sqlite
