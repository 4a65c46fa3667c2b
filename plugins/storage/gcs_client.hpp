// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "client_environment.hpp"
#include "gcs_config.hpp"

namespace waybill::storage {

/// A bucket of Google Cloud Storage, by its JSON API.
[[nodiscard]] std::shared_ptr<store_client> make_gcs_client(const gcs_settings& settings, client_environment with);

}  // namespace waybill::storage
