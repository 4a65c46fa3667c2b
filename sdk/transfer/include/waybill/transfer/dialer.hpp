// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/stop_signal.hpp>

namespace waybill::transfer {

enum class dial_ending : std::uint8_t { connected = 1, unresolved, guard_refused, unreachable, timed_out, canceled };

/// A socket that is closed with its owner.
class socket_handle {
public:
  explicit socket_handle(int fd = -1) : fd_(fd) {}
  socket_handle(socket_handle&& other) noexcept : fd_(other.release()) {}
  socket_handle& operator=(socket_handle&& other) noexcept;
  ~socket_handle();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

private:
  int fd_;
};

struct dialed {
  dial_ending how = dial_ending::unresolved;
  socket_handle socket;  ///< connected, non-blocking, without Nagle's delay
  std::string address;   ///< the numeric address it is connected to
  std::string detail;    ///< if it is not connected: why, for the operator
};

struct dial_limits {
  std::chrono::steady_clock::time_point deadline;
  const stop_signal& stop;
};

/// For handlers whose library speaks over a socket of theirs: resolves the name, asks the guard about each address and
/// connects to exactly the address it allowed. Blocks; resolving is not cut short by the limits. Tries all addresses in
/// getaddrinfo's order.
[[nodiscard]] dialed dial(const std::string& host, std::uint16_t port, const connect_guard& guard, const dial_limits& limits);

struct resolved {
  dial_ending how = dial_ending::unresolved;  ///< connected: there is at least one address
  std::vector<std::string> addresses;         ///< numeric, each allowed by the guard
  std::string detail;
};
/// The same without connecting, for libraries that connect to a numeric address themselves.
[[nodiscard]] resolved resolve(const std::string& host, std::uint16_t port, const connect_guard& guard);

}  // namespace waybill::transfer
