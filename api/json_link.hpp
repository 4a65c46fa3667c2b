// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/download_service.hpp"
#include "core/model/time.hpp"

namespace waybill::api {

/// Download links and their log as their owners see them (openapi.yaml: DownloadLink, DownloadAccess). JSON text.
[[nodiscard]] std::string link_text(const core::shown_link& shown, core::utc_time now, std::string_view base_url);
[[nodiscard]] std::string issued_password_text(const core::issued_password& issued, core::utc_time now,
                                               std::string_view base_url);
[[nodiscard]] std::string access_text(const core::link_access& line);

}  // namespace waybill::api
