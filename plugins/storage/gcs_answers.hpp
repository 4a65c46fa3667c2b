// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http_verdict.hpp"
#include "store_client.hpp"

namespace waybill::storage {

// What Google's Cloud Storage answers, in JSON. Each reads bytes from outside and gives nothing for what it does not
// understand.

/// {"error": {"message", "errors": [{"reason"}]}}: the reason as code. Empty if it is none. Upload URLs answer in plain text.
[[nodiscard]] service_error read_gcs_error(std::string_view body);

/// What an object's resource says of it.
struct gcs_object {
  stored_object object;
  std::string md5;  ///< base64; empty of composed objects
};
[[nodiscard]] std::optional<gcs_object> read_gcs_object(std::string_view body);

/// Of a listing with fields nextPageToken and items.
[[nodiscard]] std::optional<listing> read_gcs_objects(std::string_view body);

/// How many bytes of an upload are there, from the Range of an answer 308 ("bytes=0-42"): 0 without one; nothing if it is
/// none of this shape.
[[nodiscard]] std::optional<std::uint64_t> read_gcs_range(std::string_view header);

}  // namespace waybill::storage
