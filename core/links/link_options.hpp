// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/download_link.hpp"
#include "core/model/error.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// What a handler may ask of a link: the options of wb_host.link_create, a JSON object. All of them may be left out.
struct link_options {
  milliseconds lives{72LL * 60 * 60 * 1'000};  ///< expiryHours, also a fraction
  std::uint64_t max_access = 0;                ///< maxAccess; 0: no limit
  std::vector<std::string> allowed_ranges;     ///< allowedIpRanges
  link_password kind = link_password::none;    ///< passwordMode: none, shared, oneTime
  std::string password;                        ///< password, with `shared`
  std::string base_url;                        ///< baseUrl; empty: the node's
};

/// validation_error with every fault, pointers into the object. `most_hours`: the node's limit.
[[nodiscard]] result<link_options> read_link_options(std::string_view json, std::uint32_t most_hours);

/// Of an address as text; true where there are no ranges. False for what is no address.
[[nodiscard]] bool is_in_ranges(const std::vector<std::string>& ranges, std::string_view address);

}  // namespace waybill::core
