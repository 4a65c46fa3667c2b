// SPDX-License-Identifier: Apache-2.0
// Who we are, and who the server is.
#include <catch2/catch.hpp>

#include "server.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

sftp_server& server() { return sftp_server::openssh(); }

json with_host_key(const json& host_key) {
  auto config = server().config();
  config["hostKey"] = host_key;
  return config;
}

}  // namespace

TEST_CASE("every kind of key opens the door, with a passphrase or without") {
  for (const auto* name : {"client_rsa", "client_rsa_openssh", "client_ecdsa", "client_ed25519"}) {
    INFO(name);
    handler_box d{sftp(), server().by_key(name)};
    const auto seen = d.test();
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_DELIVERED);
  }
  for (const auto* name : {"client_encrypted", "client_encrypted_pem"}) {
    INFO(name);
    handler_box d{sftp(), server().by_key(name, "open sesame")};
    CHECK(d.test().action == WB_ACTION_DELIVERED);
  }
}

TEST_CASE("a wrong password, a strange key and an unknown user are refused") {
  auto wrong = server().config();
  wrong["auth"]["password"] = "not the password";
  auto unknown = server().config();
  unknown["username"] = "nobody-of-that-name";
  for (const auto& config : {wrong, unknown, server().by_key("client_stranger")}) {
    handler_box d{sftp(), config};
    const auto seen = d.deliver();
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
    CHECK(seen.detail.find("asks for") != std::string::npos);
    CHECK(seen.detail.find("not the password") == std::string::npos);
    CHECK(d.test().category == WB_CATEGORY_AUTHENTICATION);
  }
}

TEST_CASE("a server may want a key and then a password") {
  const sftp_server both{"openssh", {"AuthenticationMethods publickey,password"}};
  auto config = both.by_key("client_ed25519");
  {
    handler_box d{sftp(), config};
    CHECK(d.test().category == WB_CATEGORY_AUTHENTICATION);
  }
  config["auth"]["password"] = "s3cret pass";
  handler_box d{sftp(), config};
  CHECK(d.test().action == WB_ACTION_DELIVERED);
}

TEST_CASE("the host key is known by its fingerprint, of whichever kind the key is") {
  for (const auto* name : {"host_ed25519", "host_ecdsa", "host_rsa"}) {
    INFO(name);
    handler_box d{sftp(), with_host_key({{"fingerprints", {server().fingerprint(name)}}})};
    const auto seen = d.deliver();
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_DELIVERED);
  }
}

TEST_CASE("the host key is known by lines of a known_hosts file") {
  for (const auto* name : {"host_ed25519", "host_ecdsa", "host_rsa"}) {
    INFO(name);
    const auto lines = "# comment\n\nother.example.com " + server().key("client_rsa.pub") + server().known_hosts({name});
    handler_box d{sftp(), with_host_key({{"knownHosts", lines}})};
    CHECK(d.deliver().action == WB_ACTION_DELIVERED);
  }
}

TEST_CASE("hashed host names are understood") {
  const temporary_folder folder;
  folder.write("known", server().known_hosts({"host_ed25519"}));
  REQUIRE(run({"ssh-keygen", "-H", "-f", folder.path() + "/known"}, folder.path() + "/log") == 0);
  const auto hashed = folder.read("known");
  REQUIRE(hashed.substr(0, 3) == "|1|");
  handler_box d{sftp(), with_host_key({{"knownHosts", hashed}})};
  CHECK(d.deliver().action == WB_ACTION_DELIVERED);
}

TEST_CASE("a changed host key is refused, and no credential is sent") {
  const sftp_server other;
  const auto stranger = "[127.0.0.1]:" + std::to_string(server().port()) + " " + other.key("host_ed25519.pub");
  for (const auto& key : {json{{"fingerprints", {other.fingerprint("host_ed25519")}}}, json{{"knownHosts", stranger}}}) {
    const auto before = server().sessions();
    handler_box d{sftp(), with_host_key(key)};
    const auto seen = d.deliver();
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
    CHECK(seen.detail.find("not a known one") != std::string::npos);
    CHECK(seen.detail.find("SHA256:") != std::string::npos);
    CHECK(d.test().category == WB_CATEGORY_AUTHENTICATION);
    CHECK(server().sessions() == before);
  }
}

TEST_CASE("a revoked host key is refused even if a fingerprint matches it") {
  const auto lines = "@revoked " + server().known_hosts({"host_ed25519"}) + server().known_hosts({"host_rsa"});
  handler_box d{sftp(), with_host_key({{"fingerprints", {server().fingerprint("host_ed25519")}}, {"knownHosts", lines}})};
  // The RSA key is good; the revoked one must never be what it settles for.
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_DELIVERED);
  handler_box only{sftp(),
                   with_host_key({{"fingerprints", {server().fingerprint("host_ecdsa")}},
                                  {"knownHosts", "@revoked " + server().known_hosts({"host_ecdsa"}) + "[127.0.0.1]:" +
                                                     std::to_string(server().port()) + " " + server().key("client_rsa.pub")}})};
  CHECK(only.deliver().category == WB_CATEGORY_AUTHENTICATION);
}

TEST_CASE("a server that knows only SHA-1 signatures is served if that is asked for") {
  auto config = sftp_server::proftpd().by_key("client_rsa");
  config["legacyAlgorithms"] = true;
  handler_box d{sftp(), config};
  const auto seen = d.test();
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

TEST_CASE("the connection test leaves no trace") {
  for (auto* one : {&sftp_server::openssh(), &sftp_server::proftpd()}) {
    handler_box d{sftp(), one->config("tested/{year}")};
    const auto before = one->files(".");
    REQUIRE(d.test().action == WB_ACTION_DELIVERED);
    CHECK(one->files(".") == before);
  }
}

TEST_CASE("no secret is in any record") {
  auto config = server().by_key("client_encrypted", "open sesame");
  config["auth"]["password"] = "second factor";
  handler_box d{sftp(), config};
  const auto seen = d.deliver();
  const auto all = seen.request + seen.response + seen.detail + seen.message;
  for (const auto* secret : {"open sesame", "second factor", "PRIVATE KEY"}) CHECK(all.find(secret) == std::string::npos);
}
