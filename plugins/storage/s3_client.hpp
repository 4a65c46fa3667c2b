// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "client_environment.hpp"
#include "s3_config.hpp"

namespace waybill::storage {

/// A bucket of S3 or of what speaks like it.
[[nodiscard]] std::shared_ptr<store_client> make_s3_client(const s3_settings& settings, client_environment with);

}  // namespace waybill::storage
