// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <asio/ssl/context.hpp>

#include <waybill/transfer/endpoint.hpp>

namespace waybill::email {

/// What TLS connections to a mail server are made with: 1.2 or newer, the chain verified against the configured authorities or
/// the system's, which all destinations share. Nullptr if the certificate or its key cannot be used.
[[nodiscard]] std::shared_ptr<asio::ssl::context> make_tls_context(const transfer::tls_options& options);

}  // namespace waybill::email
