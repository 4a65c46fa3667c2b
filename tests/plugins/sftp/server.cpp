// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace waybill::testing {

const loaded_plugin& sftp() {
  static const loaded_plugin plugin{WAYBILL_SFTP};
  return plugin;
}

namespace {

/// RSA keys take a while to make: the client's, and one for all servers. Their other host keys are their own.
void copy_keys(const std::string& to) {
  static const auto* const made = new temporary_folder;
  static const bool done = run({WAYBILL_SFTP_SERVER, "keys", made->path()}, made->path() + "/log") == 0 &&
                           run({"ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", made->path() + "/host_rsa"},
                               made->path() + "/log") == 0;
  static const int at_exit = std::atexit([] { delete made; });
  REQUIRE(done);
  REQUIRE(at_exit == 0);
  std::filesystem::copy(made->path(), to);
}

}  // namespace

sftp_server::sftp_server(const std::string& kind, const std::vector<std::string>& settings) : kind_(kind) {
  const auto& f = folder_.path();
  copy_keys(f);
  for (int tries = 0; tries < 3; ++tries) {
    port_ = free_port();
    std::vector<std::string> command{WAYBILL_SFTP_SERVER, kind, f, std::to_string(port_)};
    command.insert(command.end(), settings.begin(), settings.end());
    process_ = std::make_unique<child_process>(command, f + "/log");
    if (listens(port_)) return;
  }
  FAIL(folder_.read("log"));
}

// Ended at exit, but not by destructors that a plugin's threads could meet.
sftp_server& sftp_server::openssh() {
  static auto* const server = [] {
    static sftp_server* made = new sftp_server;
    std::atexit([] { delete made; });
    return made;
  }();
  return *server;
}

sftp_server& sftp_server::proftpd() {
  static auto* const server = [] {
    static sftp_server* made = new sftp_server{"proftpd"};
    std::atexit([] { delete made; });
    return made;
  }();
  return *server;
}

nlohmann::json sftp_server::config(const std::string& folder) const {
  return {{"host", "127.0.0.1"},
          {"port", port_},
          {"username", "tester"},
          {"auth", {{"type", "password"}, {"password", "s3cret pass"}}},
          {"hostKey", {{"fingerprints", {fingerprint("host_ed25519")}}}},
          {"path", folder},
          {"filename", "{filename}"}};
}

nlohmann::json sftp_server::by_key(const std::string& name, const std::string& passphrase) const {
  auto out = config();
  out["auth"] = {{"type", "privateKey"}, {"privateKey", key(name)}};
  if (!passphrase.empty()) out["auth"]["passphrase"] = passphrase;
  return out;
}

std::string sftp_server::fingerprint(const std::string& host_key) const {
  const temporary_folder out;
  REQUIRE(run({"ssh-keygen", "-lf", folder_.path() + "/" + host_key + ".pub"}, out.path() + "/shown") == 0);
  const auto shown = out.read("shown");
  const auto from = shown.find("SHA256:");
  return shown.substr(from, shown.find(' ', from) - from);
}

std::string sftp_server::known_hosts(const std::vector<std::string>& host_keys) const {
  std::string out;
  for (const auto& name : host_keys) out += "[127.0.0.1]:" + std::to_string(port_) + " " + key(name + ".pub");
  return out;
}

bool sftp_server::exists(const std::string& path) const { return std::filesystem::exists(home() + "/" + path); }

std::vector<std::string> sftp_server::files(const std::string& folder) const {
  std::vector<std::string> out;
  if (exists(folder))
    for (const auto& one : std::filesystem::directory_iterator{home() + "/" + folder}) out.push_back(one.path().filename());
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t sftp_server::sessions() const {
  const auto text = log();
  std::size_t count = 0;
  for (auto at = text.find("Accepted "); at != std::string::npos; at = text.find("Accepted ", at + 1)) ++count;
  return count;
}

struct cutting_proxy::state {
  int listener = -1;
  std::uint16_t target = 0;
  std::uint64_t after = 0;
  what then = what::cut;
  std::atomic<std::uint64_t> passed{0};
  std::atomic<bool> stopping{false};

  static int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 ? fd : -1;
  }
  void serve(int client, int server) {
    std::array<char, 16'384> buffer;
    std::array<pollfd, 2> both{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    while (!stopping) {
      if (poll(both.data(), both.size(), 50) <= 0) continue;
      for (std::size_t i = 0; i < 2; ++i) {
        if (both[i].revents == 0) continue;
        const bool over = passed >= after;
        if (over && then == what::freeze) {
          both[i].fd = -1;
          continue;
        }
        const auto got = ::read(both[i].fd, buffer.data(), buffer.size());
        if (got <= 0 || over || ::send(both[1 - i].fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got)
          return;
        if (i == 0) passed += static_cast<std::uint64_t>(got);
      }
    }
  }
};

cutting_proxy::cutting_proxy(std::uint16_t target, std::uint64_t after, what then)
    : state_(std::make_shared<state>()), port_(0) {
  state_->target = target;
  state_->after = after;
  state_->then = then;
  state_->listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(bind(state_->listener, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(listen(state_->listener, 16) == 0);
  getsockname(state_->listener, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  std::thread{[s = state_] {
    for (;;) {
      const int client = ::accept(s->listener, nullptr, nullptr);
      if (client < 0) return;
      std::thread{[s, client] {
        const int server = state::connect_to(s->target);
        if (server >= 0) s->serve(client, server);
        ::close(client);
        if (server >= 0) ::close(server);
      }}.detach();
    }
  }}.detach();
}

cutting_proxy::~cutting_proxy() {
  state_->stopping = true;
  ::shutdown(state_->listener, SHUT_RDWR);
  ::close(state_->listener);
}

std::uint64_t cutting_proxy::passed() const { return state_->passed; }

}  // namespace waybill::testing
