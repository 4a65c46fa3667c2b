// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace waybill::api {

/// api/openapi.yaml as JSON, and as a page to read. Made from it at build time by embed_openapi.py.
[[nodiscard]] std::string_view openapi_json();
[[nodiscard]] std::string_view docs_html();

}  // namespace waybill::api
