// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <waybill/transfer/sigv4.hpp>

namespace waybill::storage {

class config_reader;

enum class s3_credentials_kind : std::uint8_t { access_key = 1, assume_role, web_identity, container_role, instance_role };
enum class s3_encryption : std::uint8_t { none = 1, aes256, kms, kms_dsse };
enum class s3_checksum : std::uint8_t { none = 1, sha256 };

/// Where a request's credentials come from.
struct s3_credentials {
  s3_credentials_kind kind = s3_credentials_kind::access_key;
  transfer::aws_credentials key;  ///< access_key; assume_role: who assumes
  std::string role_arn;           ///< assume_role, web_identity
  std::string external_id;        ///< assume_role
  std::string session_name;
  std::int64_t session_seconds = 3'600;
  std::string web_identity_token;  ///< empty: from the file that AWS_WEB_IDENTITY_TOKEN_FILE names
  std::string sts_endpoint;        ///< base URL; empty: the region's
  std::string metadata_endpoint;   ///< base URL of instance_role; URL of container_role
  std::string metadata_token;      ///< container_role: Authorization
};

/// `config` of the provider `s3`.
struct s3_settings {
  std::string bucket;
  std::string region = "us-east-1";
  std::string endpoint;  ///< base URL; empty: Amazon's of the region
  bool path_style = false;
  s3_credentials credentials;
  s3_encryption encryption = s3_encryption::none;
  std::string kms_key_id;
  bool bucket_key = false;
  std::string storage_class;
  std::string acl;
  s3_checksum checksum = s3_checksum::sha256;
  std::uint64_t part_bytes = std::uint64_t{8} * 1'048'576;
  std::string bucket_owner;  ///< account that must own the bucket
};

[[nodiscard]] s3_settings read_s3(const config_reader& from);

}  // namespace waybill::storage
