// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace waybill::transfer {

/// Tells a thread that waits for a socket to give up. Once given it stays. stop() from any thread.
class stop_signal {
public:
  stop_signal();
  ~stop_signal();
  stop_signal(const stop_signal&) = delete;
  stop_signal& operator=(const stop_signal&) = delete;

  void stop();
  [[nodiscard]] bool stopped() const;
  /// Becomes readable when stopped; -1 if the process has no descriptor left, then only stopped() tells.
  [[nodiscard]] int fd() const { return fd_; }

private:
  int fd_;
};

enum class waited : unsigned char { ready = 1, timed_out, stopped };
/// Waits until `socket` is ready for one of `events` (poll's), the deadline has passed or the signal is given.
[[nodiscard]] waited wait_for(int socket, short events, std::chrono::steady_clock::time_point deadline,
                              const stop_signal& stop);

}  // namespace waybill::transfer
