// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <waybill/host_gate.hpp>
#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/record.hpp>

#include "config.hpp"
#include "store_client.hpp"
#include "upload_ledger.hpp"

namespace waybill::storage {

/// What every client is given: all that does not depend on the provider.
struct client_environment {
  std::shared_ptr<sdk::host_gate> host;
  connection_settings connection;
  std::shared_ptr<upload_ledger> uploads;
  retention_settings retention;

  /// How connections are made: TLS, proxy, guard, time limit; without URL, method and headers of its own, HTTP/1.1.
  [[nodiscard]] transfer::endpoint_options way() const;
};

/// The client of the configured provider.
[[nodiscard]] std::shared_ptr<store_client> make_client(const provider_settings& settings, client_environment with);

}  // namespace waybill::storage
