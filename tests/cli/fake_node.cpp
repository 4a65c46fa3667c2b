// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <optional>

#include <catch2/catch.hpp>

namespace waybill::cli::testing {
namespace {

/// Takes a whole request off the front of `buffer`; nothing while there is none.
std::optional<received> take_request(std::string& buffer) {
  const auto head_end = buffer.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  received request;
  const auto first_end = buffer.find("\r\n");
  const auto first = buffer.substr(0, first_end);
  const auto space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  for (auto at = first_end + 2; at < head_end + 2;) {
    const auto end = buffer.find("\r\n", at), colon = buffer.find(": ", at);
    auto name = buffer.substr(at, colon - at);
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers[name] = buffer.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  const auto length = request.headers.count("content-length") > 0 ? std::stoul(request.headers["content-length"]) : 0;
  if (buffer.size() < head_end + 4 + length) return std::nullopt;
  request.body = buffer.substr(head_end + 4, length);
  buffer.erase(0, head_end + 4 + length);
  return request;
}

std::string rendered(const canned& answer) {
  if (answer.drop) return {};
  auto text =
      "HTTP/1.1 " + std::to_string(answer.status) + " Status\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
  for (const auto& header : answer.headers) text += header + "\r\n";
  return text + "\r\n" + answer.body;
}

}  // namespace

fake_node::fake_node(handler answer) : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0) std::abort();
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

fake_node::~fake_node() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : open_) shutdown(socket, SHUT_RDWR);
  }
  for (auto& connection : connections_) connection.join();
  close(listener_);
}

std::vector<received> fake_node::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

received fake_node::only_request() const {
  const auto all = requests();
  REQUIRE(all.size() == 1);
  return all.front();
}

void fake_node::accept_loop() {
  while (!stopping_) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const std::lock_guard lock(mutex_);
    open_.insert(socket);
    connections_.emplace_back([this, socket] { serve(socket); });
  }
}

void fake_node::serve(int socket) {
  std::string buffer;
  char block[4096];
  for (ssize_t got = 0; (got = read(socket, block, sizeof block)) > 0;) {
    buffer.append(block, static_cast<std::size_t>(got));
    while (auto request = take_request(buffer)) {
      std::string text;
      {
        const std::lock_guard lock(mutex_);
        text = rendered(answer_(*request));
        requests_.push_back(std::move(*request));
      }
      if (text.empty() || send(socket, text.data(), text.size(), MSG_NOSIGNAL) < 0) shutdown(socket, SHUT_RDWR);
    }
  }
  const std::lock_guard lock(mutex_);
  open_.erase(socket);
  close(socket);
}

}  // namespace waybill::cli::testing
