// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/stop_signal.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace waybill::transfer {

stop_signal::stop_signal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

stop_signal::~stop_signal() {
  if (fd_ >= 0) close(fd_);
}

void stop_signal::stop() {
  const std::uint64_t one = 1;
  // Never read, so it stays readable; full only after 2^64 - 2 stops.
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

bool stop_signal::stopped() const {
  pollfd one{fd_, POLLIN, 0};
  return poll(&one, 1, 0) > 0;
}

waited wait_for(int socket, short events, std::chrono::steady_clock::time_point deadline, const stop_signal& stop) {
  using std::chrono::milliseconds;
  std::array<pollfd, 2> both{{{socket, events, 0}, {stop.fd(), POLLIN, 0}}};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const auto got = poll(both.data(), both.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    if (got < 0 && errno == EINTR) continue;
    if (both[1].revents != 0) return waited::stopped;
    if (got != 0) return waited::ready;  // an error of poll, too, is the socket's user to find
    if (left <= 0) return waited::timed_out;
  }
}

}  // namespace waybill::transfer
