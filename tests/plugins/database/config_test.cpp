// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "server.hpp"

using namespace waybill::testing;
using nlohmann::json;
using names = std::vector<std::string>;

namespace {

json good() {
  return {{"host", "db.example.com"}, {"database", "d"}, {"username", "u"},
          {"password", "a password"}, {"table", "t"},    {"documentColumn", "payload"}};
}
names faults(const json& config) { return fault_names(database(), config); }
names with(const char* pointer, const json& value) {
  auto config = good();
  config[json::json_pointer{pointer}] = value;
  return faults(config);
}
names with_string(const std::string& text) {
  return faults({{"connectionString", text}, {"table", "t"}, {"documentColumn", "payload"}});
}

}  // namespace

TEST_CASE("a good configuration has no fault, and an empty one has them all") {
  CHECK(faults(good()).empty());
  CHECK(faults(json::object()) ==
        names{"/columns required", "/database required", "/host required", "/table required", "/username required"});
}

TEST_CASE("connection strings are read by libpq, and what reaches for the node is refused") {
  CHECK(with_string("postgresql://u:p@h:5432/d?sslmode=require&application_name=x").empty());
  CHECK(with_string("host=h dbname=d user=u password='a b'").empty());
  const names refused{"/connectionString connectionString"};
  for (const auto* text :
       {"mysql://u@h/d", "host=h dbname=d user=u sslmode=prefer", "host=h dbname=d user=u sslkey=/etc/shadow",
        "host=h dbname=d user=u passfile=/x", "service=mine host=h dbname=d user=u", "host=h hostaddr=10.0.0.1 dbname=d user=u",
        "host=h dbname=d user=u port=1,2", "host='h", "nonsense=1"}) {
    INFO(text);
    CHECK(with_string(text) == refused);
  }
  CHECK(with_string("host=/var/run/postgresql dbname=d user=u") == names{"/connectionString host"});
  CHECK(with_string("host=a,b dbname=d user=u") == names{"/connectionString host"});
  CHECK(with_string("dbname=d user=u") == names{"/connectionString required"});
  auto both = good();
  both["connectionString"] = "host=h dbname=d user=u";
  CHECK(faults(both) == names{"/database conflict", "/host conflict", "/password conflict", "/username conflict"});
}

TEST_CASE("pointers are checked, and a column gets one value") {
  CHECK(with("/columns", {{{"column", "a"}, {"pointer", "/data/x"}}, {{"column", "a"}, {"pointer", "/metadata"}}}) ==
        names{"/columns/1/column duplicate"});
  CHECK(with("/columns", {{{"column", "payload"}, {"pointer", "/data/x"}}}) == names{"/columns/0/column duplicate"});
  CHECK(with("/columns", {{{"column", "idempotency_key"}, {"pointer", "/data/x"}}}) == names{"/columns/0/column duplicate"});
  for (const auto* pointer : {"data", "/nothing", "/data/~2", "/dataset", "/content/x", "/"}) {
    INFO(pointer);
    CHECK(with("/columns", {{{"column", "a"}, {"pointer", pointer}}}) == names{"/columns/0/pointer pointer"});
  }
}

TEST_CASE("certificates and identifiers that cannot be are told") {
  CHECK(with("/tls", {{"mode", "prefer"}}) == names{"/tls/mode enum"});
  CHECK(with("/tls", {{"caPem", "none"}}) == names{"/tls/caPem pem"});
  CHECK(with("/tls", {{"clientKeyPem", "none"}}) == names{"/tls/clientCertificatePem required"});
  CHECK(with("/table", std::string(64, 'x')) == names{"/table maxLength"});
  CHECK(with("/table", "") == names{"/table required"});
  CHECK(with("/host", "a b") == names{"/host host"});
  CHECK(with("/maxConnections", 100) == names{"/maxConnections range"});
}
