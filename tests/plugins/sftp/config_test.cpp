// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "server.hpp"

using namespace waybill::testing;
using nlohmann::json;
using names = std::vector<std::string>;

namespace {

json good() { return sftp_server::openssh().config(); }
names faults(const json& config) { return fault_names(sftp(), config); }
names with(const char* pointer, const json& value) {
  auto config = good();
  config[json::json_pointer{pointer}] = value;
  return faults(config);
}

}  // namespace

TEST_CASE("a good configuration has no fault, and an empty one has them all") {
  CHECK(faults(good()).empty());
  CHECK(faults(json::object()) ==
        names{"/auth required", "/host required", "/hostKey required", "/path required", "/username required"});
}

TEST_CASE("a host key is required: there is no silent trust") {
  CHECK(with("/hostKey", json::object()) == names{"/hostKey required"});
  CHECK(with("/hostKey", {{"fingerprints", json::array()}}) == names{"/hostKey required"});
  CHECK(with("/hostKey", {{"knownHosts", ""}}) == names{"/hostKey required"});
}

TEST_CASE("host keys that are none are told") {
  CHECK(with("/hostKey/fingerprints", {"MD5:aa:bb"}) == names{"/hostKey/fingerprints/0 fingerprint"});
  CHECK(with("/hostKey/fingerprints", {good()["hostKey"]["fingerprints"][0], "SHA256:short", 1}) ==
        names{"/hostKey/fingerprints/1 fingerprint", "/hostKey/fingerprints/2 fingerprint"});
  const auto key = sftp_server::openssh().key("host_ed25519.pub");
  for (const auto& text : {"other.example.com " + key, std::string{"no line"}, "@cert-authority 127.0.0.1 " + key,
                           std::string{"127.0.0.1 ssh-ed25519 AAAA"}, std::string{"# nothing"}}) {
    INFO(text);
    CHECK(with("/hostKey", {{"knownHosts", text}}) == names{"/hostKey/knownHosts knownHosts"});
  }
}

TEST_CASE("keys that cannot be read are told without being quoted") {
  CHECK(with("/auth", {{"type", "privateKey"}, {"privateKey", "no key"}}) == names{"/auth/privateKey key"});
  const auto encrypted = sftp_server::openssh().key("client_encrypted");
  CHECK(with("/auth", {{"type", "privateKey"}, {"privateKey", encrypted}}) == names{"/auth/privateKey key"});
  CHECK(with("/auth", {{"type", "privateKey"}, {"privateKey", encrypted}, {"passphrase", "wrong"}}) ==
        names{"/auth/privateKey key"});
  CHECK(with("/auth", {{"type", "privateKey"}, {"privateKey", encrypted}, {"passphrase", "open sesame"}}).empty());
  CHECK(with("/auth", {{"type", "password"}}) == names{"/auth/password required"});
  CHECK(with("/auth", {{"type", "kerberos"}}) == names{"/auth/type enum"});
}

TEST_CASE("every other fault is reported at its place, all at once") {
  auto config = good();
  config["port"] = 0;
  config["path"] = "/in/{yaer}";
  config["filename"] = "a/b";
  config["fileMode"] = "rw-r--r--";
  config["directoryMode"] = "0888";
  config["maxSessions"] = 1000;
  config["verify"] = "hope";
  config["resume"] = "yes";
  CHECK(faults(config) == names{"/directoryMode mode", "/fileMode mode", "/filename folder", "/maxSessions range",
                                "/path template", "/port range", "/resume type", "/verify enum"});
  CHECK(with("/host", "user@example.com") == names{"/host host"});
  CHECK(with("/host", "-oProxyCommand=x") == names{"/host host"});
}
