// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "config.hpp"
#include "pending.hpp"
#include "pg_link.hpp"

namespace waybill::database {

/// Inserts rows over one connection: all of a group by one statement. A row that the server finds fault with takes only itself
/// down: the group is halved until it stands alone, so every row has the outcome that it would have had by itself. A statement
/// is a transaction. One thread at a time.
class inserter {
public:
  inserter(pg_link& link, const config& settings, clock::time_point deadline, const transfer::stop_signal& stop)
      : link_(link), settings_(settings), deadline_(deadline), stop_(stop) {}

  /// Rows that are over are left out. A failure is one of the connection: rows without an outcome have none then.
  [[nodiscard]] result<void> run(pending_row* first, pending_row* last);
  /// Proves the right to insert, and leaves no trace: the server plans the statement and checks every name, type and
  /// permission, without performing it.
  [[nodiscard]] result<void> test();

private:
  using group = std::vector<pending_row*>;
  [[nodiscard]] result<void> insert(const group& rows);
  [[nodiscard]] result<void> insert_halves(const group& rows);
  [[nodiscard]] result<void> take(const group& rows, const query_result& answer);
  [[nodiscard]] result<void> look_up_reference(pending_row& row);
  [[nodiscard]] limits now() const;

  pg_link& link_;
  const config& settings_;
  const clock::time_point deadline_;
  const transfer::stop_signal& stop_;
};

/// A fault of a row's values, by its SQLSTATE: another row might be taken.
[[nodiscard]] bool is_of_row(const failure& why);

}  // namespace waybill::database
