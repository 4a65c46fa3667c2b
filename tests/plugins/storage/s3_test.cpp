// SPDX-License-Identifier: Apache-2.0
// Against Ceph's radosgw, which verifies signatures, content hashes, clocks and session tokens.
#include <catch2/catch.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>

#include <waybill/transfer/hashing.hpp>

#include "plugins/storage/client_environment.hpp"
#include "plugins/storage/sweep.hpp"
#include "radosgw_server.hpp"
#include "storage_destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

constexpr std::uint64_t mib = 1'048'576;
constexpr const char* destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M2";

[[nodiscard]] radosgw_server& server() { return radosgw_server::instance(); }

[[nodiscard]] json config(const std::string& bucket, json more = json::object(), json place = json::object()) {
  json out{{"provider", "s3"}, {"config", server().place(bucket)}, {"path", "out"}, {"fileName", "{filename}"}};
  if (!place.is_null()) out["config"].merge_patch(place);
  if (!more.is_null()) out.merge_patch(more);
  return out;
}

/// Without the key beside the bucket.
[[nodiscard]] json with_role(const std::string& bucket, const json& credentials) {
  return config(bucket, {}, {{"accessKeyId", nullptr}, {"secretAccessKey", nullptr}, {"credentials", credentials}});
}

void seal(fake_delivery& what) {
  const auto digest = waybill::transfer::sha256(what.content);
  std::copy(digest.begin(), digest.end(), what.sha256.begin());
}

[[nodiscard]] fake_delivery named(const std::string& filename, const std::string& content = "content") {
  fake_delivery what;
  what.filename = filename;
  what.content = content;
  what.content_type = "text/plain";
  seal(what);
  return what;
}

[[nodiscard]] fake_delivery large(std::uint64_t bytes) {
  std::string content(bytes, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 65'537);
  auto what = named("large", content);
  what.streamed = true;
  what.timeout_ms = 60'000;
  return what;
}

[[nodiscard]] std::string hex_of(const fake_delivery& what) { return waybill::transfer::to_hex(what.sha256); }

void check_delivered(const seen_result& seen) {
  INFO(seen.detail << "\n" << seen.response);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

}  // namespace

TEST_CASE("an object arrives with its content, type, metadata and tags") {
  const auto bucket = server().new_bucket();
  const json more{{"path", "{organizationId}/{year}/{month}"},
                  {"metadata", {{"department", "{metadata.department}"}, {"name", "r\xc3\xa9sum\xc3\xa9 {filename}"}}},
                  {"tags", {{"class", "audit & more"}}},
                  {"retention", {{"days", 30}}}};
  storage_destination d{config(bucket, more, {{"encryption", {{"type", "AES256"}}}, {"storageClass", "STANDARD"}})};
  auto what = named("r.txt", "some content");
  const auto seen = d.deliver(what);
  check_delivered(seen);
  const auto key = what.organization_id + "/2026/01/r.txt";
  CHECK(seen.external_reference == "s3://" + bucket + "/" + key);
  CHECK(seen.bytes_sent == what.content.size());
  CHECK(server().object(bucket, key) == what.content);
  CHECK(server().sha256_by_rclone(bucket, key) == hex_of(what));
  const auto head = server().aws({"s3api", "head-object", "--bucket", bucket, "--key", key});
  CHECK(head["ContentType"] == "text/plain");
  CHECK(head["Metadata"]["department"] == "audit");
  CHECK(head["Metadata"]["waybill-destination"] == destination_id);
  CHECK(head["Metadata"]["waybill-delivery"] == what.delivery_id);
  CHECK(head["Metadata"]["waybill-sha256"] == hex_of(what));
  CHECK(head["Metadata"]["waybill-retain-until"] == "2026-03-02T09:15:00.123Z");
  CHECK(head["Metadata"]["name"].get<std::string>().find("=?UTF-8?B?") == 0);
  const auto tags = server().aws({"s3api", "get-object-tagging", "--bucket", bucket, "--key", key});
  CHECK(tags["TagSet"] == json::array({{{"Key", "class"}, {"Value", "audit & more"}}}));
}

TEST_CASE("odd keys arrive as they are") {
  const auto bucket = server().new_bucket();
  std::vector<std::string> wanted;
  for (const std::string path :
       {"a b/c", "plus+plus", "\xc3\xbc\xe4\xb8\xad", "two//slashes", "up/../down", "per%25cent&=?#;:@,'()*!~$[]", "./dot"}) {
    INFO(path);
    storage_destination d{config(bucket, {{"path", path}})};
    auto what = named("x y+z.txt", path);
    check_delivered(d.deliver(what));
    wanted.push_back(path + "/x y+z.txt");
    CHECK(server().object(bucket, wanted.back()) == path);
  }
  std::sort(wanted.begin(), wanted.end());
  CHECK(server().keys(bucket) == wanted);
}

TEST_CASE("empty content is an object too") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  auto what = named("empty", "");
  check_delivered(d.deliver(what));
  CHECK(server().object(bucket, "out/empty").empty());
}

TEST_CASE("content that streams and is small goes as one object") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  auto what = large(3 * mib);
  check_delivered(d.deliver(what));
  CHECK(server().sha256_by_rclone(bucket, "out/large") == hex_of(what));
}

TEST_CASE("a bucket may stand in the host name") {
  const auto bucket = server().new_bucket();
  const auto port = std::to_string(server().port());
  storage_destination d{config(bucket, {}, {{"endpoint", "http://s3.localhost:" + port}, {"pathStyle", false}})};
  auto what = named("v h+o\xc3\xa9st", "virtual");
  const auto seen = d.deliver(what);
  check_delivered(seen);
  CHECK(json::parse(seen.request)["url"].get<std::string>().find("http://" + bucket + ".s3.localhost:" + port + "/out/") == 0);
  CHECK(server().object(bucket, "out/v h+o\xc3\xa9st") == "virtual");
}

TEST_CASE("the connection test writes an object and leaves none") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  check_delivered(d.test());
  CHECK(server().keys(bucket).empty());
}

TEST_CASE("each failure has its category, and tells no secret") {
  const auto bucket = server().new_bucket();
  const auto category = [](storage_destination& d) {
    auto what = named("f");
    const auto seen = d.deliver(what);
    INFO(seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK_FALSE(seen.message.empty());
    for (const auto& text : {seen.detail, seen.message, seen.request, seen.response}) {
      CHECK(text.find("SECRETTEST") == std::string::npos);
      CHECK(text.find("wrong-secret") == std::string::npos);
    }
    const auto tested = d.test();
    CHECK(tested.category == seen.category);
    return seen.category;
  };
  storage_destination bad_secret{config(bucket, {}, {{"secretAccessKey", "wrong-secret"}})};
  CHECK(category(bad_secret) == WB_CATEGORY_AUTHENTICATION);
  storage_destination bad_key{config(bucket, {}, {{"accessKeyId", "AKIDNOBODY"}})};
  CHECK(category(bad_key) == WB_CATEGORY_AUTHENTICATION);
  storage_destination no_bucket{config("no-such-bucket")};
  CHECK(category(no_bucket) == WB_CATEGORY_CONFIGURATION);
  storage_destination nobody{config(bucket, {}, {{"endpoint", "http://127.0.0.1:9"}})};
  CHECK(category(nobody) == WB_CATEGORY_NETWORK);
  storage_destination unknown{config(bucket, {}, {{"endpoint", "http://nobody.invalid"}})};
  CHECK(category(unknown) == WB_CATEGORY_NETWORK);
  storage_destination guarded{config(bucket)};
  guarded.context.guard = [](auto...) { return false; };
  auto what = named("f");
  const auto seen = guarded.deliver(what);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
}

TEST_CASE("content that changes on its way is noticed") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  auto what = named("f");
  what.sha256[0] ^= 1;
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(server().keys(bucket).empty());
}

TEST_CASE("records hold the request without its signature") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  auto what = named("f");
  const auto request = json::parse(d.deliver(what).request);
  CHECK(request["method"] == "PUT");
  CHECK(request["headers"]["Authorization"] == "[redacted]");
  CHECK(request["headers"]["X-Amz-Content-Sha256"] == hex_of(what));
}

TEST_CASE("a large object goes in parts and arrives whole") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket, {{"metadata", {{"size", "large"}}}})};
  auto what = large(37 * mib + 11);
  const auto seen = d.deliver(what);
  check_delivered(seen);
  CHECK(seen.bytes_sent == 37 * mib + 11);
  CHECK(server().sha256_by_rclone(bucket, "out/large") == hex_of(what));
  const auto head = server().aws({"s3api", "head-object", "--bucket", bucket, "--key", "out/large"});
  CHECK(head["ETag"].get<std::string>().find("-5\"") != std::string::npos);
  CHECK(head["Metadata"]["size"] == "large");
  CHECK(head["ContentType"] == "text/plain");
  CHECK(server().open_uploads(bucket) == 0);
  CHECK(fake_host::instance().state_of(d.context)["storage.uploads"] == "{}");
}

TEST_CASE("an interrupted upload is taken up again where it ended, also by another process") {
  const auto bucket = server().new_bucket();
  std::map<std::string, std::string> state;
  auto what = large(40 * mib);
  {
    storage_destination d{config(bucket)};
    what.fails_at = 33 * mib;
    const auto seen = d.deliver(what);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_SYSTEM);
    CHECK(server().open_uploads(bucket) == 1);
    CHECK(server().keys(bucket).empty());
    state = fake_host::instance().state_of(d.context);
  }
  storage_destination d{config(bucket)};
  d.context.state = state;
  what.fails_at.reset();
  ++what.attempt;
  const auto seen = d.deliver(what);
  check_delivered(seen);
  CHECK(seen.bytes_sent < 40 * mib);
  CHECK(seen.bytes_sent >= 8 * mib);
  CHECK(server().sha256_by_rclone(bucket, "out/large") == hex_of(what));
  CHECK(server().open_uploads(bucket) == 0);
}

TEST_CASE("an upload that is gone begins anew, and another content does not continue an old one") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  auto what = large(24 * mib);
  what.fails_at = 20 * mib;
  CHECK(d.deliver(what).action == WB_ACTION_RETRY);
  const auto uploads = server().aws({"s3api", "list-multipart-uploads", "--bucket", bucket})["Uploads"];
  REQUIRE(uploads.size() == 1);
  static_cast<void>(server().aws(
      {"s3api", "abort-multipart-upload", "--bucket", bucket, "--key", "out/large", "--upload-id", uploads[0]["UploadId"]}));
  what.fails_at.reset();
  const auto anew = d.deliver(what);
  check_delivered(anew);
  CHECK(anew.bytes_sent == 24 * mib);
  what.fails_at = 20 * mib;
  CHECK(d.deliver(what).action == WB_ACTION_RETRY);
  what.fails_at.reset();
  what.content[0] ^= 1;
  seal(what);
  check_delivered(d.deliver(what));
  CHECK(server().sha256_by_rclone(bucket, "out/large") == hex_of(what));
  d.drain();
  CHECK(server().open_uploads(bucket) == 0);
}

TEST_CASE("a canceled upload is aborted, and leaves nothing") {
  const auto bucket = server().new_bucket();
  fake_delivery what;
  storage_destination d{config(bucket)};
  what.filename = "endless";
  what.size = std::uint64_t{40} * 1'024 * mib;
  what.timeout_ms = 60'000;
  what.generated = [](std::uint64_t) { return 'e'; };
  const auto token = d.start(what);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (server().open_uploads(bucket) == 0) REQUIRE(std::chrono::steady_clock::now() < limit);
  storage()->cancel(d.handler(), token);
  CHECK(d.wait(token).action == WB_ACTION_CANCELED);
  CHECK(server().open_uploads(bucket) == 0);
  CHECK(fake_host::instance().state_of(d.context)["storage.uploads"] == "{}");
}

TEST_CASE("an upload that ran out of time stays for the next attempt") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket)};
  fake_delivery what;
  what.filename = "slow";
  what.size = std::uint64_t{4} * 1'024 * mib;
  what.timeout_ms = 1'500;
  what.generated = [](std::uint64_t) { return 's'; };
  const auto token = d.start(what);
  const auto seen = d.wait(token);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_TIMEOUT);
  CHECK(server().open_uploads(bucket) == 1);
}

TEST_CASE("temporary credentials sign with their session token") {
  const auto bucket = server().new_bucket();
  const auto session =
      server().aws({"sts", "assume-role", "--role-arn", "arn:aws:iam:::role/R", "--role-session-name", "test"})["Credentials"];
  const json place{{"accessKeyId", session["AccessKeyId"]},
                   {"secretAccessKey", session["SecretAccessKey"]},
                   {"sessionToken", session["SessionToken"]}};
  storage_destination d{config(bucket, {}, place)};
  auto what = named("f");
  const auto seen = d.deliver(what);
  check_delivered(seen);
  CHECK(seen.request.find(session["SessionToken"].get<std::string>()) == std::string::npos);
  auto without = place;
  without.erase("sessionToken");
  storage_destination refused{config(bucket, {}, without)};
  CHECK(refused.deliver(what).category == WB_CATEGORY_AUTHENTICATION);
}

TEST_CASE("a role is assumed with a key, at radosgw's own STS") {
  const auto bucket = server().new_bucket();
  const json credentials{{"type", "assumeRole"},
                         {"accessKeyId", "AKIDTEST"},
                         {"secretAccessKey", "SECRETTEST"},
                         {"roleArn", "arn:aws:iam:::role/R"},
                         {"stsEndpoint", server().endpoint()},
                         {"sessionName", "reports"}};
  storage_destination d{with_role(bucket, credentials)};
  auto what = named("f", "by a role");
  check_delivered(d.deliver(what));
  CHECK(server().object(bucket, "out/f") == "by a role");
  auto wrong = credentials;
  wrong["secretAccessKey"] = "wrong-secret";
  storage_destination refused{with_role(bucket, wrong)};
  const auto seen = refused.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(seen.detail.find("AssumeRole") != std::string::npos);
}

TEST_CASE("the roles of an instance, of a container and of a web identity write, and are asked for once") {
  const auto bucket = server().new_bucket();
  auto& services = credential_services::instance();
  const json kinds[]{
      {{"type", "instanceRole"}, {"endpoint", services.url()}},
      {{"type", "containerRole"}, {"endpoint", services.url("/container/credentials")}, {"token", "agent-token"}},
      {{"type", "webIdentity"},
       {"stsEndpoint", services.url()},
       {"token", "good.web.token"},
       {"roleArn", "arn:aws:iam:::role/R"}}};
  for (const auto& kind : kinds) {
    INFO(kind.dump());
    storage_destination d{with_role(bucket, kind)};
    const auto before = services.given();
    std::vector<fake_delivery> what;
    std::vector<wb_token> tokens;
    for (int i = 0; i < 5; ++i) what.push_back(named("f" + std::to_string(i), kind.dump()));
    for (auto& one : what) tokens.push_back(d.start(one));
    for (const auto token : tokens) check_delivered(d.wait(token));
    CHECK(services.given() == before + 1);
    CHECK(server().object(bucket, "out/f4") == kind.dump());
  }
}

TEST_CASE("credentials that end soon are fetched anew") {
  const auto bucket = server().new_bucket();
  auto& services = credential_services::instance();
  storage_destination d{with_role(bucket, {{"type", "instanceRole"}, {"endpoint", services.url("/short")}})};
  const auto before = services.given();
  for (int i = 0; i < 3; ++i) {
    auto what = named("f");
    check_delivered(d.deliver(what));
  }
  CHECK(services.given() == before + 3);
}

TEST_CASE("a service that refuses its credentials is an authentication failure that says why") {
  const auto bucket = server().new_bucket();
  auto& services = credential_services::instance();
  auto what = named("f");
  storage_destination bad_token{with_role(bucket, {{"type", "webIdentity"},
                                                   {"stsEndpoint", services.url()},
                                                   {"token", "bad.web.token"},
                                                   {"roleArn", "arn:aws:iam:::role/R"}})};
  const auto seen = bad_token.deliver(what);
  CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(seen.detail.find("InvalidIdentityToken") != std::string::npos);
  CHECK(seen.detail.find("bad.web.token") == std::string::npos);
  storage_destination no_agent{
      with_role(bucket, {{"type", "containerRole"}, {"endpoint", services.url("/container/credentials")}})};
  CHECK(no_agent.deliver(what).category == WB_CATEGORY_AUTHENTICATION);
  storage_destination no_identity{with_role(bucket, {{"type", "webIdentity"}})};
  const auto none = no_identity.deliver(what);
  CHECK(none.category == WB_CATEGORY_CONFIGURATION);
  CHECK(none.detail.find("AWS_WEB_IDENTITY_TOKEN_FILE") != std::string::npos);
}

TEST_CASE("the metadata service is behind the network guard like everything else") {
  const auto bucket = server().new_bucket();
  storage_destination d{with_role(bucket, {{"type", "instanceRole"}})};
  d.context.guard = [](const std::uint8_t* address, std::uint32_t, std::uint32_t) { return address[0] != 169; };
  auto what = named("f");
  const auto seen = d.deliver(what);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("169.254.169.254") != std::string::npos);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
}

TEST_CASE("a batch is one object of a line for each delivery") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket, {{"batchFileName", "{date}-{count}-{batchId}.ndjson"}})};
  std::vector<fake_delivery> what(4);
  for (std::size_t i = 0; i < what.size(); ++i) what[i].delivery_id = "dlv_" + std::to_string(i);
  what[3].streamed = true;
  what[3].filename = "alone";
  seal(what[3]);
  const auto seen = d.deliver_batch(what);
  for (const auto& one : seen) check_delivered(one);
  const auto reference = seen[0].external_reference;
  const auto key = reference.substr(6 + bucket.size(), reference.find('#') - 6 - bucket.size());
  CHECK(key.find("out/2026-01-31-3-bat_") == 0);
  CHECK(seen[2].external_reference == "s3://" + bucket + "/" + key + "#line=3");
  CHECK(json::parse(seen[1].request)["batch"] == json{{"size", 3}, {"index", 1}});
  const auto text = server().object(bucket, key);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(json::parse(text.substr(0, text.find('\n')))["data"]["hello"] == "world");
  CHECK(server().object(bucket, "out/alone") == what[3].content);
  storage_destination broken{config("no-such-bucket")};
  what.pop_back();
  for (const auto& one : broken.deliver_batch(what)) {
    CHECK(one.action == WB_ACTION_RETRY);
    CHECK(one.category == WB_CATEGORY_CONFIGURATION);
  }
}

TEST_CASE("retention deletes what the destination has written and is old, and nothing else") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket, {{"retention", {{"days", 1}, {"autoCleanup", true}}}})};
  for (const auto* name : {"one", "t w+o", "\xc3\xbc"}) {
    auto what = named(name);
    check_delivered(d.deliver(what));
  }
  auto other = named("of-another");
  other.destination_id = "dst_other";
  check_delivered(d.deliver(other));
  server().put(bucket, "out/foreign", "somebody else's");
  REQUIRE(waybill::sdk::adopt_host(fake_host::instance().table()));
  fake_context context;
  waybill::storage::s3_settings settings;
  settings.bucket = bucket;
  settings.endpoint = server().endpoint();
  settings.path_style = true;
  settings.credentials.key = {"AKIDTEST", "SECRETTEST", ""};
  const auto host = std::make_shared<waybill::sdk::host_gate>(waybill::sdk::handler_context{context.raw()});
  const auto client =
      waybill::storage::make_client(settings, {host, {}, std::make_shared<waybill::storage::upload_ledger>(host), {}});
  const auto sweep = [&](std::int64_t before_ms) {
    waybill::storage::sweep_report out;
    std::mutex mutex;
    std::condition_variable came;
    bool done = false;
    auto by =
        std::make_shared<waybill::storage::call>(waybill::storage::call::clock::time_point::max(), std::chrono::seconds{10});
    waybill::storage::sweep::start(client, by, {"out/"}, destination_id, before_ms,
                                   [&](const waybill::storage::sweep_report& r) {
                                     const std::lock_guard lock{mutex};
                                     out = r;
                                     done = true;
                                     came.notify_all();
                                   });
    std::unique_lock lock{mutex};
    REQUIRE(came.wait_for(lock, std::chrono::seconds{20}, [&] { return done; }));
    return out;
  };
  CHECK(sweep(waybill::sdk::now_ms() - 3'600'000).deleted == 0);
  const auto report = sweep(waybill::sdk::now_ms() + 3'600'000);
  INFO(report.result.detail << report.failure);
  CHECK(report.deleted == 3);
  CHECK(report.failed == 0);
  CHECK(server().keys(bucket) == std::vector<std::string>{"out/foreign", "out/of-another"});
}

TEST_CASE("many deliveries share a few connections") {
  const auto bucket = server().new_bucket();
  storage_destination d{config(bucket, {{"fileName", "{deliveryId}"}})};
  std::vector<fake_delivery> what(200);
  std::vector<wb_token> tokens;
  for (std::size_t i = 0; i < what.size(); ++i) {
    what[i].delivery_id = "dlv_" + std::to_string(i);
    seal(what[i]);
    what[i].timeout_ms = 30'000;
    tokens.push_back(d.start(what[i]));
  }
  for (const auto token : tokens) check_delivered(d.wait(token));
  CHECK(server().keys(bucket).size() == what.size());
}
