// SPDX-License-Identifier: Apache-2.0
#include "live_exchange.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace waybill::transfer {
namespace {

// Headers of an answer beyond this are dropped: a record keeps no more, and no peer needs it.
constexpr std::size_t max_header_bytes = 16'384;
// An answer is read on, unkept, up to this much, so that its connection can be reused; then it is cut off.
constexpr std::uint64_t max_dropped_bytes = 1'048'576;

/// A resolved address as the guard wants it.
struct plain_address {
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t size = 0;  ///< 0: neither IPv4 nor IPv6, so never allowed
  std::uint16_t port = 0;
};

[[nodiscard]] plain_address plain(const sockaddr& address) {
  plain_address out;
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    out.size = 4;
    out.port = ntohs(v4.sin_port);
    std::memcpy(out.bytes.data(), &v4.sin_addr, 4);
  } else if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    out.size = 16;
    out.port = ntohs(v6.sin6_port);
    std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
  }
  return out;
}

[[nodiscard]] plain_address plain(const char* address, int port) {
  plain_address out;
  out.port = static_cast<std::uint16_t>(port);
  if (inet_pton(AF_INET, address, out.bytes.data()) == 1)
    out.size = 4;
  else if (inet_pton(AF_INET6, address, out.bytes.data()) == 1)
    out.size = 16;
  return out;
}

[[nodiscard]] bool allowed(const endpoint_options& options, const plain_address& to, std::string& refused) {
  if (to.size != 0 && options.guard && options.guard(to.bytes.data(), to.size, to.port)) return true;
  std::array<char, INET6_ADDRSTRLEN> text{"an address of an unknown kind"};
  if (to.size != 0) inet_ntop(to.size == 4 ? AF_INET : AF_INET6, to.bytes.data(), text.data(), text.size());
  refused = text.data();
  return false;
}

}  // namespace

live_exchange::live_exchange(socket_owner& sockets) : sockets_(sockets), easy_(curl_easy_init()), parsed_(curl_url()) {}

live_exchange::~live_exchange() {
  curl_easy_cleanup(easy_);
  curl_url_cleanup(parsed_);
}

std::unique_ptr<exchange> live_exchange::release() {
  if (feed_) feed_->close();
  feed_.reset();
  if (current_) current_->undo(easy_);
  return std::move(current_);
}

std::size_t live_exchange::take_answer(const char* bytes, std::size_t size) {
  const auto cap = current_->to().options().max_answer_bytes;
  const auto kept = std::min(size, cap - std::min(cap, answer_.size()));
  answer_.append(bytes, kept);
  dropped_ += size - kept;
  enough_ = dropped_ > max_dropped_bytes;
  return enough_ ? CURL_WRITEFUNC_ERROR : size;
}

std::size_t live_exchange::give_body(char* buffer, std::size_t room) {
  if (feed_) {
    const auto got = feed_->take(buffer, room);
    if (got.what == body_feed::state::wait) return CURL_READFUNC_PAUSE;
    return got.what == body_feed::state::failed ? CURL_READFUNC_ABORT : got.size;
  }
  const auto bytes = current_->body.bytes();
  const auto size = std::min(room, bytes.size() - body_sent_);
  std::memcpy(buffer, bytes.data() + body_sent_, size);
  body_sent_ += size;
  return size;
}

std::size_t live_exchange::on_header(char* line, std::size_t size, std::size_t count, void* self) {
  auto& live = *static_cast<live_exchange*>(self);
  const std::string_view text{line, size * count};
  // A new status line: an informational answer came before.
  if (text.size() > 5 && std::memcmp(text.data(), "HTTP/", 5) == 0) live.headers_.clear();
  if (live.headers_.size() + text.size() <= max_header_bytes) live.headers_.append(text);
  return text.size();
}

std::size_t live_exchange::on_answer(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<live_exchange*>(self)->take_answer(bytes, size * count);
}

std::size_t live_exchange::on_body(char* buffer, std::size_t size, std::size_t count, void* self) {
  return static_cast<live_exchange*>(self)->give_body(buffer, size * count);
}

int live_exchange::on_seek(void* self, curl_off_t offset, int origin) {
  auto& live = *static_cast<live_exchange*>(self);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  live.body_sent_ = 0;
  if (live.feed_) live.feed_->rewind();
  return CURL_SEEKFUNC_OK;
}

curl_socket_t live_exchange::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  auto& live = *static_cast<live_exchange*>(self);
  if (!live.current_ || !allowed(live.current_->to().options(), plain(address->addr), live.refused_)) return CURL_SOCKET_BAD;
  live.opened_ = true;
  return live.sockets_.open_socket(*address);
}

// A connection that an earlier exchange opened was allowed to that one, then: the guard is asked for this one too.
int live_exchange::on_request(void* self, char* address, char*, int port, int) {
  auto& live = *static_cast<live_exchange*>(self);
  if (live.opened_ || allowed(live.current_->to().options(), plain(address, port), live.refused_)) return CURL_PREREQFUNC_OK;
  return CURL_PREREQFUNC_ABORT;
}

int live_exchange::on_close(void* sockets, curl_socket_t socket) {
  static_cast<socket_owner*>(sockets)->close_socket(socket);
  return 0;
}

}  // namespace waybill::transfer
