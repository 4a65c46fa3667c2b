// SPDX-License-Identifier: Apache-2.0
#include "s3_config.hpp"

#include <algorithm>
#include <array>

#include "config_reader.hpp"

namespace waybill::storage {
namespace {

constexpr std::int64_t mib = 1'048'576;

constexpr std::array<std::pair<std::string_view, s3_credentials_kind>, 5> kinds{
    {{"accessKey", s3_credentials_kind::access_key},
     {"assumeRole", s3_credentials_kind::assume_role},
     {"webIdentity", s3_credentials_kind::web_identity},
     {"containerRole", s3_credentials_kind::container_role},
     {"instanceRole", s3_credentials_kind::instance_role}}};
constexpr std::array<std::pair<std::string_view, s3_encryption>, 4> encryptions{{{"none", s3_encryption::none},
                                                                                 {"AES256", s3_encryption::aes256},
                                                                                 {"aws:kms", s3_encryption::kms},
                                                                                 {"aws:kms:dsse", s3_encryption::kms_dsse}}};
constexpr std::array<std::pair<std::string_view, s3_checksum>, 2> checksums{
    {{"sha256", s3_checksum::sha256}, {"none", s3_checksum::none}}};

[[nodiscard]] bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// The rules of general purpose buckets, and the looser ones that older buckets and other makers have.
void check_bucket(const config_reader& from, const std::string& bucket, bool path_style) {
  if (bucket.empty()) return;
  const bool plain = std::all_of(bucket.begin(), bucket.end(), [&](char c) {
    return is_lower_or_digit(c) || c == '-' || c == '.' || (path_style && (c == '_' || (c >= 'A' && c <= 'Z')));
  });
  if (!plain || bucket.size() < 3 || bucket.size() > 255 || bucket.front() == '.' || bucket.find("..") != std::string::npos)
    from.fault("bucket", "name", "is not the name of a bucket: 3 to 63 lower case letters, digits, dots and hyphens");
  else if (!path_style && bucket.size() > 63)
    from.fault("bucket", "name", "is too long to be part of a host name");
}

void check_region(const config_reader& from, const std::string& region) {
  const bool plain =
      std::all_of(region.begin(), region.end(), [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_'; });
  if (region.empty() || !plain || region.size() > 64)
    from.fault("region", "name", "is not the name of a region: lower case letters, digits and hyphens");
}

void check_header_text(const config_reader& from, const char* name, const std::string& text) {
  if (!transfer::is_header_value(text)) from.fault(name, "injection", "must not contain control characters");
}

void read_key(const config_reader& from, transfer::aws_credentials& into) {
  from.required("accessKeyId", into.access_key_id);
  from.required("secretAccessKey", into.secret_access_key);
  from.text("sessionToken", into.session_token);
  check_header_text(from, "accessKeyId", into.access_key_id);
  check_header_text(from, "sessionToken", into.session_token);
  if (into.access_key_id.find_first_of("/, ") != std::string::npos)
    from.fault("accessKeyId", "name", "is not an access key id: it holds a slash, comma or space");
}

void read_session(const config_reader& from, s3_credentials& into) {
  into.session_name = "waybill";
  from.text("sessionName", into.session_name);
  const bool plain = std::all_of(into.session_name.begin(), into.session_name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"=,.@-_"}.find(c) != std::string_view::npos;
  });
  if (into.session_name.size() < 2 || into.session_name.size() > 64 || !plain)
    from.fault("sessionName", "name", "must be 2 to 64 letters, digits and =,.@-_");
  into.session_seconds = from.number("sessionSeconds", into.session_seconds, 900, 43'200);
  from.base_url("stsEndpoint", into.sts_endpoint);
}

void read_credentials(const config_reader& from, s3_credentials& into) {
  from.choice("type", kinds, into.kind);
  switch (into.kind) {
    case s3_credentials_kind::access_key:
      return read_key(from, into.key);
    case s3_credentials_kind::assume_role:
      read_key(from, into.key);
      from.required("roleArn", into.role_arn);
      from.text("externalId", into.external_id);
      return read_session(from, into);
    case s3_credentials_kind::web_identity:
      from.text("roleArn", into.role_arn);
      from.text("token", into.web_identity_token);
      read_session(from, into);
      if (into.web_identity_token.empty() && !into.sts_endpoint.empty())
        from.fault("stsEndpoint", "identity", "needs a token of its own: the node's token goes to Amazon's STS only");
      return;
    case s3_credentials_kind::container_role:
      from.base_url("endpoint", into.metadata_endpoint);
      from.text("token", into.metadata_token);
      check_header_text(from, "token", into.metadata_token);
      if (!into.metadata_token.empty() && into.metadata_endpoint.empty())
        from.fault("endpoint", "required", "the token has no endpoint");
      return;
    case s3_credentials_kind::instance_role:
      return from.base_url("endpoint", into.metadata_endpoint);
  }
}

// The short form: the key beside the bucket.
void read_any_credentials(const config_reader& from, s3_credentials& into) {
  const auto nested = from.object("credentials");
  const bool short_form = from.find("accessKeyId") != nullptr || from.find("secretAccessKey") != nullptr;
  if (nested && short_form) return from.fault("credentials", "duplicate", "stands beside an access key: only one of the two");
  if (nested) return read_credentials(*nested, into);
  read_key(from, into.key);
}

void read_encryption(const config_reader& from, s3_settings& into) {
  const auto encryption = from.object("encryption");
  if (!encryption) return;
  encryption->choice("type", encryptions, into.encryption);
  encryption->text("kmsKeyId", into.kms_key_id);
  encryption->boolean("bucketKey", into.bucket_key);
  check_header_text(*encryption, "kmsKeyId", into.kms_key_id);
  const bool kms = into.encryption == s3_encryption::kms || into.encryption == s3_encryption::kms_dsse;
  if (!kms && (!into.kms_key_id.empty() || into.bucket_key))
    encryption->fault("type", "mismatch", "a key of KMS needs aws:kms or aws:kms:dsse");
}

}  // namespace

s3_settings read_s3(const config_reader& from) {
  s3_settings out;
  from.required("bucket", out.bucket);
  from.text("region", out.region);
  check_region(from, out.region);
  from.base_url("endpoint", out.endpoint);
  // Own servers rarely have a name for each bucket.
  out.path_style = !out.endpoint.empty();
  from.boolean("pathStyle", out.path_style);
  check_bucket(from, out.bucket, out.path_style);
  read_any_credentials(from, out.credentials);
  read_encryption(from, out);
  from.text("storageClass", out.storage_class);
  from.text("acl", out.acl);
  from.text("expectedBucketOwner", out.bucket_owner);
  check_header_text(from, "storageClass", out.storage_class);
  check_header_text(from, "acl", out.acl);
  check_header_text(from, "expectedBucketOwner", out.bucket_owner);
  from.choice("checksum", checksums, out.checksum);
  out.part_bytes =
      static_cast<std::uint64_t>(from.number("partMiB", static_cast<std::int64_t>(out.part_bytes) / mib, 5, 1'024) * mib);
  return out;
}

}  // namespace waybill::storage
