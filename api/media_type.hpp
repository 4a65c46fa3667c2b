// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace waybill::api {

/// RFC 9110 section 8.3.1, parameters unparsed.
[[nodiscard]] bool is_media_type(std::string_view text);

}  // namespace waybill::api
