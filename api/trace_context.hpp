// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace waybill::api {

/// A `traceparent` of the W3C Trace Context recommendation, section 3.2: version, trace id, parent id and flags in lower-case
/// hexadecimal, neither id all zero, version not ff. A version above 00 may carry more fields.
[[nodiscard]] bool is_traceparent(std::string_view text);
/// The client's traceparent if it is one; otherwise a trace begins here, with a new one, not sampled.
[[nodiscard]] std::string traceparent_from(std::string_view sent);

/// The client's X-Request-Id if it is one (1 to 128 of letters, digits and . _ - : / + = @), otherwise a new one, "req_…".
[[nodiscard]] std::string request_id_from(std::string_view sent);

}  // namespace waybill::api
