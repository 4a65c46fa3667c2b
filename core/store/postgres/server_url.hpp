// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/store/postgres/connection.hpp"
#include "core/store/store_settings.hpp"

namespace waybill::core::postgres {

[[nodiscard]] bool is_server_url(std::string_view url);

/// The parameters of a connection. Settings go before what the URL says, the URL before the defaults: the primary among
/// several hosts, TLS where the server offers it, a dead server found out within seconds. A password comes from the file, or
/// the URL, or what libpq looks at by itself (PGPASSWORD, ~/.pgpass). validation_error names the setting and repeats nothing
/// of the URL.
[[nodiscard]] result<connection_settings> connection_settings_of(std::string_view url, const server_settings& settings);

}  // namespace waybill::core::postgres
