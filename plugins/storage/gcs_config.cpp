// SPDX-License-Identifier: Apache-2.0
#include "gcs_config.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <waybill/transfer/header_list.hpp>
#include <waybill/transfer/jwt.hpp>

#include "config_reader.hpp"

namespace waybill::storage {
namespace {

using nlohmann::json;

constexpr const char* own_token_url = "https://oauth2.googleapis.com/token";

constexpr std::array<std::pair<std::string_view, gcs_credentials_kind>, 2> kinds{
    {{"serviceAccount", gcs_credentials_kind::service_account}, {"metadataServer", gcs_credentials_kind::metadata_server}}};
constexpr std::array<std::string_view, 6> acls{"authenticatedRead", "bucketOwnerFullControl", "bucketOwnerRead",
                                               "private",           "projectPrivate",         "publicRead"};

// https://cloud.google.com/storage/docs/buckets#naming
void check_bucket(const config_reader& from, const std::string& bucket) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  if (bucket.empty()) return;
  const bool good = std::all_of(bucket.begin(), bucket.end(), plain) && bucket.size() >= 3 && bucket.size() <= 222 &&
                    bucket.front() != '.' && bucket.back() != '.' && bucket.find("..") == std::string::npos;
  if (!good)
    from.fault("bucket", "name",
               "is not the name of a bucket: 3 to 63 lower case letters, digits, hyphens, underscores and dots");
}

void check_word(const config_reader& from, const char* name, const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-_./:@"}.find(c) != std::string_view::npos;
  });
  if (!plain || text.size() > 512 || text.find("..") != std::string::npos)
    from.fault(name, "name", "holds characters that no such name has");
}

void read_key_file(const config_reader& from, gcs_credentials& into) {
  std::string text;
  from.required("key", text);
  if (text.empty()) return;
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object()) return from.fault("key", "json", "must be the key file of a service account: JSON, as a text");
  const auto member = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  if (member("type") != "service_account")
    return from.fault("key", "kind", "is not the key of a service account: its type is not service_account");
  into.client_email = member("client_email");
  into.private_key = member("private_key");
  into.private_key_id = member("private_key_id");
  into.token_url = member("token_uri");
  if (into.token_url.empty()) into.token_url = own_token_url;
  if (into.client_email.empty()) from.fault("key", "email", "has no client_email");
  transfer::jwt_settings assertion;
  assertion.algorithm = "RS256";
  assertion.key = into.private_key;
  if (const auto why = transfer::jwt_signer::why_unusable(assertion); !why.empty())
    from.fault("key", "key", "has a private_key that " + why);
  const bool http = into.token_url.rfind("https://", 0) == 0 || into.token_url.rfind("http://", 0) == 0;
  const bool plain = std::all_of(into.token_url.begin(), into.token_url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!http || !plain || into.token_url.find_first_of("@#") != std::string::npos)
    from.fault("key", "url", "has a token_uri that is not a URL of http or https");
}

void read_credentials(const config_reader& from, gcs_credentials& into) {
  from.choice("type", kinds, into.kind);
  if (into.kind == gcs_credentials_kind::service_account) return read_key_file(from, into);
  from.text("account", into.account);
  check_word(from, "account", into.account);
  if (into.account.empty() || into.account.find('/') != std::string::npos)
    from.fault("account", "name", "is not a service account: default, or its e-mail address");
  from.base_url("endpoint", into.metadata_endpoint);
}

}  // namespace

gcs_settings read_gcs(const config_reader& from) {
  gcs_settings out;
  from.required("bucket", out.bucket);
  check_bucket(from, out.bucket);
  from.base_url("endpoint", out.endpoint);
  if (const auto credentials = from.object("credentials"))
    read_credentials(*credentials, out.credentials);
  else
    from.fault("credentials", "required", "is required");
  from.text("storageClass", out.storage_class);
  from.text("predefinedAcl", out.predefined_acl);
  from.text("kmsKeyName", out.kms_key);
  from.text("userProject", out.user_project);
  check_word(from, "storageClass", out.storage_class);
  check_word(from, "kmsKeyName", out.kms_key);
  check_word(from, "userProject", out.user_project);
  if (!out.predefined_acl.empty() && std::find(acls.begin(), acls.end(), out.predefined_acl) == acls.end())
    from.fault("predefinedAcl", "enum", "is not one of the known values");
  return out;
}

}  // namespace waybill::storage
