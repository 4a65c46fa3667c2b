// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <waybill/plugin.h>
#include <waybill/transfer/stop_signal.hpp>

namespace waybill::transfer {

/// The calls of one destination that have not ended, for handlers whose work is done by threads (lane_pool): which of them
/// were canceled, and which run together. A run is told to stop when nobody waits for any of its calls. Thread-safe.
class call_book {
public:
  struct run {
    stop_signal stop;

  private:
    friend class call_book;
    std::size_t wanted_ = 0;
  };
  enum class canceled_while : std::uint8_t { unknown = 1, waiting, running };

  void enter(wb_token token);
  /// These calls are performed together from now on; those that were canceled meanwhile do not count.
  void begin(const std::vector<wb_token>& tokens, const std::shared_ptr<run>& together);
  /// Just before its completion: an answered call is not waited for any more.
  void leave(wb_token token);
  [[nodiscard]] bool is_canceled(wb_token token);
  /// Where the call was found. One that waits is the caller's to answer, unless its run begins at this moment.
  canceled_while cancel(wb_token token);

  /// Brackets a job that uses the destination, so that wait_idle knows of it.
  void job_begins();
  void job_ends();
  /// Until every call has ended and no job is left, or for so long.
  void wait_idle(std::chrono::milliseconds limit);

private:
  struct call {
    bool canceled = false;
    std::shared_ptr<run> in;
  };
  std::mutex mutex_;
  std::condition_variable idle_;
  std::unordered_map<wb_token, call> calls_;
  std::size_t jobs_ = 0;
};

}  // namespace waybill::transfer
