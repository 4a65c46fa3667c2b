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

[[nodiscard]] bool allowed(const endpoint_options& options, const sockaddr& address, std::string& refused) {
  const std::uint8_t* bytes = nullptr;
  std::uint32_t size = 0;
  std::uint16_t port = 0;
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    bytes = reinterpret_cast<const std::uint8_t*>(&v4.sin_addr);
    size = 4;
    port = ntohs(v4.sin_port);
  } else if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    bytes = reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr);
    size = 16;
    port = ntohs(v6.sin6_port);
  }
  if (bytes != nullptr && options.guard && options.guard(bytes, size, port)) return true;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes != nullptr) inet_ntop(address.sa_family, bytes, text.data(), text.size());
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
  if (!live.current_ || !allowed(live.current_->to().options(), address->addr, live.refused_)) return CURL_SOCKET_BAD;
  return live.sockets_.open_socket(*address);
}

int live_exchange::on_close(void* sockets, curl_socket_t socket) {
  static_cast<socket_owner*>(sockets)->close_socket(socket);
  return 0;
}

}  // namespace waybill::transfer
