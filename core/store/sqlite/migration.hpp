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

inline constexpr std::int64_t newest_schema = 999;

/// Brings the file to the newest schema: each step in a transaction of its own that holds the write lock, so two processes
/// that start at once do not run one twice. store_unavailable for a file that a newer binary wrote or that is not ours.
/// `up_to`: no further than this number; where an older store is made that is brought to today's schema with its rows in it.
[[nodiscard]] result<void> migrate(database& db, std::int64_t up_to = newest_schema);

}  // namespace waybill::core::sqlite
