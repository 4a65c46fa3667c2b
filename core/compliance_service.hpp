// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/model/audit.hpp"
#include "core/model/caller.hpp"
#include "core/model/erasure.hpp"
#include "core/model/error.hpp"
#include "core/model/legal_hold.hpp"
#include "core/security/audit_chain.hpp"
#include "core/store/audit_store.hpp"

namespace waybill::core {

/// What a hold or an erasure is to be about.
struct scope_input {
  data_scope scope = data_scope::delivery;
  std::string value;  ///< as legal_hold::value; an erasure's organization in its text form
  std::string reason;
};

/// Part of a chain, verified.
struct audit_verification {
  std::uint64_t checked = 0;
  std::optional<audit_fault> fault;
  audit_chain_state chain;
  std::uint64_t reached = 0;  ///< the last row that was looked at; where the next part begins
  bool complete = false;      ///< to the chain's end
};

/// The part of delivery_service that a compliance officer uses. Admins and auditors read the trail, the holds and the
/// erasures of their organization; admins place, release and order. Only the engine's operator key names another chain than
/// its organization's, or erases an organization.
class compliance_service {
public:
  template <class T>
  using answer = std::function<void(result<T>)>;  ///< called exactly once, from any thread

  virtual ~compliance_service() = default;
  /// `chain`: nothing for the caller's own.
  virtual void list_audit(const caller&, std::optional<organization_id> chain, audit_filter, page_request,
                          answer<page<audit_row>>) = 0;
  /// From the row after `reached`; 0: from the chain's anchor. At most some ten thousand rows.
  virtual void verify_audit(const caller&, std::optional<organization_id> chain, std::uint64_t reached,
                            answer<audit_verification>) = 0;

  virtual void place_hold(const caller&, scope_input, answer<legal_hold>) = 0;
  virtual void get_hold(const caller&, hold_id, answer<legal_hold>) = 0;
  virtual void list_holds(const caller&, page_request, answer<page<legal_hold>>) = 0;
  virtual void release_hold(const caller&, hold_id, answer<void>) = 0;

  /// Durable when answered. legal_hold when a hold covers something of it.
  virtual void order_erasure(const caller&, scope_input, answer<erasure>) = 0;
  virtual void get_erasure(const caller&, erasure_id, answer<erasure>) = 0;
  virtual void list_erasures(const caller&, page_request, answer<page<erasure>>) = 0;
};

}  // namespace waybill::core
