// SPDX-License-Identifier: Apache-2.0
#include "api/outbox.hpp"

#include <utility>

namespace waybill::api {

outbox::outbox(wake_function wake) : wake_(std::move(wake)) {}

void outbox::push(std::unique_ptr<lane_task> task) {
  std::lock_guard lock{mutex_};
  if (closed_) return;
  waiting_.push_back(std::move(task));
  // Woken under the lock, so that `close` can promise that no call of `wake_` is under way; posting to asio does not block.
  if (!std::exchange(awake_, true)) wake_();
}

void outbox::drain() {
  {
    std::lock_guard lock{mutex_};
    awake_ = false;
    running_.swap(waiting_);
  }
  for (auto& task : running_) task->run();
  running_.clear();
}

void outbox::close() {
  std::vector<std::unique_ptr<lane_task>> dropped;
  std::lock_guard lock{mutex_};
  closed_ = true;
  dropped.swap(waiting_);
}

}  // namespace waybill::api
