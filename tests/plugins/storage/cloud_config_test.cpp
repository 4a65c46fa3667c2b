// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "cloud_peer.hpp"
#include "storage_destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

using faults = std::vector<std::string>;

json azure(const json& credentials, json place = json::object(), json more = json::object()) {
  json out{{"provider", "azure"}, {"config", {{"account", "reports"}, {"container", "audit"}, {"credentials", credentials}}}};
  if (!place.is_null()) out["config"].merge_patch(place);
  out.merge_patch(more);
  return out;
}

json gcs(const json& credentials, const json& place = json::object()) {
  json out{{"provider", "gcs"}, {"config", {{"bucket", "audit-reports"}, {"credentials", credentials}}}};
  out["config"].merge_patch(place);
  return out;
}

}  // namespace

TEST_CASE("a configuration of Azure is good or has a fault that tells where") {
  const json key{{"type", "sharedKey"}, {"accountKey", "a2V5"}};
  CHECK(storage_faults(azure(key)).empty());
  CHECK(storage_faults(azure({{"type", "sas"}, {"token", "?sv=2021&sp=cw&sig=a%2Fb"}})).empty());
  CHECK(storage_faults(azure({{"type", "managedIdentity"}})).empty());
  CHECK(storage_faults(azure({{"type", "servicePrincipal"}, {"tenantId", "t"}, {"clientId", "c"}, {"clientSecret", "s"}}))
            .empty());
  CHECK(storage_faults(azure(key, {{"account", "UPPER"}, {"container", "a--b"}, {"accessTier", "Warm"}, {"blockMiB", 0}})) ==
        faults{"/config/accessTier enum", "/config/account name", "/config/blockMiB range", "/config/container name"});
  CHECK(storage_faults(azure(key, {{"credentials", nullptr}})) == faults{"/config/credentials required"});
  CHECK(storage_faults(azure({{"type", "sharedKey"}, {"accountKey", "no base64!"}})) ==
        faults{"/config/credentials/accountKey base64"});
  CHECK(storage_faults(azure({{"type", "sas"}, {"token", "https://x/?sig=a"}})) == faults{"/config/credentials/token query"});
  CHECK(storage_faults(azure({{"type", "sas"}, {"token", "sv=2021"}})) ==
        faults{"/config/credentials/token permissions", "/config/credentials/token signature"});
  CHECK(storage_faults(azure({{"type", "servicePrincipal"}, {"tenantId", "a/b"}, {"clientId", "c"}})) ==
        faults{"/config/credentials/clientSecret required", "/config/credentials/tenantId name"});
  CHECK(storage_faults(azure({{"type", "word"}})) ==
        faults{"/config/credentials/accountKey required", "/config/credentials/type enum"});
  CHECK(storage_faults(azure(key, {}, {{"path", "a/../b"}, {"batchPath", "b"}})) == faults{"/path escape"});
}

TEST_CASE("a certificate of a service principal must fit its key") {
  const rsa_key one;
  const rsa_key two;
  json credentials{{"type", "servicePrincipal"},
                   {"tenantId", "t"},
                   {"clientId", "c"},
                   {"clientCertificatePem", one.folder.read("certificate.pem")},
                   {"clientKeyPem", one.folder.read("key.pem")}};
  CHECK(storage_faults(azure(credentials)).empty());
  credentials["clientKeyPem"] = two.folder.read("key.pem");
  CHECK(storage_faults(azure(credentials)) == faults{"/config/credentials/clientKeyPem mismatch"});
  credentials["clientKeyPem"] = "no key";
  CHECK(storage_faults(azure(credentials)) == faults{"/config/credentials/clientKeyPem key"});
  credentials.erase("clientKeyPem");
  CHECK(storage_faults(azure(credentials)) == faults{"/config/credentials/clientKeyPem required"});
}

TEST_CASE("a configuration of Google is good or has a fault that tells where") {
  const rsa_key key;
  json file{{"type", "service_account"}, {"client_email", "a@b"}, {"private_key", key.folder.read("key.pem")}};
  const auto account = [](const json& text) {
    return json{{"type", "serviceAccount"}, {"key", text.is_string() ? text : json(text.dump())}};
  };
  CHECK(storage_faults(gcs(account(file))).empty());
  CHECK(storage_faults(gcs({{"type", "metadataServer"}})).empty());
  CHECK(storage_faults(gcs(account(file), {{"bucket", "Upper"}, {"predefinedAcl", "all"}, {"storageClass", "a b"}})) ==
        faults{"/config/bucket name", "/config/predefinedAcl enum", "/config/storageClass name"});
  CHECK(storage_faults(gcs(account("no json"))) == faults{"/config/credentials/key json"});
  CHECK(storage_faults(gcs(account({{"type", "authorized_user"}}))) == faults{"/config/credentials/key kind"});
  file["token_uri"] = "file:///etc/passwd";
  file["private_key"] = "none";
  file.erase("client_email");
  CHECK(storage_faults(gcs(account(file))) ==
        faults{"/config/credentials/key email", "/config/credentials/key key", "/config/credentials/key url"});
  CHECK(storage_faults(gcs({{"type", "metadataServer"}, {"account", "a/b"}})) == faults{"/config/credentials/account name"});
}
