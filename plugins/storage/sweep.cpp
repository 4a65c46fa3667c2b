// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"

#include <utility>

namespace waybill::storage {
namespace {

// A store that refuses this often refuses everything: the next sweep tries again.
constexpr std::size_t most_failures = 20;

}  // namespace

void sweep::start(std::shared_ptr<store_client> client, call_ptr by, std::vector<std::string> prefixes, std::string owner,
                  std::int64_t before_ms, done then) {
  std::make_shared<sweep>(std::move(client), std::move(by), std::move(prefixes), std::move(owner), before_ms, std::move(then))
      ->next_page();
}

sweep::sweep(std::shared_ptr<store_client> client, call_ptr by, std::vector<std::string> prefixes, std::string owner,
             std::int64_t before_ms, done then)
    : client_(std::move(client)),
      by_(std::move(by)),
      prefixes_(std::move(prefixes)),
      owner_(std::move(owner)),
      before_ms_(before_ms),
      then_(std::move(then)) {}

void sweep::next_page() {
  const bool goes_on = !first_page_ && !page_.next.empty();
  if (!goes_on && !std::exchange(first_page_, false)) prefixes_.pop_back();
  if (prefixes_.empty() || owner_.empty()) return end(sdk::result::delivered());
  auto from = goes_on ? page_.next : std::string{};
  client_->list(by_, prefixes_.back(), std::move(from), before_ms_, [self = shared_from_this()](sdk::result r, listing page) {
    if (r.what != sdk::action::delivered) return self->end(std::move(r));
    self->page_ = std::move(page);
    self->taken_ = 0;
    self->next_object();
  });
}

void sweep::next_object() {
  while (taken_ < page_.objects.size()) {
    auto& one = page_.objects[taken_++];
    if (one.modified_ms >= before_ms_ || (one.owner && *one.owner != owner_)) continue;
    if (one.owner) return judge_owner(sdk::result::delivered(), std::move(one));
    return client_->find_owner(by_, std::move(one), [self = shared_from_this()](sdk::result r, stored_object what) {
      self->judge_owner(std::move(r), std::move(what));
    });
  }
  next_page();
}

void sweep::judge_owner(sdk::result r, stored_object what) {
  if (r.what == sdk::action::canceled) return end(std::move(r));
  if (r.what != sdk::action::delivered) {
    note_failure(r);
    return report_.failed < most_failures ? next_object() : end(std::move(r));
  }
  if (what.owner.value_or("") != owner_) return next_object();
  client_->remove(by_, std::move(what), [self = shared_from_this()](sdk::result removed) {
    if (removed.what == sdk::action::canceled) return self->end(std::move(removed));
    if (removed.what == sdk::action::delivered) {
      ++self->report_.deleted;
      return self->next_object();
    }
    self->note_failure(removed);
    return self->report_.failed < most_failures ? self->next_object() : self->end(std::move(removed));
  });
}

void sweep::note_failure(const sdk::result& r) {
  ++report_.failed;
  report_.failure = r.detail;
}

void sweep::end(sdk::result r) {
  report_.result = std::move(r);
  then_(report_);
}

}  // namespace waybill::storage
