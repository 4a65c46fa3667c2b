// SPDX-License-Identifier: Apache-2.0
#include "socket_set.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace waybill::transfer {

socket_set::socket_set() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.fd = wake_;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

socket_set::~socket_set() {
  ::close(wake_);
  ::close(epoll_);
}

void socket_set::wake() {
  const std::uint64_t one = 1;
  // Full only after 2^64 - 2 wake-ups; and then an event is pending anyway.
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
}

socket_set::state& socket_set::at(curl_socket_t socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= sockets_.size()) sockets_.resize(index + 64);
  return sockets_[index];
}

curl_socket_t socket_set::open(const curl_sockaddr& address) {
  const auto socket = ::socket(address.family, address.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  at(socket) = {0, 0, true};
  return socket;
}

void socket_set::close(curl_socket_t socket) {
  at(socket) = {};
  ::close(socket);  // leaves epoll by that
}

void socket_set::want(curl_socket_t socket, int what) {
  auto& s = at(socket);
  if (what == CURL_POLL_REMOVE) {
    s.wanted = 0;
    if (!s.ours)
      set(socket, s, 0);
    else if ((s.registered & EPOLLOUT) != 0)
      set(socket, s, EPOLLIN);  // a writable socket would report for ever
    return;
  }
  s.wanted = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
  if (s.wanted != s.registered) set(socket, s, s.wanted);
}

void socket_set::set(curl_socket_t socket, state& s, std::uint32_t events) {
  if (events == s.registered) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  const int operation = events == 0 ? EPOLL_CTL_DEL : s.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  epoll_ctl(epoll_, operation, socket, &event);
  s.registered = events;
}

int socket_set::meaning(const epoll_event& event) {
  if (event.data.fd == wake_) return 0;
  auto& s = at(event.data.fd);
  if (s.wanted == 0) {
    set(event.data.fd, s, 0);
    return 0;
  }
  int what = 0;
  if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0) what |= CURL_CSELECT_IN;
  if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
  if ((event.events & EPOLLERR) != 0) what |= CURL_CSELECT_ERR;
  return what;
}

}  // namespace waybill::transfer
