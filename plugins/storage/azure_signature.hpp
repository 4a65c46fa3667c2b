// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <waybill/transfer/header_list.hpp>

#include "object.hpp"

namespace waybill::storage {

/// What Shared Key signs of a request
/// (https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, version 2015-02-21 and later).
struct azure_signed_request {
  std::string_view method;
  std::string_view path;     ///< encoded, from the first "/" of the URL on, without the query
  const name_values& query;  ///< decoded, names in lower case
  const transfer::header_list& headers;
  std::uint64_t content_length = 0;
};

/// The text under the signature.
[[nodiscard]] std::string azure_string_to_sign(const std::string& account, const azure_signed_request& what);
/// The value of Authorization. `key`: decoded.
[[nodiscard]] std::string azure_authorization(const std::string& account, std::string_view key,
                                              const azure_signed_request& what);

}  // namespace waybill::storage
