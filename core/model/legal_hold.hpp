// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/delivery.hpp"

namespace waybill::core {

/// What a legal hold or an erasure can name.
enum class data_scope : std::uint8_t { organization = 1, correlation_id, tag, delivery, destination };
[[nodiscard]] std::string_view to_string(data_scope scope);
[[nodiscard]] std::optional<data_scope> data_scope_from(std::string_view text);

/// Says that something must be kept: retention leaves it alone and an erasure of it is refused, until the hold is released.
struct legal_hold {
  hold_id id;
  organization_id organization;
  data_scope scope = data_scope::organization;
  std::string value;  ///< the correlation id, the tag, or an id in its text form; empty for the organization
  std::string reason;
  key_id placed_by;
  utc_time placed_at{};
};

/// The first of `holds` (all of one organization) that covers a delivery with these destinations.
[[nodiscard]] const legal_hold* find_hold(const std::vector<legal_hold>& holds, const delivery& of,
                                          const std::vector<destination_id>& destinations);
/// The one on the whole organization.
[[nodiscard]] const legal_hold* find_organization_hold(const std::vector<legal_hold>& holds);

}  // namespace waybill::core
