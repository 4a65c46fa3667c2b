// SPDX-License-Identifier: Apache-2.0
#include "core/queue/task_window.hpp"

#include <algorithm>
#include <utility>

#include "core/queue/task_rank.hpp"

namespace waybill::core {
namespace {

std::size_t content_size(const queued_task& task) { return task.content ? task.content->content.size() : 0; }

bool is_keyed(const queued_task& task) { return task.content && !task.content->ordering_key.empty(); }
bool is_late(const queued_task& task, utc_time now) { return task.state.deliver_by && *task.state.deliver_by <= now; }

// Heap orders: the standard heap keeps the greatest on top, so each says when `a` comes after `b`.
bool less_urgent(const queued_task& a, const queued_task& b) { return goes_before(b.state, a.state); }
bool later_due(const queued_task& a, const queued_task& b) { return a.state.due_at > b.state.due_at; }

void note_earlier(std::optional<utc_time>& earliest, utc_time due) {
  if (!earliest || due < *earliest) earliest = due;
}

queued_task pop_top(std::vector<queued_task>& heap, bool (*order)(const queued_task&, const queued_task&)) {
  std::pop_heap(heap.begin(), heap.end(), order);
  queued_task top = std::move(heap.back());
  heap.pop_back();
  return top;
}

}  // namespace

task_window::~task_window() {
  if (budget_ != nullptr) budget_->give_back(bytes_ + held_.size() * task_overhead);
}

std::size_t task_window::capacity() const {
  return is_short() ? std::min(max_tasks_, held_.size() - waiting() + burst_) : max_tasks_;
}

/// Half of what may wait, beside what is out.
std::size_t task_window::half(std::size_t capacity) const {
  if (!is_short()) return capacity / 2;
  const auto out = held_.size() - waiting();
  return out + (capacity - std::min(capacity, out)) / 2;
}

bool task_window::is_well_filled() const { return held_.size() > half(capacity()) || bytes_ >= max_bytes_; }

void task_window::adapt_burst() {
  constexpr std::size_t most = 256;
  const auto tried = std::exchange(tried_since_claim_, 0);
  if (tried >= burst_ / 2 && waiting() == 0)
    burst_ = std::min(burst_ * 2, most);
  else
    burst_ = std::max(burst_ - burst_ / 4, least_burst);
}

/// What a burst once needed is not kept for ever: there may be ten thousand of us.
void task_window::shrink() {
  constexpr std::size_t kept = 16;
  if (held_.bucket_count() > kept) std::unordered_set<task_id>().swap(held_);
  for (auto* heap : {&ready_, &later_})
    if (heap->empty() && heap->capacity() > kept) std::vector<queued_task>().swap(*heap);
}

void task_window::hold(queued_task task) {
  // Everything enters through the heap of times: what is due is promoted when somebody asks, with the clock in hand.
  later_.push_back(std::move(task));
  std::push_heap(later_.begin(), later_.end(), later_due);
}

void task_window::promote(utc_time now) {
  while (!later_.empty() && later_.front().state.due_at <= now) {
    ready_.push_back(pop_top(later_, later_due));
    std::push_heap(ready_.begin(), ready_.end(), less_urgent);
  }
}

bool task_window::find_ready(utc_time now) {
  promote(now);
  while (!ready_.empty()) {
    const auto& top = ready_.front();
    const bool late = is_late(top, now);
    if (!late && !(is_keyed(top) && gate_.is_busy(top.content->ordering_key))) return true;
    auto task = pop_top(ready_, less_urgent);
    if (late)
      forget(task.state.id, content_size(task));  // the store makes a dead letter of it
    else
      gate_.wait(std::move(task));
  }
  return false;
}

void task_window::leave_gate(const task_id& id) {
  for (auto& task : gate_.leave(id)) hold(std::move(task));
}

void task_window::offer(queued_task task) { admit(std::move(task), store_has_more_ ? half(capacity()) : capacity()); }

void task_window::admit(queued_task task, std::size_t most) {
  if (held_.size() >= most || bytes_ >= max_bytes_) {
    if (held_.count(task.state.id) == 0) expect_more();
    return;
  }
  if (!held_.insert(task.state.id).second) return;
  const auto size = content_size(task);
  bytes_ += size;
  if (budget_ != nullptr) budget_->take(size + task_overhead);
  hold(std::move(task));
}

void task_window::claim_sent() {
  left_since_claim_ = false;
  next_due_since_claim_.reset();
}

void task_window::take_claim(claim_result&& claim) {
  if (is_short()) adapt_burst();
  store_has_more_ = claim.more_due || left_since_claim_;
  store_next_due_ = claim.next_due;
  if (next_due_since_claim_) note_earlier(store_next_due_, *next_due_since_claim_);
  for (auto& task : claim.tasks) admit(std::move(task), max_tasks_);
}

std::optional<queued_task> task_window::pop_due(utc_time now) {
  if (!find_ready(now)) return std::nullopt;
  auto task = pop_top(ready_, less_urgent);
  ++tried_since_claim_;
  if (is_keyed(task)) gate_.enter(task.content->ordering_key, task.state.id);
  return task;
}

bool task_window::has_due(utc_time now) { return find_ready(now); }

void task_window::put_back(queued_task task) {
  if (is_keyed(task)) leave_gate(task.state.id);
  hold(std::move(task));
}

void task_window::reschedule(queued_task task, utc_time now) {
  // A late retry kept in memory would take the place of one that could be tried now: the store keeps it till its time.
  const bool soon = task.state.due_at - now <= keep_ahead;
  if (soon && held_.size() <= half(capacity())) return put_back(std::move(task));
  note_earlier(store_next_due_, task.state.due_at);
  note_earlier(next_due_since_claim_, task.state.due_at);
  forget(task.state.id, content_size(task));
}

void task_window::forget(const task_id& id, std::size_t size) {
  if (held_.erase(id) != 0) {
    const auto counted = std::min(bytes_, size);
    bytes_ -= counted;
    if (budget_ != nullptr) budget_->give_back(counted + task_overhead);
    if (held_.empty()) shrink();
  }
  leave_gate(id);
}

bool task_window::withdraw(const task_id& id) {
  const auto is_it = [&](const queued_task& task) { return task.state.id == id; };
  for (auto [heap, order] : {std::make_pair(&ready_, &less_urgent), std::make_pair(&later_, &later_due)}) {
    auto found = std::find_if(heap->begin(), heap->end(), is_it);
    if (found == heap->end()) continue;
    forget(id, content_size(*found));
    heap->erase(found);
    std::make_heap(heap->begin(), heap->end(), order);
    return true;
  }
  const auto waited = gate_.withdraw(id);
  if (waited) forget(id, content_size(*waited));
  return waited.has_value();
}

void task_window::clear_waiting() {
  for (auto* heap : {&ready_, &later_}) {
    for (auto& task : *heap) forget(task.state.id, content_size(task));
    heap->clear();
  }
  for (auto& task : gate_.clear_waiting()) forget(task.state.id, content_size(task));
  expect_more();
}

std::optional<utc_time> task_window::next_due() const {
  std::optional<utc_time> next = store_next_due_;
  if (!later_.empty() && (!next || later_.front().state.due_at < *next)) next = later_.front().state.due_at;
  return next;
}

bool task_window::wants_claim(utc_time now) const {
  const bool store_has_due = store_has_more_ || (store_next_due_ && *store_next_due_ <= now);
  return store_has_due && !is_well_filled();
}

std::uint32_t task_window::room() const {
  const auto most = capacity();
  return held_.size() >= most ? 0 : static_cast<std::uint32_t>(most - held_.size());
}

}  // namespace waybill::core
