// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#include <system_error>

#include <openssl/ssl.h>

namespace waybill::email {
namespace {

using asio::ssl::context;

/// Read once: some hundred certificates, a megabyte and ten milliseconds.
[[nodiscard]] X509_STORE* system_store() {
  static X509_STORE* const store = [] {
    auto* const made = X509_STORE_new();
    if (made != nullptr) X509_STORE_set_default_paths(made);
    return made;
  }();
  return store;
}

}  // namespace

std::shared_ptr<context> make_tls_context(const transfer::tls_options& options) {
  std::error_code error;
  auto out = std::make_shared<context>(context::tls_client);
  SSL_CTX_set_min_proto_version(out->native_handle(), TLS1_2_VERSION);
  out->set_verify_mode(asio::ssl::verify_peer, error);
  if (options.ca_pem.empty()) {
    if (system_store() == nullptr) return nullptr;
    SSL_CTX_set1_cert_store(out->native_handle(), system_store());
  } else {
    out->add_certificate_authority(asio::buffer(options.ca_pem), error);
  }
  if (error || options.client_certificate_pem.empty()) return error ? nullptr : out;
  // Always set: OpenSSL would else ask a terminal.
  out->set_password_callback(
      [password = options.client_key_password](std::size_t, context::password_purpose) { return password; }, error);
  if (!error) out->use_certificate_chain(asio::buffer(options.client_certificate_pem), error);
  if (!error) out->use_private_key(asio::buffer(options.client_key_pem), context::pem, error);
  return error ? nullptr : out;
}

}  // namespace waybill::email
