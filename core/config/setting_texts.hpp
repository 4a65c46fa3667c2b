// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

/// What is wrong with the text of a setting, as a sentence that does not quote it; nothing if it is right.
namespace waybill::core::setting_texts {

[[nodiscard]] std::optional<std::string> folder(const std::string& text);      ///< not empty
[[nodiscard]] std::optional<std::string> listen(const std::string& text);      ///< ADDRESS:PORT, [V6]:PORT
[[nodiscard]] std::optional<std::string> public_url(const std::string& text);  ///< empty, or http(s)://host[:port][/path]
[[nodiscard]] std::optional<std::string> store_url(const std::string& text);   ///< empty, sqlite://PATH or postgresql://…
[[nodiscard]] std::optional<std::string> tls_mode(const std::string& text);    ///< empty, or libpq's sslmode
[[nodiscard]] std::optional<std::string> range(const std::string& text);       ///< CIDR
[[nodiscard]] std::optional<std::string> forwarded_header(const std::string& text);
[[nodiscard]] std::optional<std::string> master_key(const std::string& text);  ///< empty, or 32 bytes in hex or base64
[[nodiscard]] std::optional<std::string> log_level(const std::string& text);
[[nodiscard]] std::optional<std::string> log_format(const std::string& text);

}  // namespace waybill::core::setting_texts
