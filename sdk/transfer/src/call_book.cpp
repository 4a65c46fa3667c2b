// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/call_book.hpp>

#include <utility>

namespace waybill::transfer {

void call_book::enter(wb_token token) {
  const std::lock_guard lock{mutex_};
  calls_.try_emplace(token);
}

void call_book::begin(const std::vector<wb_token>& tokens, const std::shared_ptr<run>& together) {
  const std::lock_guard lock{mutex_};
  for (const auto token : tokens) {
    const auto found = calls_.find(token);
    if (found == calls_.end() || found->second.canceled) continue;
    found->second.in = together;
    ++together->wanted_;
  }
  if (together->wanted_ == 0) together->stop.stop();
}

void call_book::leave(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = calls_.find(token);
  if (found == calls_.end()) return;
  auto& [canceled, in] = found->second;
  if (!canceled && in && --in->wanted_ == 0) in->stop.stop();
  calls_.erase(found);
  idle_.notify_all();
}

bool call_book::is_canceled(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = calls_.find(token);
  return found != calls_.end() && found->second.canceled;
}

call_book::canceled_while call_book::cancel(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = calls_.find(token);
  if (found == calls_.end() || std::exchange(found->second.canceled, true)) return canceled_while::unknown;
  const auto& in = found->second.in;
  if (!in) return canceled_while::waiting;
  if (--in->wanted_ == 0) in->stop.stop();
  return canceled_while::running;
}

void call_book::job_begins() {
  const std::lock_guard lock{mutex_};
  ++jobs_;
}

void call_book::job_ends() {
  const std::lock_guard lock{mutex_};
  --jobs_;
  idle_.notify_all();
}

void call_book::wait_idle(std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  idle_.wait_for(lock, limit, [this] { return calls_.empty() && jobs_ == 0; });
}

}  // namespace waybill::transfer
