// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/dialer.hpp>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

using namespace waybill::transfer;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

/// Listens on a free port of 127.0.0.1; accepts nothing by itself, and with backlog 0 soon no connection comes about.
struct listener {
  explicit listener(int backlog = 16) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(listen(fd, backlog) == 0);
    socklen_t size = sizeof at;
    getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }
  ~listener() { close(fd); }
  int fd;
  std::uint16_t port = 0;
};

bool all(const std::uint8_t*, std::uint32_t, std::uint16_t) { return true; }

}  // namespace

TEST_CASE("the address that the guard allowed is the one connected to") {
  const listener server;
  std::string asked;
  const auto guard = [&](const std::uint8_t* a, std::uint32_t size, std::uint16_t port) {
    if (size == 4) asked = std::to_string(a[0]) + "." + std::to_string(a[3]) + ":" + std::to_string(port);
    return size == 4;  // the name's IPv6 address, if it has one, is refused
  };
  const stop_signal stop;
  const auto got = dial("localhost", server.port, guard, {clock_type::now() + 10s, stop});
  REQUIRE(got.how == dial_ending::connected);
  CHECK(got.address == "127.0.0.1");
  CHECK(asked == "127.1:" + std::to_string(server.port));
  CHECK(resolve("localhost", server.port, guard).addresses == std::vector<std::string>{"127.0.0.1"});
}

TEST_CASE("a refused address is not connected to, and without a guard nothing is") {
  const listener server;
  const stop_signal stop;
  const auto none = [](auto...) { return false; };
  const auto got = dial("127.0.0.1", server.port, none, {clock_type::now() + 10s, stop});
  CHECK(got.how == dial_ending::guard_refused);
  CHECK(got.detail.find("network.allow") != std::string::npos);
  CHECK(dial("127.0.0.1", server.port, nullptr, {clock_type::now() + 10s, stop}).how == dial_ending::guard_refused);
  CHECK(resolve("127.0.0.1", server.port, none).how == dial_ending::guard_refused);
}

TEST_CASE("a name without an address and a port without a listener are told apart") {
  const stop_signal stop;
  CHECK(dial("no-such-name.invalid", 22, all, {clock_type::now() + 10s, stop}).how == dial_ending::unresolved);
  std::uint16_t closed = 0;
  { closed = listener{}.port; }
  const auto got = dial("127.0.0.1", closed, all, {clock_type::now() + 10s, stop});
  CHECK(got.how == dial_ending::unreachable);
  CHECK(got.detail.find("refused") != std::string::npos);
}

TEST_CASE("a connection that does not come about ends at its deadline, or when it is canceled") {
  const listener server{0};
  const stop_signal stop;
  // Fill the queue of the listener: from then on its connections hang.
  std::vector<dialed> filling;
  for (;;) {
    filling.push_back(dial("127.0.0.1", server.port, all, {clock_type::now() + 100ms, stop}));
    if (filling.back().how == dial_ending::timed_out) break;
    REQUIRE(filling.back().how == dial_ending::connected);
  }
  stop_signal now;
  now.stop();
  CHECK(dial("127.0.0.1", server.port, all, {clock_type::now() + 30s, now}).how == dial_ending::canceled);
}
