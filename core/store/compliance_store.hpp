// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/audit_store.hpp"
#include "core/store/erasure_store.hpp"
#include "core/store/hold_store.hpp"
#include "core/store/retention_store.hpp"

namespace waybill::core {

/// What a compliance officer asks of a store: what happened, what must be kept, what must go.
class compliance_reads : public audit_reads, public hold_reads, public retention_reads, public erasure_reads {};
class compliance_writes : public audit_writes, public hold_writes, public retention_writes, public erasure_writes {};

}  // namespace waybill::core
