// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/dialer.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace waybill::transfer {
namespace {

struct addresses_free {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using address_list = std::unique_ptr<addrinfo, addresses_free>;

std::string reason(int error) { return std::generic_category().message(error); }

address_list look_up(const std::string& host, std::uint16_t port, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0) why = "the name has no address: " + std::string{gai_strerror(status)};
  return address_list{status == 0 ? found : nullptr};
}

struct raw_address {
  const std::uint8_t* bytes;
  std::uint32_t size;
};

raw_address bytes_of(const addrinfo& one) {
  if (one.ai_family == AF_INET)
    return {reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(one.ai_addr)->sin_addr), 4};
  if (one.ai_family == AF_INET6)
    return {reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in6*>(one.ai_addr)->sin6_addr), 16};
  return {nullptr, 0};
}

std::string text_of(const addrinfo& one) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(one.ai_family, bytes_of(one).bytes, out.data(), out.size());
  return out.data();
}

bool allows(const connect_guard& guard, const addrinfo& one, std::uint16_t port) {
  const auto [bytes, size] = bytes_of(one);
  return bytes != nullptr && guard && guard(bytes, size, port);
}

dialed connect_to(const addrinfo& one, const dial_limits& limits) {
  dialed out;
  out.how = dial_ending::unreachable;
  out.address = text_of(one);
  out.socket = socket_handle{::socket(one.ai_family, one.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, one.ai_protocol)};
  const int fd = out.socket.get();
  int error = 0;
  if (fd < 0 || (::connect(fd, one.ai_addr, one.ai_addrlen) != 0 && errno != EINPROGRESS)) {
    error = errno;
  } else {
    const auto how = wait_for(fd, POLLOUT, limits.deadline, limits.stop);
    if (how == waited::timed_out) out.how = dial_ending::timed_out;
    if (how == waited::stopped) out.how = dial_ending::canceled;
    socklen_t size = sizeof error;
    if (how == waited::ready && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      out.how = dial_ending::connected;
      return out;
    }
  }
  out.socket = socket_handle{};
  out.detail = "no connection to " + out.address + ": " +
               (out.how == dial_ending::timed_out  ? std::string{"no answer in time"}
                : out.how == dial_ending::canceled ? std::string{"canceled"}
                                                   : reason(error));
  return out;
}

constexpr const char* refused = "the network guard refuses the address (network.allow opens ranges)";

}  // namespace

socket_handle& socket_handle::operator=(socket_handle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

socket_handle::~socket_handle() {
  if (fd_ >= 0) ::close(fd_);
}

dialed dial(const std::string& host, std::uint16_t port, const connect_guard& guard, const dial_limits& limits) {
  dialed last;
  const auto list = look_up(host, port, last.detail);
  for (const auto* one = list.get(); one != nullptr; one = one->ai_next) {
    if (!allows(guard, *one, port)) {
      // A refusal says more than a failure of another address, but not than a time-out.
      if (last.how != dial_ending::timed_out) last.how = dial_ending::guard_refused;
      last.detail = std::string{refused} + ": " + text_of(*one);
      continue;
    }
    last = connect_to(*one, limits);
    if (last.how == dial_ending::connected || last.how == dial_ending::canceled || last.how == dial_ending::timed_out) break;
  }
  return last;
}

resolved resolve(const std::string& host, std::uint16_t port, const connect_guard& guard) {
  resolved out;
  const auto list = look_up(host, port, out.detail);
  for (const auto* one = list.get(); one != nullptr; one = one->ai_next) {
    if (allows(guard, *one, port)) {
      out.addresses.push_back(text_of(*one));
    } else if (out.addresses.empty()) {
      out.how = dial_ending::guard_refused;
      out.detail = std::string{refused} + ": " + text_of(*one);
    }
  }
  if (!out.addresses.empty()) out.how = dial_ending::connected;
  return out;
}

}  // namespace waybill::transfer
