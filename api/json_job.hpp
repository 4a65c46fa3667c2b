// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "api/json_delivery.hpp"
#include "core/service.hpp"

namespace waybill::api {

/// Jobs and what they would find, as clients see them (openapi.yaml: Job, DeadLetterPreview). JSON text.
[[nodiscard]] std::string job_text(const core::job& j, audience reader, std::string_view base_url);
[[nodiscard]] std::string preview_text(const core::dead_letter_preview& preview, std::string_view base_url);

}  // namespace waybill::api
