// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/audit.hpp"
#include "core/model/error.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

struct audit_filter {
  std::optional<utc_time> from;  ///< at >= from
  std::optional<utc_time> to;    ///< at < to
  std::optional<key_id> actor;
  std::string action;
  std::string subject;
};

/// Part of read_session. A chain is named by its organization, or `engine_chain`.
class audit_reads {
public:
  virtual ~audit_reads() = default;
  /// Newest first.
  virtual result<page<audit_row>> list_audit(organization_id chain, const audit_filter&, const page_request&) = 0;
  /// Rows after `number`, oldest first: for verifying.
  virtual result<std::vector<audit_row>> audit_rows(organization_id chain, std::uint64_t number, std::uint32_t limit) = 0;
  virtual result<audit_chain_state> audit_chain(organization_id chain) = 0;  ///< zeros for one without a row
  /// Chains whose first row is older than this.
  virtual result<std::vector<organization_id>> audit_chains_with_rows_before(utc_time before) = 0;
};

/// Part of write_session.
class audit_writes {
public:
  virtual ~audit_writes() = default;
  /// Each at the end of its chain, in order, in the transaction of what it tells of.
  virtual result<void> append_audit(const std::vector<audit_entry>& entries) = 0;
  /// Moves the anchor over at most `limit` rows from before that time, and removes them. Returns how many.
  virtual result<std::uint64_t> trim_audit(organization_id chain, utc_time before, std::uint32_t limit) = 0;
};

}  // namespace waybill::core
