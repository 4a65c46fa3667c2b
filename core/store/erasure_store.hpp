// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/erasure.hpp"
#include "core/model/error.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

/// What one batch of an erasure did.
struct erasure_step {
  erasure now;                  ///< as it stands after the batch
  std::vector<task> cancelled;  ///< tasks that were waiting: whoever holds them must let go
  bool done = false;            ///< nothing of this kind is left
};

/// Part of read_session.
class erasure_reads {
public:
  virtual ~erasure_reads() = default;
  /// Whoever asks: the caller compares the organization. erasure_not_found.
  virtual result<erasure> get_erasure(erasure_id id) = 0;
  virtual result<page<erasure>> list_erasures(organization_id org, const page_request&) = 0;
  virtual result<std::vector<erasure>> unfinished_erasures() = 0;
  /// The next deliveries it names that were accepted before it was requested, in the order of their ids.
  virtual result<std::vector<delivery_id>> erasure_candidates(const erasure& of, std::uint32_t limit) = 0;
  /// A hold on something that it names, among the first `most` deliveries after its position; moves `position`, which is nil
  /// when all were seen.
  virtual result<std::optional<legal_hold>> hold_against(erasure& of, std::uint32_t most) = 0;
};

/// Part of write_session.
class erasure_writes {
public:
  virtual ~erasure_writes() = default;
  virtual result<void> create_erasure(const erasure& order) = 0;
  /// Cancels what waits of these deliveries and removes everything of them; moves the erasure's position and counts, all or
  /// nothing. What came under a hold meanwhile is left and counted. Stops when `budget` is spent, after one at least.
  virtual result<erasure_step> erase_deliveries(erasure_id id, const std::vector<delivery_id>& ids, utc_time now,
                                                milliseconds budget) = 0;
  /// At most `limit` of an organization's other rows, table by table, in the end the organization itself. The audit trail
  /// and the erasures stay.
  virtual result<erasure_step> erase_organization_rows(erasure_id id, std::uint32_t limit) = 0;
  /// Writes state, selector, finished_at and certificate.
  virtual result<void> update_erasure(const erasure& changed) = 0;
};

}  // namespace waybill::core
