// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace waybill::storage {

class config_reader;

enum class gcs_credentials_kind : std::uint8_t { service_account = 1, metadata_server };

struct gcs_credentials {
  gcs_credentials_kind kind = gcs_credentials_kind::service_account;
  // service_account: what the key file says.
  std::string client_email;
  std::string private_key;
  std::string private_key_id;
  std::string token_url;
  // metadata_server.
  std::string account = "default";  ///< one of the machine's service accounts
  std::string metadata_endpoint;    ///< base URL; empty: the machine's own
};

/// `config` of the provider `gcs`.
struct gcs_settings {
  std::string bucket;
  std::string endpoint;  ///< base URL; empty: Google's own
  gcs_credentials credentials;
  std::string storage_class;
  std::string predefined_acl;
  std::string kms_key;
  std::string user_project;  ///< that pays for requests
};

[[nodiscard]] gcs_settings read_gcs(const config_reader& from);

}  // namespace waybill::storage
