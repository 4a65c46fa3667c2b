// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config.hpp"
#include "config_reader.hpp"

namespace waybill::email {

/// Reads the member "provider" of a configuration and reports its faults.
void read_provider(const config_reader& from, config& into);

}  // namespace waybill::email
