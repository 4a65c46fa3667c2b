// SPDX-License-Identifier: Apache-2.0
#include "azure_config.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <waybill/transfer/header_list.hpp>
#include <waybill/transfer/json_text.hpp>
#include <waybill/transfer/jwt.hpp>

#include "config_reader.hpp"

namespace waybill::storage {
namespace {

constexpr std::int64_t mib = 1'048'576;
constexpr const char* own_authority = "https://login.microsoftonline.com";

constexpr std::array<std::pair<std::string_view, azure_credentials_kind>, 4> kinds{
    {{"sharedKey", azure_credentials_kind::shared_key},
     {"sas", azure_credentials_kind::sas},
     {"servicePrincipal", azure_credentials_kind::service_principal},
     {"managedIdentity", azure_credentials_kind::managed_identity}}};
constexpr std::array<std::pair<std::string_view, int>, 4> tiers{{{"Hot", 1}, {"Cool", 2}, {"Cold", 3}, {"Archive", 4}}};

[[nodiscard]] bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

[[nodiscard]] bool is_name(std::string_view text, std::string_view further) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || further.find(c) != std::string_view::npos;
  });
}

// https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
void check_names(const config_reader& from, const azure_settings& s) {
  const bool account_fits =
      s.account.size() >= 3 && s.account.size() <= 24 && std::all_of(s.account.begin(), s.account.end(), &is_lower_or_digit);
  if (!s.account.empty() && !account_fits)
    from.fault("account", "name", "is not the name of a storage account: 3 to 24 lower case letters and digits");
  const auto& name = s.container;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; }) &&
                     name.size() >= 3 && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
                     name.find("--") == std::string::npos;
  if (!name.empty() && !plain && name != "$web" && name != "$root")
    from.fault("container", "name",
               "is not the name of a container: 3 to 63 lower case letters, digits and single hyphens, $web or $root");
}

void read_shared_key(const config_reader& from, azure_credentials& into) {
  from.required("accountKey", into.account_key_text);
  if (into.account_key_text.empty()) return;
  auto key = transfer::from_base64(into.account_key_text);
  if (!key || key->empty()) return from.fault("accountKey", "base64", "is not an account key: it must be base64");
  into.account_key = std::move(*key);
}

void read_sas(const config_reader& from, azure_credentials& into) {
  from.required("token", into.sas_token);
  auto& token = into.sas_token;
  if (!token.empty() && token.front() == '?') token.erase(0, 1);
  if (token.empty()) return;
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
  if (!plain || token.find("://") != std::string::npos)
    return from.fault("token", "query", "must be the token alone, as a query: sv=…&sig=…");
  const auto has = [&](std::string_view name) {
    return token.rfind(name, 0) == 0 || token.find("&" + std::string{name}) != std::string::npos;
  };
  if (!has("sig=")) from.fault("token", "signature", "has no sig: it is not a shared access signature");
  if (!has("sp=") && !has("si=")) from.fault("token", "permissions", "has neither permissions (sp) nor a policy (si)");
}

void read_certificate(const config_reader& from, azure_credentials& into) {
  from.text("clientCertificatePem", into.certificate_pem);
  from.text("clientKeyPem", into.key_pem);
  if (into.certificate_pem.empty() && into.key_pem.empty()) return;
  if (!into.client_secret.empty())
    return from.fault("clientCertificatePem", "duplicate", "stands beside clientSecret: only one of the two");
  if (into.certificate_pem.empty()) return from.fault("clientCertificatePem", "required", "the client key has no certificate");
  if (into.key_pem.empty()) return from.fault("clientKeyPem", "required", "the client certificate has no key");
  const bool has_certificate = transfer::count_certificates(into.certificate_pem) > 0;
  if (!has_certificate) from.fault("clientCertificatePem", "pem", "holds no certificate in PEM");
  transfer::jwt_settings assertion;
  assertion.algorithm = "RS256";
  assertion.key = into.key_pem;
  const auto why = transfer::jwt_signer::why_unusable(assertion);
  if (!why.empty()) return from.fault("clientKeyPem", "key", why);
  const auto key = transfer::read_private_key(into.key_pem);
  if (has_certificate && !transfer::belongs_to(*key, into.certificate_pem))
    from.fault("clientKeyPem", "mismatch", "is not the key of the client certificate");
}

void read_service_principal(const config_reader& from, azure_credentials& into) {
  from.required("tenantId", into.tenant_id);
  from.required("clientId", into.client_id);
  from.text("clientSecret", into.client_secret);
  read_certificate(from, into);
  if (into.client_secret.empty() && into.certificate_pem.empty() && into.key_pem.empty())
    from.fault("clientSecret", "required", "needs a secret, or a certificate with its key");
  if (!into.tenant_id.empty() && !is_name(into.tenant_id, "-."))
    from.fault("tenantId", "name", "is not a tenant: its id or one of its domains");
  into.authority = own_authority;
  from.base_url("authority", into.authority);
}

void read_credentials(const config_reader& from, azure_credentials& into) {
  from.choice("type", kinds, into.kind);
  switch (into.kind) {
    case azure_credentials_kind::shared_key:
      return read_shared_key(from, into);
    case azure_credentials_kind::sas:
      return read_sas(from, into);
    case azure_credentials_kind::service_principal:
      return read_service_principal(from, into);
    case azure_credentials_kind::managed_identity:
      from.text("clientId", into.client_id);
      return from.base_url("endpoint", into.metadata_endpoint);
  }
}

}  // namespace

azure_settings read_azure(const config_reader& from) {
  azure_settings out;
  from.required("account", out.account);
  from.required("container", out.container);
  check_names(from, out);
  from.base_url("endpoint", out.endpoint);
  if (const auto credentials = from.object("credentials"))
    read_credentials(*credentials, out.credentials);
  else
    from.fault("credentials", "required", "is required");
  int tier = 0;
  from.choice("accessTier", tiers, tier);
  if (tier != 0) from.text("accessTier", out.access_tier);
  from.text("encryptionScope", out.encryption_scope);
  if (!out.encryption_scope.empty() && !is_name(out.encryption_scope, "-"))
    from.fault("encryptionScope", "name", "is not the name of an encryption scope: letters, digits and hyphens");
  out.block_bytes =
      static_cast<std::uint64_t>(from.number("blockMiB", static_cast<std::int64_t>(out.block_bytes) / mib, 1, 4'000) * mib);
  return out;
}

}  // namespace waybill::storage
