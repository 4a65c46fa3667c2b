// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api/json_input.hpp"
#include "core/service.hpp"

namespace waybill::api {

/// Keys and organizations as clients see and say them (openapi.yaml: ApiKey, Organization).
/// `secret` is there only in the answer that made the key.
[[nodiscard]] std::string key_text(const core::api_key& key, const std::string& secret = {});
[[nodiscard]] core::key_input read_key(object_input& body);

[[nodiscard]] std::string organization_text(const core::organization& organization);
enum class organization_body : std::uint8_t { create = 1, patch };
[[nodiscard]] core::organization_input read_organization(object_input& body, organization_body kind);

}  // namespace waybill::api
