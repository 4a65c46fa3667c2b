// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace waybill::core {

/// A column that one engine has for itself: it is left out of a backup and made anew by a restore.
struct own_column {
  enum class filler : unsigned char { none = 1, zero };
  std::string_view name;
  filler fill = filler::none;  ///< none: NULL, its default, or set when all rows are there
};

/// A table of the store as every engine has it: the columns that both share are its portable ones.
struct portable_table {
  std::string_view name;
  bool is_seeded = false;    ///< a new store has rows here, which a restore replaces
  int rows_at_once = 2'000;  ///< how many are worth having in memory together
  std::vector<own_column> sqlite_only;
  std::vector<own_column> postgres_only;
};

/// Every table there is, in an order in which what is referred to comes first. A table that is in a store and not here stops
/// a backup: nothing may be left out of one by being forgotten.
[[nodiscard]] const std::vector<portable_table>& portable_tables();
/// nullptr for one that is not known.
[[nodiscard]] const portable_table* find_portable_table(std::string_view name);

}  // namespace waybill::core
