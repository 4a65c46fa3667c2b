// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <waybill/handler.hpp>
#include <waybill/transfer/endpoint.hpp>

#include "azure_config.hpp"
#include "gcs_config.hpp"
#include "local_config.hpp"
#include "s3_config.hpp"
#include "text_template.hpp"

namespace waybill::storage {

/// How long objects stay. `days` alone is only noted beside each object.
struct retention_settings {
  std::int64_t days = 0;  ///< 0: for ever
  bool auto_cleanup = false;
};

/// How any connection for this destination is made, whatever the provider.
struct connection_settings {
  std::chrono::milliseconds timeout{60'000};
  std::chrono::milliseconds connect_timeout{10'000};
  transfer::tls_options tls;
  transfer::proxy_options proxy;
};

using named_templates = std::vector<std::pair<std::string, text_template>>;

/// One alternative a provider. Each is read by its own `read_<provider>` from the member `config`.
using provider_settings = std::variant<s3_settings, azure_settings, gcs_settings, local_settings>;

/// A destination's configuration: schema.json, read. Secrets in clear: it never leaves the plugin.
struct config {
  provider_settings provider;
  text_template key;        ///< path and file name of one delivery's object
  text_template batch_key;  ///< of the object of a batch
  named_templates metadata;
  named_templates tags;
  retention_settings retention;
  connection_settings connection;
};

/// Reads a configuration and reports every fault that a schema cannot see (and a value of a wrong type, in case no schema
/// looked). Nothing if there was a fault. Pure.
[[nodiscard]] std::optional<config> parse_config(std::string_view json, sdk::fault_sink& faults);

}  // namespace waybill::storage
