// SPDX-License-Identifier: Apache-2.0
// Who we are, and who the server is.
#include <catch2/catch.hpp>

#include "server.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

postgres_server& server() { return postgres_server::instance(); }

json config() {
  static const bool made = [] {
    server().make_table("guarded");
    return true;
  }();
  REQUIRE(made);
  return server().config("guarded");
}

seen_result test_of(const json& what) {
  handler_box d{database(), what};
  return d.test();
}

}  // namespace

TEST_CASE("a password opens the door, and a wrong one or an unknown role does not") {
  CHECK(test_of(config()).action == WB_ACTION_DELIVERED);
  auto wrong = config();
  wrong["password"] = "not-the-password";
  auto unknown = config();
  unknown["username"] = "nobody_of_that_name";
  auto none = config();
  none.erase("password");
  for (const auto& one : {wrong, unknown, none}) {
    const auto seen = test_of(one);
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
    CHECK((seen.detail + seen.request).find("not-the-password") == std::string::npos);
    handler_box d{database(), one};
    CHECK(d.deliver().category == WB_CATEGORY_AUTHENTICATION);
  }
}

TEST_CASE("a client certificate opens the door, and its absence does not") {
  const auto& files = server().tls().folder;
  auto certified = config();
  certified.erase("password");
  certified["username"] = "certified";
  CHECK(test_of(certified).category == WB_CATEGORY_AUTHENTICATION);
  certified["tls"]["clientCertificatePem"] = files.read("client.pem");
  certified["tls"]["clientKeyPem"] = files.read("client.key");
  const auto seen = test_of(certified);
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

TEST_CASE("a client key may have a password") {
  const auto& files = server().tls().folder;
  const temporary_folder out;
  REQUIRE(run({"openssl", "pkey", "-in", files.path() + "/client.key", "-aes256", "-passout", "pass:open sesame", "-out",
               out.path() + "/key"},
              out.path() + "/log") == 0);
  auto certified = config();
  certified["username"] = "certified";
  certified["tls"]["clientCertificatePem"] = files.read("client.pem");
  certified["tls"]["clientKeyPem"] = out.read("key");
  certified["tls"]["clientKeyPassword"] = "open sesame";
  const auto seen = test_of(certified);
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

TEST_CASE("the server is verified: its chain, and its name") {
  auto other = config();
  other["tls"]["caPem"] = server().tls().folder.read("other-ca.pem");
  auto of_the_system = config();
  of_the_system["tls"].erase("caPem");
  for (const auto& one : {other, of_the_system}) {
    const auto seen = test_of(one);
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
  }
  auto renamed = config();
  renamed["host"] = "127.0.0.2";  // the same server, and not in its certificate
  const auto stranger = test_of(renamed);
  INFO(stranger.detail);
  CHECK(stranger.category == WB_CATEGORY_AUTHENTICATION);
  renamed["tls"]["mode"] = "verify-ca";
  CHECK(test_of(renamed).action == WB_ACTION_DELIVERED);
  auto by_number = config();
  by_number["host"] = "127.0.0.1";
  CHECK(test_of(by_number).action == WB_ACTION_DELIVERED);
  auto unverified = other;
  unverified["tls"]["mode"] = "require";
  CHECK(test_of(unverified).action == WB_ACTION_DELIVERED);
}

TEST_CASE("a connection in clear is made only if that is asked for") {
  auto clear = config();
  clear["username"] = "clear";
  CHECK(test_of(clear).category == WB_CATEGORY_AUTHENTICATION);
  clear["tls"] = {{"mode", "disable"}};
  const auto seen = test_of(clear);
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

TEST_CASE("a connection string does as the parts do") {
  auto as_string = config();
  for (const auto* part : {"host", "port", "database", "username", "password"}) as_string.erase(part);
  as_string["connectionString"] =
      "postgresql://writer:s3cret@localhost:" + std::to_string(server().port()) + "/postgres?sslmode=verify-full";
  const auto seen = test_of(as_string);
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.request.find("s3cret") == std::string::npos);
}

TEST_CASE("no certificate or key is left as a file") {
  const auto& files = server().tls().folder;
  auto certified = config();
  certified["tls"]["clientCertificatePem"] = files.read("client.pem");
  certified["tls"]["clientKeyPem"] = files.read("client.key");
  handler_box d{database(), certified};
  const temporary_folder out;
  REQUIRE(d.deliver().action == WB_ACTION_DELIVERED);
  REQUIRE(run({"sh", "-c", "ls -l /proc/$PPID/fd"}, out.path() + "/open") == 0);
  CHECK(out.read("open").find("memfd:pem") == std::string::npos);
}
