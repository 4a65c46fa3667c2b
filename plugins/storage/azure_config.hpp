// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace waybill::storage {

class config_reader;

enum class azure_credentials_kind : std::uint8_t { shared_key = 1, sas, service_principal, managed_identity };

struct azure_credentials {
  azure_credentials_kind kind = azure_credentials_kind::shared_key;
  std::string account_key;  ///< shared_key: decoded
  std::string account_key_text;
  std::string sas_token;  ///< sas: a query, without "?"
  std::string tenant_id;  ///< service_principal
  std::string client_id;  ///< service_principal; managed_identity: empty for the machine's own
  std::string client_secret;
  std::string certificate_pem;  ///< in place of the secret
  std::string key_pem;
  std::string authority;          ///< service_principal: base URL of the token service
  std::string metadata_endpoint;  ///< managed_identity: base URL; empty: the machine's own
};

/// `config` of the provider `azure`.
struct azure_settings {
  std::string account;
  std::string container;
  std::string endpoint;  ///< base URL of the account; empty: Azure's own
  azure_credentials credentials;
  std::string access_tier;
  std::string encryption_scope;
  std::uint64_t block_bytes = std::uint64_t{8} * 1'048'576;
};

[[nodiscard]] azure_settings read_azure(const config_reader& from);

}  // namespace waybill::storage
