// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/delivery_reader.hpp"

#include <string>
#include <utility>

#include "core/store/row_codec.hpp"

namespace waybill::core::postgres {
namespace {

// The length of a value stands in its head: nothing of it is read.
constexpr const char* content_expired_sql = "size > 0 AND octet_length(content) = 0 AND payload_id IS NULL";

std::string select(const char* columns, const char* from) {
  return std::string("SELECT ") + delivery_columns + columns + content_expired_sql + " FROM deliveries WHERE " + from;
}

delivery_head head_from(const rows& row) {
  delivery_head head;
  head.content = delivery_from(row);
  head.size = row.number<std::uint64_t>(delivery_column_count);
  head.targets = unpack_targets(row.bytes(delivery_column_count + 1));
  head.content_expired = row.integer(delivery_column_count + 2) != 0;
  return head;
}

}  // namespace

// A foreign id costs one probe per organization: organizations are few, and an index by id alone would cost every accept.
delivery_reader::delivery_reader(connection& db, task_reader& tasks)
    : tasks_(tasks),
      head_(db, select(", size, tasks, ", "organization_id = $1 AND id = $2")),
      heads_(db, select(", size, tasks, ", "organization_id = $1 AND id = ANY ($2) ORDER BY id DESC")),
      content_(db, select(", content, ", "organization_id = $1 AND id = $2")),
      owner_(db,
             "SELECT d.organization_id FROM organizations o JOIN deliveries d ON d.organization_id = o.id WHERE d.id = $1") {}

result<std::optional<delivery_head>> delivery_reader::head(organization_id org, delivery_id id) {
  auto found = head_.query(org, id);
  if (found.next()) return std::optional<delivery_head>{head_from(found)};
  if (found.failed()) return fail(found.failure());
  return std::optional<delivery_head>{};
}

result<std::vector<delivery_head>> delivery_reader::heads(organization_id org, const std::vector<delivery_id>& ids) {
  std::vector<delivery_head> all;
  if (ids.empty()) return all;
  ids_.clear();
  for (const auto& id : ids) ids_.add(id);
  auto found = heads_.query(org, ids_);
  while (found.next()) all.push_back(head_from(found));
  if (found.failed()) return fail(found.failure());
  return all;
}

result<std::vector<delivery_view>> delivery_reader::views(const std::vector<delivery_head>& heads, bool with_attempts) {
  auto tasks = tasks_.find_all(heads);
  if (!tasks) return fail(tasks.error());
  std::vector<stored_task> flat;
  for (const auto& some : *tasks) flat.insert(flat.end(), some.begin(), some.end());
  auto shown = tasks_.views(flat, with_attempts);
  if (!shown) return fail(shown.error());
  std::vector<delivery_view> all;
  auto next = shown->begin();
  for (std::size_t i = 0; i < heads.size(); ++i) {
    delivery_view view;
    view.head = heads[i].content;
    view.size = heads[i].size;
    view.status = derive_status((*tasks)[i]);
    const auto end = next + static_cast<std::ptrdiff_t>((*tasks)[i].size());
    view.tasks.assign(std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
    all.push_back(std::move(view));
  }
  return all;
}

result<delivery_view> delivery_reader::get(organization_id org, delivery_id id, bool with_attempts) {
  auto found = head(org, id);
  if (!found) return fail(found.error());
  if (!*found) return no_such_delivery();
  auto all = views({std::move(**found)}, with_attempts);
  if (!all) return fail(all.error());
  return std::move(all->front());
}

result<delivery_ptr> delivery_reader::content(organization_id org, delivery_id id) {
  auto found = content_.query(org, id);
  if (!found.next()) {
    if (found.failed()) return fail(found.failure());
    return no_such_delivery();
  }
  if (found.integer(delivery_column_count + 1) != 0) return no_content_any_more();
  auto whole = std::make_shared<delivery>(delivery_from(found));
  whole->content = found.text(delivery_column_count);
  return delivery_ptr(std::move(whole));
}

result<attempt> delivery_reader::get_attempt(organization_id org, delivery_id delivery, attempt_id id) {
  auto found = head(org, delivery);
  if (!found) return fail(found.error());
  if (!*found) return no_such_delivery();
  auto tasks = tasks_.find_all(**found);
  if (!tasks) return fail(tasks.error());
  auto one = tasks_.find_attempt(*tasks, id);
  if (!one) return fail(one.error());
  if (!*one) return fail(error_code::attempt_not_found, "The delivery has no such attempt.");
  return std::move(**one);
}

result<std::optional<organization_id>> delivery_reader::owner_of(delivery_id id) {
  auto found = owner_.query(id);
  if (found.next()) return std::optional<organization_id>{found.id<organization_id>(0)};
  if (found.failed()) return fail(found.failure());
  return std::optional<organization_id>{};
}

}  // namespace waybill::core::postgres
