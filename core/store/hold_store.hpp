// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/model/error.hpp"
#include "core/model/legal_hold.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

/// Holds are read as a whole before each batch of retention, so an organization has a bounded number of them.
inline constexpr std::uint32_t most_legal_holds = 1'000;

/// Part of read_session. hold_not_found for a foreign id as for an unknown one.
class hold_reads {
public:
  virtual ~hold_reads() = default;
  virtual result<legal_hold> get_hold(organization_id org, hold_id id) = 0;
  virtual result<page<legal_hold>> list_holds(organization_id org, const page_request&) = 0;
  virtual result<std::vector<legal_hold>> all_holds(organization_id org) = 0;
};

/// Part of write_session.
class hold_writes {
public:
  virtual ~hold_writes() = default;
  /// conflict when the organization has `most_legal_holds` already.
  virtual result<void> place_hold(const legal_hold& hold) = 0;
  virtual result<legal_hold> release_hold(organization_id org, hold_id id) = 0;
};

}  // namespace waybill::core
