// SPDX-License-Identifier: Apache-2.0
// Against the storage emulator of firebase-tools behind tests/peers/gcs: assertions are verified by jose, checksums compared.
#include <catch2/catch.hpp>

#include <string>

#include "cloud_peer.hpp"
#include "sealed_delivery.hpp"
#include "storage_destination.hpp"
#include "swept.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

constexpr std::uint64_t mib = 1'048'576;
constexpr const char* destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M2";

const rsa_key& account_key() {
  static const rsa_key key;
  return key;
}

const cloud_peer& google() {
  static const cloud_peer peer{{WAYBILL_GCS_PEER, account_key().path("public.pem")}};
  return peer;
}

std::string new_bucket() {
  static int last = 0;
  auto name = "bucket-" + std::to_string(++last);
  google().post("/_/bucket?name=" + name);
  return name;
}

json service_account(const rsa_key& key = account_key(), const char* email = "sa@p.iam.gserviceaccount.com") {
  const json file{{"type", "service_account"},
                  {"client_email", email},
                  {"private_key", key.folder.read("key.pem")},
                  {"private_key_id", "key-one"},
                  {"token_uri", google().url("/token")}};
  return {{"type", "serviceAccount"}, {"key", file.dump()}};
}

json config(const std::string& bucket, const json& credentials = service_account(), json more = json::object(),
            json place = json::object()) {
  json out{{"provider", "gcs"},
           {"config", {{"bucket", bucket}, {"endpoint", google().url("")}, {"credentials", credentials}}},
           {"path", "out"},
           {"fileName", "{filename}"}};
  out["config"].merge_patch(place);
  out.merge_patch(more);
  return out;
}

json object(const std::string& bucket, const std::string& name) {
  return google().get("/_/object?bucket=" + bucket + "&name=" + encoded(name));
}

int count(const char* name) { return google().get("/_/counts")[name]; }

void check_delivered(const seen_result& seen) {
  INFO(seen.detail << "\n" << seen.response);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

std::string all_texts(const seen_result& seen) {
  return seen.request + seen.response + seen.detail + seen.message + seen.external_reference;
}

}  // namespace

TEST_CASE("an object arrives with its content, type, metadata and class, by a service account's token") {
  const auto bucket = new_bucket();
  const json more{{"path", "{organizationId}/{year}/{month}"},
                  {"metadata", {{"department", "{metadata.department}"}, {"name", "r\xc3\xa9sum\xc3\xa9"}}},
                  {"tags", {{"class", "audit & more"}}},
                  {"retention", {{"days", 30}}}};
  storage_destination d{config(bucket, service_account(), more, {{"storageClass", "NEARLINE"}})};
  const int before = count("tokens");
  auto what = sealed("r.txt", "some content");
  const auto seen = d.deliver(what);
  check_delivered(seen);
  const auto key = what.organization_id + "/2026/01/r.txt";
  const auto stored = object(bucket, key);
  REQUIRE_FALSE(stored.is_null());
  CHECK(seen.external_reference == "gs://" + bucket + "/" + key + "#" + stored["generation"].get<std::string>());
  CHECK(seen.bytes_sent == what.content.size());
  CHECK(all_texts(seen).find("ya29.") == std::string::npos);
  CHECK(stored["sha256"] == hex_of(what));
  CHECK(stored["contentType"] == "text/plain");
  CHECK(stored["metadata"]["department"] == "audit");
  CHECK(stored["metadata"]["name"] == "r\xc3\xa9sum\xc3\xa9");
  CHECK(stored["metadata"]["tag-class"] == "audit & more");
  CHECK(stored["metadata"]["waybill-destination"] == destination_id);
  check_delivered(d.deliver(what));
  CHECK(count("tokens") == before + 1);
  google().post("/_/revoke");
  check_delivered(d.deliver(what));
  CHECK(count("tokens") == before + 2);
}

TEST_CASE("odd keys and empty content arrive as they are") {
  const auto bucket = new_bucket();
  for (const std::string path :
       {"a b/c", "plus+plus", "\xc3\xbc\xe4\xb8\xad", "two//slashes", "up/../down", "per%25cent&=?#;:@,'()*!~$[]"}) {
    INFO(path);
    storage_destination d{config(bucket, service_account(), {{"path", path}})};
    auto what = sealed("x y+z.txt", path);
    check_delivered(d.deliver(what));
    CHECK(object(bucket, path + "/x y+z.txt")["sha256"] == hex_of(what));
  }
  storage_destination d{config(bucket)};
  auto empty = sealed("empty", "");
  check_delivered(d.deliver(empty));
  CHECK(object(bucket, "out/empty")["size"] == 0);
}

TEST_CASE("a large object goes on where it was cut, also with another handler") {
  const auto bucket = new_bucket();
  fake_context state;
  auto what = sealed_stream(37 * mib);
  const int before = count("bytes");
  {
    storage_destination d{config(bucket)};
    google().post("/_/cut?after=" + std::to_string(10 * mib));
    const auto cut = d.deliver(what);
    CHECK(cut.action == WB_ACTION_RETRY);
    CHECK(cut.category == WB_CATEGORY_NETWORK);
    CHECK(object(bucket, "out/large").is_null());
    CHECK(count("uploads") == 1);
    state.state = fake_host::instance().state_of(d.context);
  }
  storage_destination d{config(bucket)};
  d.context.state = state.state;
  what.attempt = 2;
  const auto seen = d.deliver(what);
  check_delivered(seen);
  CHECK(object(bucket, "out/large")["sha256"] == hex_of(what));
  CHECK(seen.bytes_sent < what.content.size() - 9 * mib);
  CHECK(count("uploads") == 0);
  CHECK(count("bytes") - before < static_cast<int>(what.content.size() + mib));
  // The URL of the upload is a right to write: no record has it.
  const auto upload = json::parse(state.state.at("storage.uploads")).begin().value()["id"].get<std::string>();
  const auto right = upload.substr(upload.find("upload_id=") + 10);
  CHECK(all_texts(seen).find(right) == std::string::npos);
}

TEST_CASE("what changed on its way is not kept") {
  for (auto what : {sealed("large", "in one request"), sealed_stream(2 * mib)}) {
    const auto bucket = new_bucket();
    storage_destination d{config(bucket)};
    google().post("/_/corrupt");
    const auto seen = d.deliver(what);
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(object(bucket, "out/large").is_null());
    check_delivered(d.deliver(what));
    CHECK(object(bucket, "out/large")["sha256"] == hex_of(what));
    CHECK(count("uploads") == 0);
  }
}

TEST_CASE("a canceled upload is ended") {
  const auto bucket = new_bucket();
  storage_destination d{config(bucket)};
  auto what = sealed_stream(64 * mib);
  const int before = count("bytes");
  const auto token = d.start(what);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (count("bytes") == before && std::chrono::steady_clock::now() < limit) {}
  storage()->cancel(d.handler(), token);
  CHECK(d.wait(token).action == WB_ACTION_CANCELED);
  d.drain();
  CHECK(count("uploads") == 0);
  CHECK(object(bucket, "out/large").is_null());
}

TEST_CASE("a metadata server's token serves too, but the node's own goes to Google only") {
  const auto bucket = new_bucket();
  storage_destination d{config(bucket, {{"type", "metadataServer"}, {"endpoint", google().url("")}})};
  auto what = sealed("m.txt", "by a machine");
  check_delivered(d.deliver(what));
  CHECK(object(bucket, "out/m.txt")["sha256"] == hex_of(what));
  storage_destination own{config(bucket, {{"type", "metadataServer"}}, {{"timeoutMs", 2'000}, {"connectTimeoutMs", 1'000}})};
  const auto seen = own.deliver(what);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("169.254.169.254") != std::string::npos);
}

TEST_CASE("a refusal has its category, and no secret is told") {
  const auto bucket = new_bucket();
  const rsa_key stranger;
  struct row {
    json config;
    std::uint32_t category;
  };
  for (const auto& r :
       {row{config(bucket, service_account(stranger)), WB_CATEGORY_AUTHENTICATION},
        row{config(bucket, service_account(account_key(), "x@p.iam.gserviceaccount.com")), WB_CATEGORY_AUTHENTICATION},
        row{config("no-such-bucket"), WB_CATEGORY_CONFIGURATION}}) {
    storage_destination d{r.config};
    auto what = sealed("r.txt", "never");
    const auto seen = d.deliver(what);
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == r.category);
    CHECK(d.test().category == r.category);
    CHECK(all_texts(seen).find("PRIVATE KEY") == std::string::npos);
    CHECK(all_texts(seen).find("eyJ") == std::string::npos);
  }
  storage_destination d{config(bucket)};
  auto what = sealed("r.txt", "later");
  google().post("/_/fail?status=429&reason=rateLimitExceeded");
  const auto slow = d.deliver(what);
  CHECK(slow.action == WB_ACTION_THROTTLED);
  CHECK(slow.category == WB_CATEGORY_RATE_LIMIT);
  google().post("/_/fail?status=403&reason=insufficientPermissions");
  CHECK(d.deliver(what).category == WB_CATEGORY_AUTHENTICATION);
  google().post("/_/fail?status=503&reason=backendError");
  CHECK(d.deliver(what).action != WB_ACTION_DELIVERED);
  check_delivered(d.deliver(what));
}

TEST_CASE("the network guard is asked for the store and for its tokens") {
  storage_destination d{config("bucket-x")};
  d.context.guard = [](auto...) { return false; };
  auto what = sealed("g.txt", "guarded");
  const auto seen = d.deliver(what);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
}

TEST_CASE("the connection test writes an object and leaves none") {
  const auto bucket = new_bucket();
  storage_destination d{config(bucket)};
  check_delivered(d.test());
  CHECK(google().get("/_/names?bucket=" + bucket) == json::array());
}

TEST_CASE("the sweep deletes what the destination wrote, and nothing else") {
  const auto bucket = new_bucket();
  storage_destination mine{config(bucket)};
  storage_destination theirs{config(bucket)};
  auto own = sealed("own.txt", "mine");
  auto other = sealed("other.txt", "theirs");
  other.destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M3";
  check_delivered(mine.deliver(own));
  check_delivered(theirs.deliver(other));
  google().post("/_/object?bucket=" + bucket + "&name=out%2Fforeign.txt", "somebody else's");

  CHECK(swept(config(bucket), "out/", destination_id, -3'600'000) == 0);  // nothing is that old
  CHECK(swept(config(bucket), "out/", destination_id, 3'600'000) == 1);
  CHECK(google().get("/_/names?bucket=" + bucket) == json{"out/foreign.txt", "out/other.txt"});
}
