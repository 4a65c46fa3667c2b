// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "azure_config.hpp"
#include "client_environment.hpp"

namespace waybill::storage {

/// A container of Azure's Blob service.
[[nodiscard]] std::shared_ptr<store_client> make_azure_client(const azure_settings& settings, client_environment with);

}  // namespace waybill::storage
