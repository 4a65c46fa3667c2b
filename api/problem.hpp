// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "api/http_response.hpp"
#include "core/model/error.hpp"

namespace waybill::api {

/// The HTTP status of an error (api.md, Conventions).
[[nodiscard]] int status_of(core::error_code code);

/// RFC 9457: type, title, status, detail, code, errors. `internal_error` tells a client nothing of what happened inside.
[[nodiscard]] http_response problem(const core::error& error);
/// The same for what has no code of the domain, such as a request that took too long.
[[nodiscard]] http_response problem(int status, std::string_view code, std::string_view detail);

}  // namespace waybill::api
