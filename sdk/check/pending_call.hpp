// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "core/plugin_host/handler.hpp"

namespace waybill::sdk::check {

/// One delivery or connection test under way, waited for from the suite's thread. Shared with the completion.
class pending_call : public std::enable_shared_from_this<pending_call> {
public:
  [[nodiscard]] core::handler::completion completion() {
    return [self = shared_from_this()](core::attempt_result r) { self->ended(std::move(r)); };
  }
  [[nodiscard]] bool wait(std::chrono::milliseconds limit) {
    std::unique_lock hold{lock_};
    return changed_.wait_for(hold, limit, [this] { return is_done_; });
  }
  /// After wait said true.
  [[nodiscard]] const core::attempt_result& result() const { return result_; }

  core::handler::token token = 0;

private:
  void ended(core::attempt_result r) {
    std::lock_guard hold{lock_};
    result_ = std::move(r);
    is_done_ = true;
    changed_.notify_all();
  }

  std::mutex lock_;
  std::condition_variable changed_;
  bool is_done_ = false;
  core::attempt_result result_;
};

using pending_call_ptr = std::shared_ptr<pending_call>;

}  // namespace waybill::sdk::check
