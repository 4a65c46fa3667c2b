// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/config/config.hpp"
#include "core/store/store_settings.hpp"

namespace waybill::node {

/// The URL of the store that the settings name, or of the one in the data folder.
[[nodiscard]] std::string store_url(const core::config& settings);
[[nodiscard]] core::server_settings store_server(const core::config& settings);

}  // namespace waybill::node
