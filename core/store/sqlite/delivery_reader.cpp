// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/delivery_reader.hpp"

namespace waybill::core::sqlite {
namespace {

// The length of a blob stands in the head of its row: nothing of it is read.
constexpr const char* content_expired = "size > 0 AND length(content) = 0 AND payload_id IS NULL";

}  // namespace

// A foreign id costs one probe per organization: organizations are few, and an index by id alone would cost every accept.
delivery_reader::delivery_reader(database& db, task_reader& tasks)
    : tasks_(tasks),
      head_(db, std::string("SELECT ") + delivery_columns + ", size, tasks, " + content_expired +
                    " FROM deliveries WHERE organization_id = ?1 AND id = ?2"),
      content_(db, std::string("SELECT ") + delivery_columns + ", content, " + content_expired +
                       " FROM deliveries WHERE organization_id = ?1 AND id = ?2"),
      owner_(db, "SELECT organization_id FROM deliveries WHERE organization_id IN (SELECT id FROM organizations) AND id = ?1") {
}

result<std::optional<delivery_head>> delivery_reader::head(organization_id org, delivery_id id) {
  auto found = head_.query(org, id);
  if (!found.next()) {
    if (found.failed()) return fail(found.failure());
    return std::optional<delivery_head>{};
  }
  delivery_head head;
  head.content = delivery_from(found);
  head.size = found.number<std::uint64_t>(delivery_column_count);
  head.targets = unpack_targets(found.bytes(delivery_column_count + 1));
  head.content_expired = found.integer(delivery_column_count + 2) != 0;
  return head;
}

result<delivery_view> delivery_reader::view(const delivery_head& head, bool with_attempts) {
  auto tasks = tasks_.find_all(head);
  if (!tasks) return fail(tasks.error());
  delivery_view view;
  view.head = head.content;
  view.size = head.size;
  view.status = derive_status(*tasks);
  for (const auto& task : *tasks) {
    auto one = tasks_.view(task, with_attempts);
    if (!one) return fail(one.error());
    view.tasks.push_back(std::move(*one));
  }
  return view;
}

result<delivery_view> delivery_reader::get(organization_id org, delivery_id id, bool with_attempts) {
  auto found = head(org, id);
  if (!found) return fail(found.error());
  if (!*found) return no_such_delivery();
  return view(**found, with_attempts);
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
  for (const auto& task : *tasks) {
    auto one = tasks_.find_attempt(task.last_attempt, id);
    if (!one) return fail(one.error());
    if (*one) return std::move(**one);
  }
  return fail(error_code::attempt_not_found, "The delivery has no such attempt.");
}

result<std::optional<organization_id>> delivery_reader::owner_of(delivery_id id) {
  auto found = owner_.query(id);
  if (found.next()) return std::optional<organization_id>{found.id<organization_id>(0)};
  if (found.failed()) return fail(found.failure());
  return std::optional<organization_id>{};
}

}  // namespace waybill::core::sqlite
