// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "client_environment.hpp"
#include "local_config.hpp"

namespace waybill::storage {

/// A folder of the node's own file system.
[[nodiscard]] std::shared_ptr<store_client> make_local_client(const local_settings& settings, client_environment with);

}  // namespace waybill::storage
