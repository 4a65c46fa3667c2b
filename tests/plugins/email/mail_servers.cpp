// SPDX-License-Identifier: Apache-2.0
#include "mail_servers.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace waybill::testing {
namespace {

namespace fs = std::filesystem;

// Alive for the process: ended at its exit, but not by destructors that a plugin's threads could meet.
std::vector<child_process*>& processes() {
  static auto* const all = new std::vector<child_process*>;
  return *all;
}
std::vector<std::string>& folders() {
  static auto* const all = new std::vector<std::string>;
  return *all;
}

void end_all() {
  for (auto* const one : processes()) delete one;
  std::error_code ignored;
  for (const auto& folder : folders()) fs::remove_all(folder, ignored);
}

void remove_at_exit(const std::string& folder) {
  static const int registered = std::atexit(end_all);
  static_cast<void>(registered);
  folders().push_back(folder);
}

void start(const std::vector<std::string>& command, const std::string& folder, std::uint16_t port) {
  remove_at_exit(folder);
  processes().push_back(new child_process{command, folder + "/output"});
  INFO(command.front());
  REQUIRE(listens(port));
}

[[nodiscard]] std::string file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The line that Exim adds of whom it delivers to; what the mail's own headers say counts for nothing.
[[nodiscard]] std::string envelope_of(const std::string& mail) {
  const std::string name = "\nEnvelope-to: ";
  const auto at = mail.find(name);
  return at == std::string::npos ? std::string{} : mail.substr(at, mail.find('\n', at + name.size()) - at);
}

}  // namespace

const certificates& mail_tls() {
  static auto* const made = [] {
    auto* const one = new certificates;
    remove_at_exit(one->folder.path());
    return one;
  }();
  return *made;
}

const temporary_folder& mail_rsa() {
  static auto* const made = [] {
    auto* const one = new temporary_folder;
    const auto& f = one->path();
    remove_at_exit(f);
    REQUIRE(run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=client", "-keyout",
                 f + "/rsa.key", "-out", f + "/rsa.pem"},
                f + "/openssl.log") == 0);
    return one;
  }();
  return *made;
}

exim_server& exim_server::instance() {
  static auto* const server = new exim_server;
  return *server;
}

exim_server::exim_server() : port_(free_port()), tls_port_(free_port()) {
  const auto tls = mail_tls().folder.path();
  start({WAYBILL_PEERS "/exim/run", folder_.path(), std::to_string(port_), std::to_string(tls_port_), tls + "/server.pem",
         tls + "/server.key", tls + "/ca.pem"},
        folder_.path(), port_);
}

std::vector<std::string> exim_server::mails_to(const std::string& recipient, std::size_t count) const {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  for (;;) {
    std::vector<fs::path> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder_.path() + "/mail/new", none}) names.push_back(entry.path());
    std::sort(names.begin(), names.end());
    std::vector<std::string> found;
    for (const auto& name : names) {
      auto text = file(name.string());
      if (envelope_of(text).find(" " + recipient) != std::string::npos) found.push_back(std::move(text));
    }
    if (found.size() >= count || std::chrono::steady_clock::now() > limit) return found;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void exim_server::open(bool let_in) const {
  std::error_code ignored;
  if (let_in)
    folder_.write("open", "");
  else
    fs::remove(folder_.path() + "/open", ignored);
}

nlohmann::json exim_server::provider() const {
  return {{"type", "smtp"},
          {"host", "localhost"},
          {"port", port_},
          {"auth", {{"type", "password"}, {"username", "tester"}, {"password", "s3cret pass"}}}};
}

dovecot_server& dovecot_server::instance() {
  static auto* const server = new dovecot_server;
  return *server;
}

dovecot_server::dovecot_server() : port_(free_port()) {
  const auto& f = folder_.path();
  // The server runs as somebody else if the tests run as root.
  fs::permissions(f, fs::perms::others_exec, fs::perm_options::add);
  const auto log = f + "/openssl.log";
  REQUIRE(run({"openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", f + "/token.key"}, log) ==
          0);
  REQUIRE(run({"openssl", "pkey", "-in", f + "/token.key", "-pubout", "-out", f + "/token.pem"}, log) == 0);
  const auto relay = free_port();
  std::vector<std::string> sink{"/usr/sbin/smtp-sink", "127.0.0.1:" + std::to_string(relay), "100"};
  if (geteuid() == 0) sink.insert(sink.begin() + 1, {"-u", "nobody"});
  start(sink, f, relay);
  const auto tls = mail_tls().folder.path();
  start({WAYBILL_PEERS "/dovecot/run", f + "/server", std::to_string(port_), std::to_string(relay), tls + "/server.pem",
         tls + "/server.key", f + "/token.pem"},
        f, port_);
}

}  // namespace waybill::testing
