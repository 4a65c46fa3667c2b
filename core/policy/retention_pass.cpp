// SPDX-License-Identifier: Apache-2.0
#include "core/policy/retention_pass.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace waybill::core {
namespace {

constexpr std::size_t first_batch = 16, largest_batch = 512;
constexpr milliseconds quick{4}, slow{12};
// A fifth of the writer's time at most.
constexpr int rest_per_work = 4;
constexpr milliseconds shortest_rest{5}, longest_rest{2'000};

/// Dead letters are one walk of their own index.
constexpr retention_walk first_walk(retention_stage stage) {
  return stage == retention_stage::dead_letters ? retention_walk::fresh : retention_walk::kept;
}

}  // namespace

retention_pass::retention_pass(std::vector<plan> plans, utc_time now)
    : plans_(std::move(plans)), now_(now), batch_size_(first_batch) {
  range_.stage = retention_stage::dead_letters;
  range_.walk = first_walk(range_.stage);
  range_.now = now;
  skip_what_is_kept_for_ever();
}

const retention_range* retention_pass::range() const { return at_ < plans_.size() ? &range_ : nullptr; }

/// What was left before is looked at by a reader first, so a page of it costs the writer nothing.
std::uint32_t retention_pass::page_size() const { return largest_batch; }

void retention_pass::on_candidates(retention_candidates found) {
  pending_ = std::move(found.ids);
  more_ = found.more;
  if (more_) range_.after = found.next;
  if (pending_.empty() && !more_) next_walk();
}

std::vector<delivery_id> retention_pass::batch() const {
  const auto count = std::min(batch_size_, pending_.size());
  return {pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count)};
}

void retention_pass::on_step(const retention_step& step, milliseconds took) {
  const auto done = std::min(static_cast<std::size_t>(step.looked_at), pending_.size());
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
  if (took > slow)
    batch_size_ = std::max<std::size_t>(batch_size_ / 2, 1);
  else if (took < quick)
    batch_size_ = std::min(batch_size_ * 2, largest_batch);
  rest_ = std::clamp(took * rest_per_work, shortest_rest, longest_rest);
  if (pending_.empty() && !more_) next_walk();
}

void retention_pass::next_walk() {
  range_.after = {};
  more_ = false;
  if (range_.walk == retention_walk::kept) {
    range_.walk = retention_walk::fresh;
    return;
  }
  if (range_.stage == retention_stage::deliveries) {
    ++at_;
    range_.stage = retention_stage::dead_letters;
  } else {
    range_.stage = static_cast<retention_stage>(static_cast<int>(range_.stage) + 1);
  }
  range_.walk = first_walk(range_.stage);
  skip_what_is_kept_for_ever();
}

void retention_pass::skip_what_is_kept_for_ever() {
  if (at_ >= plans_.size()) return;
  if (days() == 0) {
    range_.walk = retention_walk::fresh;
    return next_walk();
  }
  range_.organization = plans_[at_].organization;
  range_.finished_before = now_ - std::chrono::hours(24) * days();
}

std::uint32_t retention_pass::days() const {
  const auto& keep = plans_[at_].keep;
  switch (range_.stage) {
    case retention_stage::dead_letters:
      return keep.dead_letter_days;
    case retention_stage::attempt_records:
      return keep.attempt_record_days;
    case retention_stage::attempts:
      return keep.attempt_days;
    case retention_stage::payloads:
      return keep.payload_days;
    case retention_stage::deliveries:
      return keep.delivery_days;
  }
  return 0;
}

}  // namespace waybill::core
