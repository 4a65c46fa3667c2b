// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/store.hpp"

namespace waybill::core::postgres {

[[nodiscard]] inline tl::unexpected<error> not_in_this_engine() {
  return fail(error_code::internal_error, "not available with PostgreSQL");
}

// clang-format off
/// Calls whose PostgreSQL half is still missing; whoever ports one takes it away here and delegates it in sessions.cpp.
template <class Session>
class unported_reads : public Session {
public:
  result<legal_hold> get_hold(organization_id, hold_id) override { return not_in_this_engine(); }
  result<page<legal_hold>> list_holds(organization_id, const page_request&) override { return not_in_this_engine(); }
  result<std::vector<legal_hold>> all_holds(organization_id) override { return not_in_this_engine(); }
  result<retention_candidates> retention_candidates_of(const retention_range&, std::uint32_t) override { return not_in_this_engine(); }
  result<erasure> get_erasure(erasure_id) override { return not_in_this_engine(); }
  result<page<erasure>> list_erasures(organization_id, const page_request&) override { return not_in_this_engine(); }
  result<std::vector<erasure>> unfinished_erasures() override { return not_in_this_engine(); }
  result<std::vector<delivery_id>> erasure_candidates(const erasure&, std::uint32_t) override { return not_in_this_engine(); }
  result<std::optional<legal_hold>> hold_against(erasure&, std::uint32_t) override { return not_in_this_engine(); }
  result<page<audit_row>> list_audit(organization_id, const audit_filter&, const page_request&) override { return not_in_this_engine(); }
  result<std::vector<audit_row>> audit_rows(organization_id, std::uint64_t, std::uint32_t) override { return not_in_this_engine(); }
  result<audit_chain_state> audit_chain(organization_id) override { return not_in_this_engine(); }
  result<std::vector<organization_id>> audit_chains_with_rows_before(utc_time) override { return not_in_this_engine(); }
  result<std::vector<destination_backlog>> backlog(utc_time) override { return not_in_this_engine(); }
};

template <class Session>
class unported_writes : public Session {
public:
  using Session::Session;
  result<void> append_audit(const std::vector<audit_entry>&) override { return not_in_this_engine(); }
  result<std::uint64_t> trim_audit(organization_id, utc_time, std::uint32_t) override { return not_in_this_engine(); }
  result<void> place_hold(const legal_hold&) override { return not_in_this_engine(); }
  result<legal_hold> release_hold(organization_id, hold_id) override { return not_in_this_engine(); }
  result<void> create_erasure(const erasure&) override { return not_in_this_engine(); }
  result<void> update_erasure(const erasure&) override { return not_in_this_engine(); }
  result<erasure_step> erase_organization_rows(erasure_id, std::uint32_t) override { return not_in_this_engine(); }
  result<retention_step> apply_retention(const retention_range&, const std::vector<delivery_id>&, utc_time, milliseconds) override { return not_in_this_engine(); }
  result<erasure_step> erase_deliveries(erasure_id, const std::vector<delivery_id>&, utc_time, milliseconds) override { return not_in_this_engine(); }
};
// clang-format on

}  // namespace waybill::core::postgres
