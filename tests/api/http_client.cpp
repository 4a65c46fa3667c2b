// SPDX-License-Identifier: Apache-2.0
#include "tests/api/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace waybill::tests {

std::string http_answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

std::vector<std::string> http_answer::pointers() const {
  std::vector<std::string> out;
  const auto problem = json();
  if (problem.is_object() && problem.contains("errors"))
    for (const auto& fault : problem["errors"]) out.push_back(fault["pointer"]);
  return out;
}

http_client::http_client(std::string address, std::string key) : address_(std::move(address)), key_(std::move(key)) {
  reconnect();
}

http_client::~http_client() { ::close(socket_); }

void http_client::reconnect() {
  if (socket_ >= 0) ::close(socket_);
  buffer_.clear();
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto colon = address_.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address_.c_str() + colon + 1)));
  ::inet_pton(AF_INET, address_.substr(0, colon).c_str(), &to.sin_addr);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

void http_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has had enough; what it said can still be read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool http_client::fill() {
  char piece[16'384];
  const auto got = ::recv(socket_, piece, sizeof piece, 0);
  if (got <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(got));
  return true;
}

bool http_client::closed() {
  while (fill()) {}
  char one = 0;
  return ::recv(socket_, &one, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN && errno != EWOULDBLOCK;
}

http_answer http_client::receive(bool bodiless) {
  http_answer out;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return out;
  std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  out.status = std::atoi(head.substr(9, 3).c_str());
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const auto line = head.substr(at, line_end - at);
    at = line_end + 2;
    const auto colon = line.find(':');
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers.emplace(name, line.substr(colon + 2));
  }
  const auto size = bodiless ? 0 : static_cast<std::size_t>(std::atoll(out.header("content-length").c_str()));
  while (buffer_.size() < size)
    if (!fill()) return out;
  out.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return out;
}

http_answer http_client::request(const std::string& method, const std::string& target, const std::optional<std::string>& body,
                                 const headers& extra) {
  const auto named = [&extra](const char* name) {
    return std::any_of(extra.begin(), extra.end(), [name](const auto& field) { return field.first == name; });
  };
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: test\r\n";
  if (!key_.empty() && !named("Authorization")) text += "Authorization: Bearer " + key_ + "\r\n";
  if (body && !named("Content-Type")) text += "Content-Type: application/json\r\n";
  if (body) text += "Content-Length: " + std::to_string(body->size()) + "\r\n";
  for (const auto& [name, value] : extra) text += name + ": " + value + "\r\n";
  send(text + "\r\n" + body.value_or(""));
  return receive(method == "HEAD");
}

}  // namespace waybill::tests
