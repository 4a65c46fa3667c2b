// SPDX-License-Identifier: Apache-2.0
// Against Azurite, which verifies signatures and checksums; what arrived is read by Microsoft's own client.
#include <catch2/catch.hpp>

#include <string>

#include "../nginx_server.hpp"
#include "cloud_peer.hpp"
#include "sealed_delivery.hpp"
#include "storage_destination.hpp"
#include "swept.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

constexpr std::uint64_t mib = 1'048'576;
constexpr const char* destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M2";
constexpr const char* account_key = "a2V5LW9mLWFjY3QxLTAxMjM0NTY3ODlhYmNkZWYwMTIz";

const rsa_key& principal_key() {
  static const rsa_key key;
  return key;
}

const cloud_peer& azure() {
  static const auto& tls = nginx_server::instance().tls().folder;
  static const cloud_peer peer{
      {WAYBILL_AZURE_PEER, tls.path() + "/server.pem", tls.path() + "/server.key", principal_key().path("public.pem")}};
  return peer;
}

std::string new_container() {
  static int last = 0;
  auto name = "container-" + std::to_string(++last);
  REQUIRE_FALSE(azure().post("/_/container?name=" + name).is_null());
  return name;
}

json shared_key() { return {{"type", "sharedKey"}, {"accountKey", account_key}}; }

json config(const std::string& container, const json& credentials = shared_key(), json more = json::object(),
            json place = json::object()) {
  json out{
      {"provider", "azure"},
      {"config",
       {{"account", "acct1"}, {"container", container}, {"endpoint", azure().url("/acct1")}, {"credentials", credentials}}},
      {"path", "out"},
      {"fileName", "{filename}"}};
  out["config"].merge_patch(place);
  out.merge_patch(more);
  return out;
}

json object(const std::string& container, const std::string& name) {
  return azure().get("/_/object?container=" + container + "&name=" + encoded(name));
}

json names(const std::string& container) { return azure().get("/_/names?container=" + container); }

void check_delivered(const seen_result& seen) {
  INFO(seen.detail << "\n" << seen.response);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

std::string all_texts(const seen_result& seen) {
  return seen.request + seen.response + seen.detail + seen.message + seen.external_reference;
}

}  // namespace

TEST_CASE("a blob arrives with its content, type, metadata, tags and tier") {
  const auto container = new_container();
  const json more{{"path", "{organizationId}/{year}/{month}"},
                  {"metadata", {{"department-name", "{metadata.department}"}, {"name", "r\xc3\xa9sum\xc3\xa9"}}},
                  {"tags", {{"class", "audit + more/2=a"}}},
                  {"retention", {{"days", 30}}}};
  storage_destination d{config(container, shared_key(), more, {{"accessTier", "Cool"}})};
  auto what = sealed("r.txt", "some content");
  const auto seen = d.deliver(what);
  check_delivered(seen);
  const auto key = what.organization_id + "/2026/01/r.txt";
  CHECK(seen.external_reference == azure().url("/acct1/" + container + "/" + key));
  CHECK(seen.bytes_sent == what.content.size());
  CHECK(all_texts(seen).find(account_key) == std::string::npos);
  CHECK(all_texts(seen).find("SharedKey acct1:") == std::string::npos);
  const auto stored = object(container, key);
  CHECK(stored["sha256"] == hex_of(what));
  CHECK(stored["contentType"] == "text/plain");
  CHECK(stored["tier"] == "Cool");
  CHECK(stored["tags"] == json{{"class", "audit + more/2=a"}});
  CHECK(stored["metadata"]["department_name"] == "audit");
  CHECK(stored["metadata"]["waybill_destination"] == destination_id);
  CHECK(stored["metadata"]["waybill_sha256"] == hex_of(what));
  CHECK(stored["metadata"]["name"].get<std::string>().find("=?UTF-8?B?") == 0);
}

TEST_CASE("odd keys, empty content and content that streams arrive as they are") {
  const auto container = new_container();
  for (const std::string path : {"a b/c", "plus+plus", "\xc3\xbc\xe4\xb8\xad", "per%25cent&=?#;:@,'()*!~$[]"}) {
    INFO(path);
    storage_destination d{config(container, shared_key(), {{"path", path}})};
    auto what = sealed("x y+z.txt", path);
    check_delivered(d.deliver(what));
    CHECK(object(container, path + "/x y+z.txt")["sha256"] == hex_of(what));
  }
  storage_destination d{config(container)};
  auto empty = sealed("empty", "");
  check_delivered(d.deliver(empty));
  CHECK(object(container, "out/empty")["size"] == 0);
  auto stream = sealed_stream(3 * mib);
  check_delivered(d.deliver(stream));
  CHECK(object(container, "out/large")["sha256"] == hex_of(stream));
}

TEST_CASE("a large object goes in blocks, and after a cut only those that are missing go again") {
  const auto container = new_container();
  storage_destination d{config(container)};
  auto what = sealed_stream(37 * mib);  // five blocks
  const int before = azure().get("/_/counts")["blocks"];
  azure().post("/_/cut?after=2");
  const auto cut = d.deliver(what);
  CHECK(cut.action == WB_ACTION_RETRY);
  CHECK(cut.category == WB_CATEGORY_NETWORK);
  azure().post("/_/cut");
  // Nobody who reads sees anything of it.
  CHECK(object(container, "out/large").is_null());
  const int first = azure().get("/_/counts")["blocks"].get<int>() - before;
  CHECK(first == 2);
  what.attempt = 2;
  const auto seen = d.deliver(what);
  check_delivered(seen);
  const int second = azure().get("/_/counts")["blocks"].get<int>() - before - first;
  CHECK(second >= 3);
  CHECK(second < 5);
  CHECK(seen.bytes_sent < what.content.size());
  CHECK(object(container, "out/large")["sha256"] == hex_of(what));
}

TEST_CASE("blocks of another content under the same name are not taken over") {
  const auto container = new_container();
  storage_destination d{config(container)};
  azure().post("/_/cut?after=2");
  auto what = sealed_stream(20 * mib);
  CHECK(d.deliver(what).action == WB_ACTION_RETRY);
  azure().post("/_/cut");
  auto other = sealed("large", std::string(20 * mib, 'x'));
  other.streamed = true;
  other.timeout_ms = 60'000;
  check_delivered(d.deliver(other));
  CHECK(object(container, "out/large")["sha256"] == hex_of(other));
}

TEST_CASE("a canceled upload leaves nothing that can be read") {
  const auto container = new_container();
  storage_destination d{config(container)};
  auto what = sealed_stream(40 * mib);
  const auto token = d.start(what);
  storage()->cancel(d.handler(), token);
  CHECK(d.wait(token).action == WB_ACTION_CANCELED);
  CHECK(object(container, "out/large").is_null());
}

TEST_CASE("a shared access signature serves as far as it goes, and is never shown") {
  const auto container = new_container();
  const auto signed_for = [&](const char* permissions, const char* seconds) {
    const std::string token = azure().get("/_/sas?container=" + container + "&permissions=" + permissions + "&for=" + seconds);
    return json{{"type", "sas"}, {"token", token}};
  };
  const auto good = signed_for("rcwdl", "600");
  storage_destination d{config(container, good)};
  auto what = sealed("s.txt", "signed");
  const auto seen = d.deliver(what);
  check_delivered(seen);
  CHECK(object(container, "out/s.txt")["sha256"] == hex_of(what));
  check_delivered(d.test());
  const auto token = good["token"].get<std::string>();
  const auto signature = token.substr(token.find("sig=") + 4);
  CHECK(all_texts(seen).find(signature) == std::string::npos);
  for (const auto& bad : {signed_for("r", "600"), signed_for("rcwdl", "-60")}) {
    storage_destination refused{config(container, bad)};
    const auto failed = refused.deliver(what);
    INFO(failed.detail);
    CHECK(failed.action == WB_ACTION_RETRY);
    CHECK(failed.category == WB_CATEGORY_AUTHENTICATION);
    CHECK(refused.test().category == WB_CATEGORY_AUTHENTICATION);
  }
  // For writing only: it stores, and leaves what it may not look for alone.
  storage_destination writes{config(container, signed_for("cw", "600"))};
  auto large = sealed_stream(17 * mib);
  check_delivered(writes.deliver(large));
  CHECK(object(container, "out/large")["sha256"] == hex_of(large));
}

TEST_CASE("a service principal proves itself by secret or certificate, over TLS") {
  const auto container = new_container();
  const json place{{"endpoint", azure().get("/_/direct")}};
  const json more{{"tls", {{"caPem", nginx_server::instance().tls().folder.read("ca.pem")}}}};
  json by_secret{{"type", "servicePrincipal"},
                 {"tenantId", "contoso.example.com"},
                 {"clientId", "principal"},
                 {"clientSecret", "s3cret/+"},
                 {"authority", azure().url("")}};
  json by_certificate = by_secret;
  by_certificate.erase("clientSecret");
  by_certificate["clientCertificatePem"] = principal_key().folder.read("certificate.pem");
  by_certificate["clientKeyPem"] = principal_key().folder.read("key.pem");
  for (const auto& credentials : {by_secret, by_certificate}) {
    storage_destination d{config(container, credentials, more, place)};
    auto what = sealed("p.txt", "by a principal");
    const auto seen = d.deliver(what);
    check_delivered(seen);
    CHECK(object(container, "out/p.txt")["sha256"] == hex_of(what));
    CHECK(all_texts(seen).find("s3cret") == std::string::npos);
    CHECK(all_texts(seen).find("eyJ") == std::string::npos);
  }
  auto wrong = by_secret;
  wrong["clientSecret"] = "wrong-secret";
  storage_destination d{config(container, wrong, more, place)};
  auto what = sealed("p.txt", "never");
  const auto failed = d.deliver(what);
  CHECK(failed.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(failed.detail.find("invalid_client") != std::string::npos);
  CHECK(all_texts(failed).find("wrong-secret") == std::string::npos);
}

TEST_CASE("a machine's identity brings one token, and another when it is refused") {
  const auto container = new_container();
  const json identity{{"type", "managedIdentity"}, {"endpoint", azure().url("")}};
  storage_destination d{config(container, identity)};
  const int before = azure().get("/_/counts")["tokens"];
  auto what = sealed("m.txt", "by a machine");
  check_delivered(d.deliver(what));
  check_delivered(d.deliver(what));
  CHECK(azure().get("/_/counts")["tokens"] == before + 1);
  azure().post("/_/revoke");
  check_delivered(d.deliver(what));
  CHECK(azure().get("/_/counts")["tokens"] == before + 2);
}

TEST_CASE("the node's own identity is not sent to a URL of the configuration, wherever the guard lets it go") {
  const json identity{{"type", "managedIdentity"}};
  storage_destination d{config("container-x", identity, {{"timeoutMs", 2'000}, {"connectTimeoutMs", 1'000}})};
  auto what = sealed("m.txt", "never");
  const auto seen = d.deliver(what);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("169.254.169.254") != std::string::npos);
}

TEST_CASE("the connection test writes a blob and leaves none") {
  const auto container = new_container();
  storage_destination d{config(container)};
  check_delivered(d.test());
  CHECK(names(container) == json::array());
  storage_destination unknown{config("no-such-container")};
  const auto seen = unknown.test();
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
  CHECK(seen.code == 404);
  storage_destination wrong{config(container, {{"type", "sharedKey"}, {"accountKey", "d3Jvbmc="}})};
  CHECK(wrong.test().category == WB_CATEGORY_AUTHENTICATION);
}

TEST_CASE("the network guard is asked for the store and for its tokens") {
  const json principal{{"type", "servicePrincipal"},
                       {"tenantId", "t"},
                       {"clientId", "principal"},
                       {"clientSecret", "s3cret/+"},
                       {"authority", azure().url("")}};
  for (const auto& credentials : {shared_key(), principal}) {
    storage_destination d{config("container-x", credentials)};
    d.context.guard = [](auto...) { return false; };
    auto what = sealed("g.txt", "guarded");
    const auto seen = d.deliver(what);
    CHECK(seen.category == WB_CATEGORY_NETWORK);
    CHECK(seen.detail.find("network.allow") != std::string::npos);
  }
}

TEST_CASE("the sweep deletes what the destination wrote, and nothing else") {
  const auto container = new_container();
  storage_destination mine{config(container)};
  storage_destination theirs{config(container)};
  auto own = sealed("own.txt", "mine");
  auto other = sealed("other.txt", "theirs");
  other.destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M3";
  check_delivered(mine.deliver(own));
  check_delivered(theirs.deliver(other));
  azure().post("/_/object?container=" + container + "&name=out%2Fforeign.txt", "somebody else's");

  CHECK(swept(config(container), "out/", destination_id, -3'600'000) == 0);  // nothing is that old
  CHECK(swept(config(container), "out/", destination_id, 3'600'000) == 1);
  CHECK(names(container) == json{"out/foreign.txt", "out/other.txt"});
}
