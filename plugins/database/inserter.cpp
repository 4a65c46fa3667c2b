// SPDX-License-Identifier: Apache-2.0
#include "inserter.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "statements.hpp"

namespace waybill::database {
namespace {

std::string_view field(const query_result& of, int row, int column) {
  if (PQgetisnull(of.get(), row, column) == 1) return {};
  return {PQgetvalue(of.get(), row, column), static_cast<std::size_t>(PQgetlength(of.get(), row, column))};
}

}  // namespace

bool is_of_row(const failure& why) {
  if (why.what != trouble::server) return false;
  const auto group = why.sqlstate.substr(0, 2);
  // 22 data exception, 23 integrity constraint, 54 limit exceeded, P0 raised by a trigger.
  return group == "22" || group == "23" || group == "54" || group == "P0";
}

limits inserter::now() const { return {std::min(deadline_, clock::now() + settings_.timeout), stop_}; }

result<void> inserter::run(pending_row* first, pending_row* last) {
  group open;
  for (auto* row = first; row != last; ++row)
    if (!row->over()) open.push_back(row);
  return open.empty() ? result<void>{} : insert(open);
}

result<void> inserter::insert(const group& rows) {
  std::vector<bound> values;
  if (rows.size() > most_rows(settings_.table)) return insert_halves(rows);
  for (auto* row : rows) {
    if (rows.size() == 1)
      values.swap(row->values);
    else
      values.insert(values.end(), row->values.begin(), row->values.end());
  }
  const auto answer = link_.run(insert_statement(settings_.table, rows.size()), values, now());
  if (rows.size() == 1) rows.front()->values.swap(values);
  if (answer) return take(rows, *answer);
  if (is_of_connection(answer.error())) return fail(answer.error());
  if (rows.size() > 1 && is_of_row(answer.error())) return insert_halves(rows);
  for (auto* row : rows) {
    row->together = rows.size();
    row->end(fail(answer.error()));
  }
  return {};
}

result<void> inserter::insert_halves(const group& rows) {
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  return insert({rows.begin(), middle}).and_then([&] { return insert({middle, rows.end()}); });
}

/// Who is returned was inserted; who is not was there.
result<void> inserter::take(const group& rows, const query_result& answer) {
  const bool refers = !settings_.table.reference_column.empty();
  std::unordered_map<std::string_view, int> inserted;
  for (int i = 0; i < PQntuples(answer.get()); ++i) inserted.emplace(field(answer, i, 0), i);
  for (auto* row : rows) {
    row->together = rows.size();
    // A column of another type than text may write the key in its own way; a single row needs no key to be known by.
    const auto found = rows.size() == 1 ? inserted.begin() : inserted.find(row->what.idempotency_key());
    row->was_there = found == inserted.end();
    if (!row->was_there && refers) row->reference = field(answer, found->second, 1);
    // The same key once more in this statement found the first one's row.
    if (!row->was_there) inserted.erase(found);
    if (row->was_there && refers)
      if (const auto looked = look_up_reference(*row); !looked) return looked;
    row->end({});
  }
  return {};
}

result<void> inserter::look_up_reference(pending_row& row) {
  const auto answer = link_.run(reference_statement(settings_.table), {row.values.front()}, now());
  if (!answer && is_of_connection(answer.error())) return fail(answer.error());
  // The row is there, and that is what counts: a reference is beside it.
  if (answer && PQntuples(answer->get()) > 0) row.reference = field(*answer, 0, 0);
  return {};
}

result<void> inserter::test() {
  const std::vector<bound> nothing(settings_.table.values.columns().size() + 1);
  const auto planned = link_.run("EXPLAIN " + insert_statement(settings_.table, 1), nothing, now());
  if (!planned) return fail(planned.error());
  const auto answer = link_.run("SHOW transaction_read_only", {}, now());
  if (!answer) return fail(answer.error());
  if (PQntuples(answer->get()) > 0 && field(*answer, 0, 0) == "on")
    return fail(trouble::read_only, "the server takes no writes: it is a standby, or read-only");
  return {};
}

}  // namespace waybill::database
