// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace waybill::api {

/// The value of Content-Disposition for content that is to be saved under a name (RFC 6266): the name in plain ASCII for old
/// clients, and whole in the extended notation (RFC 8187) where it is not. Of a path only the last part counts, and no name
/// can end the value, start a header or leave the folder it is saved to.
[[nodiscard]] std::string attachment_named(std::string_view filename);

}  // namespace waybill::api
