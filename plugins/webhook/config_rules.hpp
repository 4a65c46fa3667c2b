// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config.hpp"

namespace waybill::webhook {

enum class url_kind : std::uint8_t { http = 1, proxy };

/// A name as a reference token of a JSON Pointer (RFC 6901).
[[nodiscard]] std::string escape_pointer(std::string_view name);

// Each reports every fault of one value under `pointer`, and never quotes it: it may be a secret.
void check_url(const std::string& pointer, const std::string& url, url_kind kind, sdk::fault_sink& faults);
/// Not a name that the plugin or HTTP itself sets, and nothing that could end the line.
void check_header(const std::string& pointer, std::string_view name, std::string_view value, sdk::fault_sink& faults);
void check_basic(const std::string& pointer, std::string_view username, sdk::fault_sink& faults);
void check_jwt_key(const std::string& pointer, const transfer::jwt_settings& jwt, sdk::fault_sink& faults);
void check_tls(const std::string& pointer, const transfer::tls_options& tls, sdk::fault_sink& faults);

}  // namespace waybill::webhook
