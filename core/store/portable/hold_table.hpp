// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/store/hold_store.hpp"
#include "core/store/paging.hpp"

namespace waybill::core::portable {

/// The table legal_holds. `Engine` as in audit_table.
template <class Engine>
class hold_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;

  explicit hold_table(connection& db)
      : one_(db, std::string(select) + "WHERE organization_id = $1 AND id = $2"),
        list_(db, std::string(select) + "WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3"),
        place_(db,
               "INSERT INTO legal_holds (id, organization_id, scope, value, reason, placed_by, placed_at) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7)"),
        release_(db, "DELETE FROM legal_holds WHERE organization_id = $1 AND id = $2") {}

  result<legal_hold> get(organization_id org, hold_id id) {
    auto found = one_.query(org, id);
    if (found.next()) return hold_from(found);
    if (found.failed()) return fail(found.failure());
    return fail(error_code::hold_not_found, "There is no such legal hold.");
  }

  result<page<legal_hold>> list(organization_id org, const page_request& request) {
    const auto after = read_cursor_or(cursor_kind::legal_holds, request.cursor, lowest_id);
    if (!after) return fail(after.error());
    return paginate<legal_hold>(list_.query(org, *after, request.limit + 1), cursor_kind::legal_holds, request.limit,
                                hold_from);
  }

  result<std::vector<legal_hold>> all(organization_id org) {
    std::vector<legal_hold> holds;
    auto found = list_.query(org, lowest_id, most_legal_holds);
    while (found.next()) holds.push_back(hold_from(found));
    if (found.failed()) return fail(found.failure());
    return holds;
  }

  result<void> place(const legal_hold& hold) {
    auto present = all(hold.organization);
    if (!present) return fail(present.error());
    if (present->size() >= most_legal_holds)
      return fail(error_code::conflict, "The organization has 1000 legal holds: release one, or place a wider one.");
    auto placed = place_.run(hold.id, hold.organization, hold.scope, hold.value, hold.reason, hold.placed_by, hold.placed_at);
    if (!placed) return fail(placed.error());
    return {};
  }

  result<legal_hold> release(organization_id org, hold_id id) {
    auto hold = get(org, id);
    if (!hold) return hold;
    if (auto released = release_.run(org, id); !released) return fail(released.error());
    return hold;
  }

private:
  static constexpr const char* select =
      "SELECT id, organization_id, scope, value, reason, placed_by, placed_at FROM legal_holds ";

  static legal_hold hold_from(const rows& row) {
    legal_hold hold;
    hold.id = row.template id<hold_id>(0);
    hold.organization = row.template id<organization_id>(1);
    hold.scope = row.template number<data_scope>(2);
    hold.value = row.text(3);
    hold.reason = row.text(4);
    hold.placed_by = row.template id<key_id>(5);
    hold.placed_at = row.time(6);
    return hold;
  }

  statement one_;
  statement list_;
  statement place_;
  statement release_;
};

}  // namespace waybill::core::portable
