// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "storage_destination.hpp"

using namespace waybill::testing;
using nlohmann::json;
using names = std::vector<std::string>;

namespace {

[[nodiscard]] json s3(json more = json::object(), json place = json::object()) {
  json out{{"provider", "s3"}, {"config", {{"bucket", "reports"}, {"accessKeyId", "AKID"}, {"secretAccessKey", "secret-key"}}}};
  if (!place.is_null()) out["config"].merge_patch(place);
  if (!more.is_null()) out.merge_patch(more);
  return out;
}

[[nodiscard]] json local(json more = json::object()) {
  json out{{"provider", "local"}, {"config", {{"root", "/srv/reports"}}}};
  if (!more.is_null()) out.merge_patch(more);
  return out;
}

[[nodiscard]] names with_credentials(const json& credentials) {
  return storage_faults({{"provider", "s3"}, {"config", {{"bucket", "reports"}, {"credentials", credentials}}}});
}

}  // namespace

TEST_CASE("a plain configuration of each provider is good") {
  CHECK(storage_faults(s3()).empty());
  CHECK(storage_faults(local()).empty());
}

TEST_CASE("every fault is reported at once, each where it stands") {
  const json config{
      {"provider", "s3"},
      {"config", {{"bucket", "Not A Bucket"}, {"region", "EU WEST"}, {"endpoint", "ftp://x"}, {"accessKeyId", ""}}},
      {"path", "{nobody}"},
      {"fileName", "{"},
      {"retention", {{"autoCleanup", true}}},
      {"timeoutMs", 1}};
  CHECK(storage_faults(config) == names{"/config/accessKeyId required", "/config/bucket name", "/config/endpoint scheme",
                                        "/config/region name", "/config/secretAccessKey required", "/fileName template",
                                        "/path template", "/retention/days required", "/timeoutMs range"});
}

TEST_CASE("a file name must tell deliveries apart") {
  CHECK(storage_faults(s3({{"fileName", "report.json"}})) == names{"/fileName unique"});
  CHECK(storage_faults(s3({{"fileName", "report.json"}, {"path", "x/{deliveryId}"}})).empty());
  CHECK(storage_faults(s3({{"batchFileName", "all.ndjson"}})) == names{"/batchFileName unique"});
  CHECK(storage_faults(s3({{"fileName", "a/b"}})) == names{"/fileName name", "/fileName unique"});
}

TEST_CASE("dots are folders of an object store, and an escape from a file system's") {
  CHECK(storage_faults(s3({{"path", "a/../b//c"}})).empty());
  CHECK(storage_faults(local({{"path", "a/../b"}})) == names{"/path escape"});
  CHECK(storage_faults(local({{"batchPath", "./b"}})) == names{"/batchPath escape"});
  CHECK(storage_faults(local({{"config", {{"root", "relative"}}}})) == names{"/config/root absolute"});
  CHECK(storage_faults(local({{"config", {{"root", "/srv/../etc"}}}})) == names{"/config/root canonical"});
  CHECK(storage_faults(local({{"config", {{"root", "/"}}}})) == names{"/config/root root"});
  CHECK(storage_faults(local({{"config", {{"fileMode", "0666"}}}})) == names{"/config/fileMode mode"});
}

TEST_CASE("each kind of credentials asks for what it needs") {
  CHECK(with_credentials({{"type", "accessKey"}}) ==
        names{"/config/credentials/accessKeyId required", "/config/credentials/secretAccessKey required"});
  CHECK(with_credentials({{"type", "assumeRole"}, {"accessKeyId", "A"}, {"secretAccessKey", "s"}}) ==
        names{"/config/credentials/roleArn required"});
  CHECK(with_credentials({{"type", "webIdentity"}}).empty());
  CHECK(with_credentials({{"type", "containerRole"}}).empty());
  CHECK(with_credentials({{"type", "instanceRole"}}).empty());
  CHECK(with_credentials({{"type", "other"}}) == names{"/config/credentials/accessKeyId required",
                                                       "/config/credentials/secretAccessKey required",
                                                       "/config/credentials/type enum"});
  CHECK(storage_faults(s3({}, {{"credentials", {{"type", "instanceRole"}}}})) == names{"/config/credentials duplicate"});
}

TEST_CASE("the node's own identity is sent to no URL that a configuration names") {
  CHECK(with_credentials({{"type", "webIdentity"}, {"stsEndpoint", "https://evil.example"}}) ==
        names{"/config/credentials/stsEndpoint identity"});
  CHECK(with_credentials({{"type", "webIdentity"}, {"stsEndpoint", "https://sts.example"}, {"token", "eyJ"}}).empty());
}

TEST_CASE("nothing that goes into a header may end it") {
  CHECK(storage_faults(s3({}, {{"acl", "private\r\nx: y"}})) == names{"/config/acl injection"});
  CHECK(storage_faults(s3({}, {{"sessionToken", "a\nb"}})) == names{"/config/sessionToken injection"});
  CHECK(storage_faults(s3({{"metadata", {{"Bad Name", "x"}}}})) == names{"/metadata/Bad Name name"});
  CHECK(storage_faults(s3({{"metadata", {{"waybill-destination", "x"}}}})) == names{"/metadata/waybill-destination name"});
}

TEST_CASE("a key of KMS needs encryption with KMS") {
  CHECK(storage_faults(s3({}, {{"encryption", {{"type", "AES256"}, {"kmsKeyId", "k"}}}})) ==
        names{"/config/encryption/type mismatch"});
  CHECK(storage_faults(s3({}, {{"encryption", {{"type", "aws:kms"}, {"kmsKeyId", "k"}}}})).empty());
}

TEST_CASE("what is no configuration at all is refused") {
  CHECK(storage_faults(json::array()) == names{" type"});
  CHECK(storage_faults(json::object()) == names{"/config required", "/provider required"});
  CHECK(storage_faults({{"provider", "ftp"}, {"config", json::object()}}) == names{"/provider enum"});
}
