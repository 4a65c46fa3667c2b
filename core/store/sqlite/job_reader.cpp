// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/job_reader.hpp"

#include <string>

#include "core/store/paging.hpp"

namespace waybill::core::sqlite {

job_reader::job_reader(database& db)
    : get_(db, std::string("SELECT ") + job_columns + " FROM jobs WHERE id = ?1 AND organization_id = ?2"),
      list_(db, std::string("SELECT ") + job_columns +
                    " FROM jobs WHERE organization_id = ?1 AND id < ?2 AND (?3 IS NULL OR work = ?3) "
                    "AND (?4 IS NULL OR state = ?4) ORDER BY id DESC LIMIT ?5"),
      owner_(db, "SELECT organization_id FROM jobs WHERE id = ?1") {}

result<job> job_reader::get(organization_id org, job_id id) {
  auto found = get_.query(id, org);
  if (found.next()) return job_from(found);
  if (found.failed()) return fail(found.failure());
  return no_such_job();
}

result<page<job>> job_reader::list(organization_id org, const job_filter& filter, const page_request& request) {
  const auto before = read_cursor_or(cursor_kind::jobs, request.cursor, highest_id());
  if (!before) return fail(before.error());
  return paginate<job>(list_.query(org, *before, filter.work, filter.state, request.limit + 1), cursor_kind::jobs,
                       request.limit, job_from<rows>);
}

result<std::optional<organization_id>> job_reader::owner_of(job_id id) {
  auto found = owner_.query(id);
  std::optional<organization_id> owner;
  if (found.next()) owner = found.id<organization_id>(0);
  if (found.failed()) return fail(found.failure());
  return owner;
}

}  // namespace waybill::core::sqlite
