// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "api/json_input.hpp"
#include "core/compliance_service.hpp"

namespace waybill::api {

/// The audit trail, legal holds and erasures as clients see them (openapi.yaml: AuditRow, AuditVerification, LegalHold,
/// Erasure). JSON text.
[[nodiscard]] std::string audit_row_text(const core::audit_row& row);
[[nodiscard]] std::string verification_text(const core::audit_verification& v);
[[nodiscard]] std::string hold_text(const core::legal_hold& hold);
/// Never names what is erased: the answer may be kept where the erasure does not reach.
[[nodiscard]] std::string erasure_text(const core::erasure& e, std::string_view base_url);

enum class scope_body { hold, erasure };
[[nodiscard]] core::scope_input read_scope(object_input& body, scope_body kind);

}  // namespace waybill::api
