// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <waybill/delivery.hpp>

namespace waybill::storage {

/// `application/json`, `text/json` or a type with the suffix `+json`; parameters and case do not matter.
[[nodiscard]] bool is_json(std::string_view content_type);

/// Appends a delivery, whose content is in memory, as one line of a batch's object:
///   {"id","taskId","idempotencyKey","type","timestamp","data":<content>,"metadata"}
/// JSON content is spliced in as it is, its line ends (which can only stand between values) as spaces: the engine has found
/// it to be JSON when it was accepted. Any other content becomes base64 text, with "dataEncoding":"base64", "contentType" and
/// "filename" beside it. The same bytes at every attempt.
void append_line(std::string& out, const sdk::delivery& what);

}  // namespace waybill::storage
