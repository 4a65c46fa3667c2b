// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <vector>

#include <curl/curl.h>

namespace waybill::transfer {

/// The sockets of a loop on epoll.
///
/// A socket that was opened here stays registered while its connection idles between two exchanges: libcurl says "remove"
/// and "add" each time, and obeying would cost two system calls per exchange. It is taken out when something happens on it
/// that nobody waits for (the peer closed it). Reactor thread only, but for wake().
class socket_set {
public:
  socket_set();
  ~socket_set();
  socket_set(const socket_set&) = delete;
  socket_set& operator=(const socket_set&) = delete;

  [[nodiscard]] curl_socket_t open(const curl_sockaddr& address);
  void close(curl_socket_t socket);
  /// libcurl's wish for a socket: CURL_POLL_*.
  void want(curl_socket_t socket, int what);

  /// Waits, -1 for ever, 0 not at all, and calls act(socket, CURL_CSELECT_*) for each socket with an event.
  template <class Act>
  void wait(int timeout_ms, Act act) {
    const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
    for (int i = 0; i < count; ++i) {
      const auto& event = events_[static_cast<std::size_t>(i)];
      const int what = meaning(event);
      if (what != 0) act(event.data.fd, what);
    }
  }
  /// Ends a wait. THREAD: any.
  void wake();

private:
  struct state {
    std::uint32_t wanted = 0;      ///< EPOLLIN | EPOLLOUT, by libcurl
    std::uint32_t registered = 0;  ///< with epoll
    bool ours = false;             ///< opened here, so its closing is seen; libcurl makes some of its own for its resolver
  };
  void set(curl_socket_t socket, state& s, std::uint32_t events);
  [[nodiscard]] int meaning(const epoll_event& event);
  [[nodiscard]] state& at(curl_socket_t socket);

  int epoll_;
  int wake_;                    ///< an eventfd, edge-triggered: never read
  std::vector<state> sockets_;  ///< by descriptor
  std::array<epoll_event, 256> events_{};
};

}  // namespace waybill::transfer
