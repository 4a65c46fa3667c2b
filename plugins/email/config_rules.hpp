// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config.hpp"

namespace waybill::email {

enum class url_kind : std::uint8_t { http = 1, proxy };

/// A name as a reference token of a JSON Pointer (RFC 6901).
[[nodiscard]] std::string escape_pointer(std::string_view name);

// Each reports every fault of one value under `pointer`, and never quotes it: it may be a secret.
void check_url(const std::string& pointer, const std::string& url, url_kind kind, sdk::fault_sink& faults);
/// A name or an address to connect to.
void check_host(const std::string& pointer, const std::string& host, sdk::fault_sink& faults);
/// An address, or a template of one, which is looked at when it has been filled in.
void check_recipient(const std::string& pointer, const std::string& text, sdk::fault_sink& faults);
void check_template(const std::string& pointer, const std::string& text, sdk::fault_sink& faults);
/// A header of the mail: not one that the handler or the way of the mail sets.
void check_mail_header(const std::string& pointer, std::string_view name, sdk::fault_sink& faults);
/// A header of a request: not one that HTTP sets, and nothing that could end the line.
void check_request_header(const std::string& pointer, std::string_view name, std::string_view value, sdk::fault_sink& faults);
/// A value that goes into a header or a command as it is: no control characters.
void check_plain(const std::string& pointer, std::string_view value, sdk::fault_sink& faults);
void check_pointer(const std::string& pointer, const std::string& value, sdk::fault_sink& faults);
void check_oauth2(const std::string& pointer, const transfer::oauth2_settings& oauth2, sdk::fault_sink& faults);
void check_tls(const std::string& pointer, const transfer::tls_options& tls, sdk::fault_sink& faults);

}  // namespace waybill::email
