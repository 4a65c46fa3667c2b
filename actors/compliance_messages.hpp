// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/policy/retention_pass.hpp"
#include "core/store/compliance_store.hpp"

/// What the actors of retention and erasure are told. All of it stays inside one process.
namespace waybill::actors {

// ---- to retention

/// What a pass is about, as a reader found it: every organization's settings, and the chains with rows past their time.
struct pass_planned {
  bool ok = false;
  std::vector<core::retention_pass::plan> plans;
  std::vector<std::pair<core::organization_id, core::utc_time>> chains;
};
struct candidates_found {
  std::shared_ptr<core::result<core::retention_candidates>> answer;
};
struct retention_stepped {
  std::optional<core::retention_step> done;  ///< nothing: it failed
  core::milliseconds took{0};
};
struct audit_trimmed {
  std::optional<std::uint64_t> rows;
};
struct retention_due {
  std::uint64_t generation = 0;
};

// ---- to erasure

/// There is a new one, or this node has just begun.
struct erasures_waiting {};
struct erasures_found {
  bool ok = false;
  std::vector<core::erasure> unfinished;
};
struct erasure_candidates_found {
  std::shared_ptr<core::result<std::vector<core::delivery_id>>> answer;
};
struct erasure_stepped {
  std::shared_ptr<core::result<core::erasure_step>> answer;
};
struct payloads_swept {
  core::result<bool> more = false;
};
struct store_compacted {
  core::result<bool> done = false;
};
struct erasure_ended {
  core::result<void> written;
};
struct erasure_due {
  std::uint64_t generation = 0;
};

}  // namespace waybill::actors

#define WAYBILL_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(waybill::actors::type)
WAYBILL_LOCAL_MESSAGE(pass_planned)
WAYBILL_LOCAL_MESSAGE(candidates_found)
WAYBILL_LOCAL_MESSAGE(retention_stepped)
WAYBILL_LOCAL_MESSAGE(audit_trimmed)
WAYBILL_LOCAL_MESSAGE(retention_due)
WAYBILL_LOCAL_MESSAGE(erasures_waiting)
WAYBILL_LOCAL_MESSAGE(erasures_found)
WAYBILL_LOCAL_MESSAGE(erasure_candidates_found)
WAYBILL_LOCAL_MESSAGE(erasure_stepped)
WAYBILL_LOCAL_MESSAGE(payloads_swept)
WAYBILL_LOCAL_MESSAGE(store_compacted)
WAYBILL_LOCAL_MESSAGE(erasure_ended)
WAYBILL_LOCAL_MESSAGE(erasure_due)
#undef WAYBILL_LOCAL_MESSAGE
