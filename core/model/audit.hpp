// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// The chain of what happens to the engine itself. Every organization has a chain of its own beside it, so that its auditor
/// can verify it without seeing a row of anybody else.
inline constexpr organization_id engine_chain{};

/// Something that was done, on its way into the audit trail. Never holds a secret, a payload's content, or what an erasure
/// was asked to forget: rows are for ever until `retention.auditDays`.
struct audit_entry {
  organization_id chain = engine_chain;
  utc_time at{};
  std::optional<key_id> actor;  ///< the API key; nothing: the engine itself
  std::string action;           ///< "destination.created": what, then what was done to it
  std::string subject;          ///< an id in its text form, or empty
  std::string details = "{}";   ///< a JSON object; kept and hashed byte for byte
};

/// A row of the trail. `number` counts up from 1 in its chain, without gaps.
struct audit_row {
  audit_entry entry;
  std::uint64_t number = 0;
  audit_id id;
  sha256_digest previous_hash{};  ///< of row number - 1; zeros for the first
  sha256_digest hash{};
};

/// Where a chain begins and ends: what is before the anchor went with retention.
struct audit_chain_state {
  std::uint64_t anchor_number = 0;
  sha256_digest anchor_hash{};
  std::uint64_t last_number = 0;
  sha256_digest last_hash{};
};

}  // namespace waybill::core
