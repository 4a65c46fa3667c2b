// SPDX-License-Identifier: Apache-2.0
#include "core/store/stored_task.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

bool goes_to(const delivery_head& head, destination_id destination) {
  return std::any_of(head.targets.begin(), head.targets.end(), [&](const task_target& t) { return t.second == destination; });
}

}  // namespace

delivery_status derive_status(const std::vector<stored_task>& tasks) {
  bool waiting = false, begun = false, failed = false, kept = tasks.empty();
  for (const auto& task : tasks) {
    const bool final = is_final(task.status);
    waiting = waiting || !final;
    begun = begun || final || task.total_attempts > 0;
    failed = failed || task.status == task_status::failed;
    kept = kept || task.status != task_status::cancelled;
  }
  if (waiting) return begun ? delivery_status::processing : delivery_status::queued;
  if (failed) return delivery_status::failed;
  return kept ? delivery_status::completed : delivery_status::cancelled;
}

task_view begin_view(const stored_task& task) {
  task_view view;
  view.id = task.key.task;
  view.delivery = task.key.delivery;
  view.destination = task.key.destination;
  view.status = task.status;
  view.attempts = task.attempts;
  view.created_at = task.created_at;
  if (task.status != task_status::parked) view.next_attempt_at = task.due_at;
  view.finished_at = task.finished_at;
  return view;
}

void park(task_view& view, destination_state state, breaker_state breaker, std::optional<utc_time> breaker_next) {
  const bool disabled = state == destination_state::disabled;
  if (is_final(view.status) || (!disabled && breaker != breaker_state::open)) return;
  view.status = task_status::parked;
  if (disabled || !view.next_attempt_at || !breaker_next)
    view.next_attempt_at = std::nullopt;
  else
    view.next_attempt_at = std::max(*view.next_attempt_at, *breaker_next);
}

void add_last_attempt(task_view& view, const attempt& last) {
  view.category = last.result.category;
  view.code = last.result.code;
  view.external_reference = last.result.external_reference;
  if (last.result.action != attempt_action::delivered) view.failure_reason = last.result.message;
}

void add_expiry(task_view& view, const stored_task& task) {
  if (task.status != task_status::failed || task.category != failure_category::timeout) return;
  if (view.category == failure_category::timeout) return;
  view.category = failure_category::timeout;
  view.code = 0;
  view.failure_reason = "The time set for this delivery has passed";
}

id_bytes first_id_at(std::int64_t unix_ms) {
  const auto ms = static_cast<std::uint64_t>(std::clamp<std::int64_t>(unix_ms, 0, (std::int64_t{1} << 48) - 1));
  id_bytes id{};
  for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  return id;
}

bool waits(std::optional<delivery_status> status) {
  return status == delivery_status::queued || status == delivery_status::processing;
}

bool head_matches(const delivery_head& head, const delivery_filter& filter) {
  const auto& d = head.content;
  if (filter.from && d.created_at < *filter.from) return false;
  if (filter.to && d.created_at >= *filter.to) return false;
  if (filter.created_by && d.created_by != *filter.created_by) return false;
  if (!filter.payload_type.empty() && d.payload_type != filter.payload_type) return false;
  if (!filter.correlation_id.empty() && d.correlation_id != filter.correlation_id) return false;
  if (!filter.tag.empty() && std::find(d.tags.begin(), d.tags.end(), filter.tag) == d.tags.end()) return false;
  if (filter.destination && !goes_to(head, *filter.destination)) return false;
  return filter.text.empty() || contains_text(d.filename, filter.text) || contains_text(d.correlation_id, filter.text) ||
         contains_text(d.metadata, filter.text);
}

stored_task as_stored(const dead_row& dead) {
  stored_task task;
  task.key = dead.key;
  task.status = task_status::failed;
  task.category = dead.category;
  task.attempts = dead.attempts;
  task.total_attempts = dead.total_attempts;
  task.created_at = dead.created_at;
  task.finished_at = dead.finished_at;
  task.last_attempt = dead.last_attempt;
  return task;
}

tl::unexpected<error> no_such_delivery() { return fail(error_code::delivery_not_found, "There is no such delivery."); }

tl::unexpected<error> no_content_any_more() {
  return fail(error_code::payload_expired, "The payload is no longer kept: its retention time is over.");
}
tl::unexpected<error> no_such_destination() { return fail(error_code::destination_not_found, "There is no such destination."); }

tl::unexpected<error> no_such_organization() {
  return fail(error_code::organization_not_found, "There is no such organization.");
}

}  // namespace waybill::core
