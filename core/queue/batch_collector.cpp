// SPDX-License-Identifier: Apache-2.0
#include "core/queue/batch_collector.hpp"

#include <algorithm>
#include <utility>

namespace waybill::core {
namespace {

std::uint64_t bytes_of(const queued_task& task) { return task.content ? task.content->content_size() : 0; }

/// Content that is not in memory streams: it makes a request long, and neighbours would wait for it.
bool rides_alone(const queued_task& task) { return task.content && !task.content->in_memory(); }

}  // namespace

/// May this task come after the open batch's? A task that alone exceeds the bytes rides alone.
bool batch_collector::fits(const queued_task& task) const {
  if (open_ == 0) return true;
  return !is_closed_ && !rides_alone(task) && open_ < limits_.max_count && open_bytes_ + bytes_of(task) <= limits_.max_bytes;
}

void batch_collector::open_for(const queued_task& task) {
  ++open_;
  open_bytes_ += bytes_of(task);
  is_closed_ = rides_alone(task);
}

bool batch_collector::is_full() const {
  return is_closed_ || open_ < held_.size() || open_ >= limits_.max_count || (open_ > 0 && open_bytes_ >= limits_.max_bytes);
}

void batch_collector::measure() {
  open_ = 0;
  open_bytes_ = 0;
  is_closed_ = false;
  for (const auto& held : held_) {
    if (!fits(held.task)) return;
    open_for(held.task);
  }
}

void batch_collector::add(queued_task task, mono_time now) {
  if (open_ == held_.size() && fits(task)) open_for(task);
  held_.push_back({std::move(task), now});
}

bool batch_collector::is_ready(mono_time now) const { return !held_.empty() && (is_full() || *ready_at() <= now); }

std::optional<mono_time> batch_collector::ready_at() const {
  if (held_.empty()) return std::nullopt;
  return held_.front().since + limits_.max_wait;
}

std::vector<queued_task> batch_collector::take() {
  std::vector<queued_task> out;
  out.reserve(open_);
  const auto end = held_.begin() + static_cast<std::ptrdiff_t>(open_);
  for (auto one = held_.begin(); one != end; ++one) out.push_back(std::move(one->task));
  held_.erase(held_.begin(), end);
  measure();
  return out;
}

std::optional<queued_task> batch_collector::remove(const task_id& id) {
  const auto found = std::find_if(held_.begin(), held_.end(), [&](const entry& e) { return e.task.state.id == id; });
  if (found == held_.end()) return std::nullopt;
  auto out = std::move(found->task);
  held_.erase(found);
  measure();
  return out;
}

std::vector<queued_task> batch_collector::clear() {
  std::vector<queued_task> out;
  out.reserve(held_.size());
  for (auto& held : held_) out.push_back(std::move(held.task));
  held_.clear();
  measure();
  return out;
}

}  // namespace waybill::core
