// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "content_sources.hpp"
#include "mail.hpp"

namespace waybill::email {

/// Whether Bcc stands in the message: where there is no envelope that could carry it.
enum class bcc_header : std::uint8_t { leave_out = 1, write };

/// The message of a mail (RFC 5322, RFC 2045), without the attachment's content: what comes before and after it. ASCII with
/// CRLF throughout: texts are quoted-printable, headers folded and encoded (RFC 2047, RFC 2231). The same bytes at every
/// attempt. Nothing, and why, if the library finds it impossible.
struct mime_frame {
  std::string before;
  std::string after;  ///< empty if there is no attachment
};
[[nodiscard]] std::optional<mime_frame> make_mime(const mail& what, bcc_header bcc, std::string& why);

/// The whole message, with the content in base64.
[[nodiscard]] source_ptr mime_source(mime_frame frame, source_ptr content);

}  // namespace waybill::email
