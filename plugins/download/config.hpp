// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <waybill/handler.hpp>

namespace waybill::download {

/// What the schema cannot say: addresses that are none, a password that is missing or not asked for, a base URL that is more
/// than one. Every fault.
void check_config(std::string_view config, sdk::fault_sink& faults);

/// A range as CIDR text: an address, v4 or v6, with a prefix length that fits it and no bits beyond that.
[[nodiscard]] bool is_range(const std::string& text);

}  // namespace waybill::download
