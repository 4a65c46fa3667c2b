// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include <waybill/host_gate.hpp>

namespace waybill::sdk {

/// What handlers tell of their connections, under the same names whatever they speak; waybill::transfer tells it of its own.
/// Collect for a while, then tell: each costs a few look-ups in the host. Not for two threads at once.
struct connection_figures {
  std::uint64_t opened = 0;          ///< that could be used
  std::uint64_t reused = 0;          ///< uses of one that was open already
  std::uint64_t bytes_sent = 0;      ///< with headers, without TLS
  std::uint64_t bytes_received = 0;  ///< the same

  [[nodiscard]] bool empty() const { return opened == 0 && reused == 0 && bytes_sent == 0 && bytes_received == 0; }
  /// Adds them to the handler's counters and begins anew. False, and nothing is lost, if the handler is closed.
  [[nodiscard]] bool tell(host_gate& to) {
    const auto add = [&](std::string_view name, std::uint64_t value) {
      return value == 0 || to.metric_add(name, static_cast<double>(value));
    };
    if (!add("connections_opened_total", opened)) return false;
    opened = 0;
    if (!add("connections_reused_total", reused)) return false;
    reused = 0;
    if (!add("bytes_sent_total", bytes_sent)) return false;
    bytes_sent = 0;
    if (!add("bytes_received_total", bytes_received)) return false;
    bytes_received = 0;
    return true;
  }
};

/// Of one connection: from the first packet to an address until it can be used (TCP and TLS, SSH or a log-in).
inline void tell_handshake(host_gate& to, double seconds) { to.metric_observe("handshake_seconds", seconds); }

// The same, told as it happens, by a handler on threads of its own that speaks by a library which blocks. Before the last
// completion of what it is told of: after that the handler may be closed.

/// `took`: until the connection could be used.
inline void tell_opened(const handler_context& to, std::chrono::steady_clock::duration took) noexcept {
  to.metric_add("connections_opened_total", 1);
  to.metric_observe("handshake_seconds", std::chrono::duration<double>(took).count());
}
inline void tell_reused(const handler_context& to) noexcept { to.metric_add("connections_reused_total", 1); }
/// Content alone, where the library does not say what else it sent.
inline void tell_bytes_sent(const handler_context& to, std::uint64_t bytes) noexcept {
  if (bytes > 0) to.metric_add("bytes_sent_total", static_cast<double>(bytes));
}

}  // namespace waybill::sdk
