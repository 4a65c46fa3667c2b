// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <waybill/transfer/exchange.hpp>

namespace waybill::transfer {

/// What stands in a record in place of a secret.
inline constexpr std::string_view redacted = "[redacted]";
/// A record is never longer: what the host keeps.
inline constexpr std::size_t max_record_bytes = 65'536;

/// Keeps secrets out of texts: knows the values that must not appear. Immutable once a handler is open; any thread.
class redactor {
public:
  /// Values shorter than 4 bytes are not looked for: they would blot out everything.
  void add(std::string_view secret);
  /// True if `text` holds a secret; then `clean` is the text without.
  [[nodiscard]] bool scrub(std::string_view text, std::string& clean, std::string_view further_secret = {}) const;

private:
  std::vector<std::string> secrets_;
};

/// The request as JSON: {"method","url","headers":{},"bodyBytes"}; secret and credential headers redacted. `further`, if
/// not empty, is text of more members, starting with a comma.
[[nodiscard]] std::string request_record(const exchange& what, const redactor& secrets, std::string_view further = {});
/// The answer as JSON: {"status","headers":{},"body" or "bodyBase64","bodyTruncated"}; empty if there was none.
[[nodiscard]] std::string response_record(const outcome& what, const redactor& secrets, std::string_view further_secret = {});

}  // namespace waybill::transfer
