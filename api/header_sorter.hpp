// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "api/http_request.hpp"

namespace waybill::api {

/// Sorts header fields that come by name into those the API reads. The views it is given must outlive the headers.
class header_sorter {
public:
  explicit header_sorter(request_headers& out) : out_(out) {}
  void take(std::string_view name, std::string_view value);

private:
  void once(std::string_view& to, std::string_view value);

  request_headers& out_;
};

}  // namespace waybill::api
