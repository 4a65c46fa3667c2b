// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/model/error.hpp"

namespace waybill::api {

/// The sha-256 of a Content-Digest or Repr-Digest field (RFC 9530: a dictionary of RFC 8941 whose values are byte sequences);
/// nothing if the field names other algorithms only. validation_error that names `field` for what is no such dictionary.
[[nodiscard]] core::result<std::optional<core::sha256_digest>> parse_digest_field(std::string_view field,
                                                                                  std::string_view value);

}  // namespace waybill::api
